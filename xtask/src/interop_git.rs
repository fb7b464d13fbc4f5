//! Whether the managers of git hooks that people use run pkg's hooks: `pre-commit` and
//! `lefthook`, as they are installed from their package registry.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::run;

const PACKAGES: [&str; 2] = ["pre-commit==4.7.0", "lefthook==2.2.2"];

struct Bench<'a> {
    pkg: &'a Path,
    venv: PathBuf,
    work: PathBuf,
    home: PathBuf,
}

/// Runs every check: what was looked at, and whether it held.
pub(crate) fn run(pkg: &Path, root: &Path) -> Result<Vec<(String, bool)>> {
    let venv = root.join("venv-git");
    if !venv.join("bin/lefthook").exists() {
        run::succeed(Command::new("python3").args(["-m", "venv"]).arg(&venv))?;
        let pip = venv.join("bin/pip");
        run::succeed(Command::new(pip).args(["install", "--quiet"]).args(PACKAGES))
            .context("this needs the network")?;
    }
    let work = root.join("git-work");
    if work.exists() {
        fs::remove_dir_all(&work)?;
    }
    let home = work.join("home");
    fs::create_dir_all(&home)?;
    let bench = Bench { pkg, venv, work, home };
    let mut results = Vec::new();
    bench.pre_commit(&mut results)?;
    bench.lefthook(&mut results)?;
    Ok(results)
}

/// A token that nobody issued.
const TOKEN: [&str; 2] = ["hf", "_q7Zp2KfR9sWmT4vBx8NcJd3GhL6yVuEa5K"];

impl Bench<'_> {
    /// Runs a program in a folder, with pkg and the managers on the path, and with nothing
    /// of the caller's own settings. Says whether it succeeded, and what it printed.
    fn try_run(&self, folder: &Path, program: &str, args: &[&str]) -> Result<(bool, String)> {
        let path = std::env::var("PATH")?;
        let own = self.pkg.parent().context("the folder of pkg")?;
        let path = format!("{}:{}:{path}", own.display(), self.venv.join("bin").display());
        let out = Command::new(program)
            .args(args)
            .current_dir(folder)
            .env("PATH", path)
            .env("HOME", &self.home)
            .env("PRE_COMMIT_HOME", self.home.join("pre-commit"))
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .output()
            .with_context(|| format!("{program} starts"))?;
        let text = [out.stdout, out.stderr].concat();
        Ok((out.status.success(), String::from_utf8_lossy(&text).into_owned()))
    }

    fn must(&self, folder: &Path, program: &str, args: &[&str]) -> Result<()> {
        let (ok, text) = self.try_run(folder, program, args)?;
        ensure!(ok, "{program} {args:?}: {text}");
        Ok(())
    }

    fn git(&self, folder: &Path, args: &[&str]) -> Result<(bool, String)> {
        let who = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
        self.try_run(folder, "git", &[&who[..], args].concat())
    }

    fn repository(&self, name: &str) -> Result<PathBuf> {
        let folder = self.work.join(name);
        fs::create_dir_all(&folder)?;
        self.must(&folder, "git", &["init", "--quiet", "--initial-branch=main"])?;
        Ok(folder)
    }

    /// Whether a commit of such a file is let pass.
    fn commit(&self, folder: &Path, text: &str) -> Result<(bool, String)> {
        fs::write(folder.join("card.md"), text)?;
        self.must(folder, "git", &["add", "--all"])?;
        self.git(folder, &["commit", "-m", "m"])
    }

    fn pre_commit(&self, results: &mut Vec<(String, bool)>) -> Result<()> {
        let hooks = self.repository("hooks")?;
        fs::copy(run::root().join(".pre-commit-hooks.yaml"), hooks.join(".pre-commit-hooks.yaml"))?;
        self.must(&hooks, "git", &["add", "--all"])?;
        let (ok, text) = self.git(&hooks, &["commit", "--quiet", "-m", "hooks"])?;
        ensure!(ok, "{text}");
        self.must(&hooks, "git", &["tag", "v1"])?;
        let mut check = |what: &str, ok: bool| results.push((format!("pre-commit: {what}"), ok));

        let folder = self.repository("by-pre-commit")?;
        let config = format!(
            "default_install_hook_types: [pre-commit, pre-push, post-checkout]\nrepos:\n- repo: {}\n  \
             rev: v1\n  hooks:\n  - id: pkg-check\n  - id: pkg-check-files\n  - id: pkg-verify-tag\n  \
             - id: pkg-verify-checkout\n",
            hooks.display()
        );
        fs::write(folder.join(".pre-commit-config.yaml"), config)?;
        self.must(
            &folder,
            "pre-commit",
            &["validate-manifest", "../hooks/.pre-commit-hooks.yaml"],
        )?;
        self.must(&folder, "pre-commit", &["install"])?;
        let (stopped, text) = self.commit(&folder, &format!("use {}\n", TOKEN.concat()))?;
        check("a secret is stopped", !stopped && text.contains("secret-found"));
        let (passed, _) = self.commit(&folder, "clean\n")?;
        check("a clean commit passes", passed);
        let (all, _) = self.try_run(&folder, "pre-commit", &["run", "--all-files"])?;
        check("all files pass", all);
        let (checkout, text) = self.git(&folder, &["checkout", "-b", "other"])?;
        check("a checkout passes", checkout && text.contains("verify what was checked out"));

        // A tag of a commit that the remote does not have; of others, pre-commit runs nothing.
        self.must(&folder, "git", &["init", "--quiet", "--bare", "../remote"])?;
        fs::write(folder.join("pkg.toml"), "")?;
        self.must(&folder, "git", &["add", "--all"])?;
        let (ok, text) = self.git(&folder, &["commit", "--no-verify", "-m", "model"])?;
        ensure!(ok, "{text}");
        self.must(&folder, "git", &["tag", "v1.0"])?;
        let (pushed, text) = self.git(&folder, &["push", "../remote", "v1.0"])?;
        check("a tag without a bundle is stopped", !pushed && text.contains("release-tag-refused"));

        // pkg's own hooks beside those of pre-commit.
        let hook = folder.join(".git/hooks/pre-commit");
        let before = fs::read(&hook)?;
        self.must(&folder, "pkg", &["hook", "install"])?;
        fs::remove_file(folder.join("pkg.toml"))?;
        let (passed, text) = self.commit(&folder, "cleaner\n")?;
        check("its hook is chained", passed && text.contains("pkg check"));
        let (stopped, _) = self.commit(&folder, &format!("use {}\n", TOKEN.concat()))?;
        check("a secret is stopped when chained", !stopped);
        self.must(&folder, "pkg", &["hook", "uninstall"])?;
        check("its hook is put back", fs::read(&hook)? == before);
        Ok(())
    }

    fn lefthook(&self, results: &mut Vec<(String, bool)>) -> Result<()> {
        let mut check = |what: &str, ok: bool| results.push((format!("lefthook: {what}"), ok));
        let folder = self.repository("by-lefthook")?;
        fs::copy(run::root().join("docs/examples/lefthook.yml"), folder.join("lefthook.yml"))?;
        self.must(&folder, "lefthook", &["install"])?;
        let (stopped, text) = self.commit(&folder, &format!("use {}\n", TOKEN.concat()))?;
        check("a secret is stopped", !stopped && text.contains("secret-found"));
        fs::write(folder.join("pkg.toml"), "")?;
        let (ok, text) = {
            fs::write(folder.join("card.md"), "clean\n")?;
            self.must(&folder, "git", &["add", "card.md", "lefthook.yml"])?;
            self.git(&folder, &["commit", "-m", "m"])?
        };
        check("a clean commit passes", ok);
        ensure!(ok, "{text}");
        self.must(&folder, "git", &["add", "--all"])?;
        let (ok, text) = self.git(&folder, &["commit", "--no-verify", "-m", "model"])?;
        ensure!(ok, "{text}");
        self.must(&folder, "git", &["init", "--quiet", "--bare", "../remote-lefthook"])?;
        self.must(&folder, "git", &["tag", "v1.0"])?;
        let (pushed, text) = self.git(&folder, &["push", "../remote-lefthook", "v1.0"])?;
        check("a tag without a bundle is stopped", !pushed && text.contains("release-tag-refused"));
        let (checkout, text) = self.git(&folder, &["checkout", "-b", "other"])?;
        check("a checkout passes", checkout && text.contains("post-checkout"));
        Ok(())
    }
}
