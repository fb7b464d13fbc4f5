//! Repositories for tests, made with the real `git`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A repository in a folder of a test.
#[derive(Debug)]
pub struct Repo {
    path: PathBuf,
}

impl Repo {
    /// Makes one, or takes the one that is there.
    pub fn at(path: &Path) -> Self {
        std::fs::create_dir_all(path).expect("a folder");
        let repo = Self { path: path.to_owned() };
        if !path.join(".git").exists() {
            repo.git(&["init", "--quiet", "--initial-branch=main"]);
        }
        repo
    }

    /// The command, with nothing of the caller's own settings.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        let who = "a <a@example.org> 1700000000 +0000";
        let date = who.split_once("> ").map_or("", |(_, date)| date);
        command.args(["-c", "user.name=a", "-c", "user.email=a@example.org"]);
        command.args(["-c", "protocol.file.allow=always"]).args(args).current_dir(&self.path);
        for (name, value) in [
            ("GIT_CONFIG_GLOBAL", "/dev/null"),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_AUTHOR_DATE", date),
            ("GIT_COMMITTER_DATE", date),
        ] {
            command.env(name, value);
        }
        command
    }

    /// Runs git; it must succeed. Returns what it printed, without the line end.
    pub fn git(&self, args: &[&str]) -> String {
        let out = self.command(args).output().expect("git runs");
        assert!(out.status.success(), "{args:?}: {}", String::from_utf8_lossy(&out.stderr));
        String::from_utf8_lossy(&out.stdout).trim_end().to_owned()
    }

    /// Writes a file.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path.join(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(path, content).expect("a file");
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Commits everything, and says the id.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Puts content where Git LFS has it, and says the pointer.
    pub fn lfs(&self, content: &[u8]) -> String {
        let oid = oid(content);
        let hex = oid.trim_start_matches("sha256:");
        let folder = self.path.join(".git/lfs/objects").join(&hex[..2]).join(&hex[2..4]);
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join(hex), content).expect("an object");
        let size = content.len();
        format!("version https://git-lfs.github.com/spec/v1\noid {oid}\nsize {size}\n")
    }
}

/// What Git LFS calls this content.
pub fn oid(content: &[u8]) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(content);
    let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

/// Makes a key of SSH; nothing, said loudly, where there is no `ssh-keygen`.
#[allow(clippy::print_stderr)]
pub fn ssh_key(path: &Path) -> Option<String> {
    let mut command = Command::new("ssh-keygen");
    command.args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"]).arg(path);
    match command.status() {
        Ok(status) if status.success() => {}
        other => {
            eprintln!("SKIPPED: ssh-keygen makes no key here ({other:?})");
            return None;
        }
    }
    let public = std::fs::read_to_string(path.with_extension("pub"));
    Some(public.expect("the public key"))
}
