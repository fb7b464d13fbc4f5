//! Hooks of git, run by the real `git`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use pkg_tests::Place;
use pkg_tests::git::Repo;

/// A repository with a model, and the hooks installed.
fn installed() -> (Place, Repo) {
    let place = Place::with_model();
    let repo = Repo::at(&place.path("model"));
    repo.commit("one");
    place.ok(&["hook", "install", "-C", "model"]);
    (place, repo)
}

/// What git did and said, with `pkg` on the path.
fn git(place: &Place, repo: &Repo, args: &[&str]) -> pkg_tests::Out {
    let mut command = repo.command(args);
    let folder = pkg_tests::binary().parent().unwrap().display().to_string();
    let path = std::env::var("PATH").unwrap();
    place.finish(command.env("PATH", format!("{folder}:{path}")))
}

fn script(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// A token that nobody issued.
fn token() -> String {
    ["hf", "_q7Zp2KfR9sWmT4vBx8NcJd3GhL6yVuEa5K"].concat()
}

#[test]
fn a_commit_with_a_secret_is_stopped_and_one_without_is_not() {
    let (place, repo) = installed();
    repo.write("notes.md", format!("use {}\n", token()));
    repo.git(&["add", "notes.md"]);
    // What is staged counts, whatever is in the work tree by then.
    repo.write("notes.md", "clean\n");
    let out = git(&place, &repo, &["commit", "-m", "two"]);
    assert_eq!(out.code, Some(1), "{out:?}");
    assert!(out.stderr.contains("secret-found") && out.stderr.contains("notes.md:1"), "{out:?}");
    assert!(!out.stderr.contains("q7Zp"), "{out:?}");
    // `commit -a` has an index of its own.
    let out = git(&place, &repo, &["commit", "-a", "-m", "two"]);
    assert_eq!(out.code, Some(0), "{out:?}");
    repo.write("notes.md", format!("use {}\n", token()));
    let out = git(&place, &repo, &["commit", "-a", "-m", "three"]);
    assert_eq!(out.code, Some(1), "{out:?}");
    let out = git(&place, &repo, &["commit", "notes.md", "-m", "three"]);
    assert_eq!(out.code, Some(1), "{out:?}");
}

#[test]
fn hooks_of_others_are_kept_run_first_and_put_back() {
    let place = Place::with_model();
    let repo = Repo::at(&place.path("model"));
    repo.commit("one");
    let hook = repo.path(".git/hooks/pre-commit");
    script(&hook, "echo theirs; exit $(cat status)");
    let before = fs::read(&hook).unwrap();
    for _ in 0..2 {
        place.ok(&["hook", "install", "-C", "model"]);
    }
    let listed = place.ok(&["hook", "list", "-C", "model", "--json"]).json();
    assert_eq!(listed["result"]["hooks"][0]["state"], "installed");
    assert_eq!(listed["result"]["hooks"][0]["chained"], true);
    assert_eq!(listed["result"]["hooks"][1]["chained"], false);
    fs::write(repo.path("status"), "0").unwrap();
    repo.write("a.md", "a\n");
    repo.git(&["add", "."]);
    let out = git(&place, &repo, &["commit", "-m", "two"]);
    assert_eq!(out.code, Some(0), "{out:?}");
    assert!(format!("{}{}", out.stdout, out.stderr).contains("theirs"), "{out:?}");
    fs::write(repo.path("status"), "3").unwrap();
    let out = git(&place, &repo, &["commit", "--allow-empty", "-m", "three"]);
    assert_eq!(out.code, Some(1), "{out:?}");
    assert!(out.stderr.contains("chained-hook-failed"), "{out:?}");
    place.ok(&["hook", "uninstall", "-C", "model"]);
    assert_eq!(fs::read(&hook).unwrap(), before);
    assert!(hook.metadata().unwrap().permissions().mode() & 0o111 != 0);
    assert!(!repo.path(".git/hooks/pre-push").exists());
    place.ok(&["hook", "uninstall", "-C", "model"]);
}

#[test]
fn what_others_changed_since_is_left_alone() {
    let (place, repo) = installed();
    let hook = repo.path(".git/hooks/pre-push");
    let changed = fs::read_to_string(&hook).unwrap() + "echo more\n";
    fs::write(&hook, &changed).unwrap();
    place.finds(&["hook", "install", "-C", "model"], "hook-conflict", 2);
    place.finds(&["hook", "uninstall", "-C", "model"], "hook-conflict", 2);
    assert_eq!(fs::read_to_string(&hook).unwrap(), changed);
    assert!(!repo.path(".git/hooks/pre-commit").exists());
    // One that took the place of pkg's, with an older one kept beside it.
    let other = repo.path(".git/hooks/post-merge");
    script(&other, "echo old");
    place.ok(&["hook", "install", "post-merge", "-C", "model"]);
    script(&other, "echo new");
    place.finds(&["hook", "install", "post-merge", "-C", "model"], "hook-conflict", 2);
    place.finds(&["hook", "uninstall", "post-merge", "-C", "model"], "hook-conflict", 2);
    assert!(fs::read_to_string(&other).unwrap().contains("echo new"));
}

#[test]
fn the_configured_folder_work_trees_and_bare_repositories_are_respected() {
    let place = Place::with_model();
    let repo = Repo::at(&place.path("model"));
    repo.commit("one");
    repo.git(&["config", "core.hooksPath", "own-hooks"]);
    place.ok(&["hook", "install", "-C", "model"]);
    assert!(repo.path("own-hooks/pre-commit").is_file());
    let elsewhere = place.path("elsewhere");
    repo.git(&["config", "core.hooksPath", elsewhere.to_str().unwrap()]);
    place.ok(&["hook", "install", "pre-commit", "-C", "model"]);
    assert!(elsewhere.join("pre-commit").is_file());
    repo.git(&["config", "--unset", "core.hooksPath"]);
    repo.git(&["worktree", "add", "--quiet", "../second", "-b", "second"]);
    place.ok(&["hook", "install", "-C", "second"]);
    assert!(repo.path(".git/hooks/pre-commit").is_file());
    let second = Repo::at(&place.path("second"));
    second.write("notes.md", format!("use {}\n", token()));
    second.git(&["add", "."]);
    let out = git(&place, &second, &["commit", "-m", "two"]);
    assert_eq!(out.code, Some(1), "{out:?}");
    repo.git(&["init", "--quiet", "--bare", "../bare.git"]);
    place.ok(&["hook", "install", "-C", "bare.git"]);
    assert!(place.path("bare.git/hooks/pre-push").is_file());
    fs::create_dir(place.path("none")).unwrap();
    place.finds(&["hook", "install", "-C", "none"], "git-repository", 2);
}

#[test]
fn without_pkg_commits_stop_and_what_arrived_is_warned_of() {
    let (place, repo) = installed();
    let run = |args: &[&str]| {
        place.finish(repo.command(args).env("PATH", "/usr/local/bin:/usr/bin:/bin"))
    };
    let out = run(&["commit", "--allow-empty", "-m", "two"]);
    assert_eq!(out.code, Some(1), "{out:?}");
    assert!(out.stderr.contains("not on the PATH"), "{out:?}");
    let out = run(&["checkout", "-b", "other"]);
    assert_eq!(out.code, Some(0), "{out:?}");
    assert!(out.stderr.contains("not on the PATH"), "{out:?}");
}

#[test]
fn a_release_tag_needs_a_signed_bundle_of_its_commit() {
    let (place, repo) = installed();
    let spec = fs::read_to_string(place.path("model/pkg.toml")).unwrap();
    let code = "\n[[component]]\nkind = \"evaluation-code\"\n\
        git = { repo = \".\", rev = \"v1.0\", path = \"eval/\", into = \"code\" }\n";
    repo.write("eval/run.py", "evaluate()\n");
    repo.write("pkg.toml", spec + code);
    repo.write(".gitignore", "dist/\n");
    repo.git(&["add", "."]);
    assert_eq!(git(&place, &repo, &["commit", "-m", "two"]).code, Some(0));
    repo.git(&["init", "--quiet", "--bare", "../remote"]);
    let push = |what: &str| git(&place, &repo, &["push", "--quiet", "../remote", what]);
    assert_eq!(push("main").code, Some(0));
    repo.git(&["tag", "v1.0"]);
    repo.git(&["tag", "other"]);
    assert_eq!(push("other").code, Some(0));
    let out = push("v1.0");
    assert_eq!(out.code, Some(1), "{out:?}");
    assert!(out.stderr.contains("release-tag-refused"), "{out:?}");

    fs::create_dir(repo.path("dist")).unwrap();
    place.ok(&["pack", "model", "-o", "model/dist/m.pkg"]);
    let out = push("v1.0");
    assert!(out.code == Some(1) && out.stderr.contains("unsigned"), "{out:?}");
    place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    place.ok(&["keygen", "--no-passphrase", "-o", "other"]);
    place.ok(&["sign", "model/dist/m.pkg", "--key", "k.key"]);
    repo.git(&["config", "pkg.key", "../other.pub"]);
    let out = push("v1.0");
    assert!(out.code == Some(1) && out.stderr.contains("wrong-key"), "{out:?}");
    repo.git(&["config", "pkg.key", "../k.pub"]);
    // The tag is put elsewhere: the bundle is of another commit.
    repo.git(&["commit", "--quiet", "--no-verify", "--allow-empty", "-m", "three"]);
    repo.git(&["tag", "--force", "v1.0"]);
    let out = push("v1.0");
    assert!(out.code == Some(1) && out.stderr.contains("it is of commit"), "{out:?}");
    repo.git(&["tag", "--force", "v1.0", "HEAD~1"]);
    let out = push("v1.0");
    assert_eq!(out.code, Some(0), "{out:?}");
    // A deletion takes nothing along.
    assert_eq!(push(":v1.0").code, Some(0));
    // Nobody is named: signed and consistent is all there is to say.
    repo.git(&["config", "--unset", "pkg.key"]);
    let out = push("v1.0");
    assert!(out.code == Some(0) && out.stderr.contains("release-signer-unknown"), "{out:?}");
    repo.git(&["config", "pkg.releaseTags", "release-*"]);
    repo.git(&["tag", "v2.0", "HEAD"]);
    assert_eq!(push("v2.0").code, Some(0));
}

#[test]
fn a_signed_folder_that_arrives_is_verified() {
    let place = Place::with_model();
    let repo = Repo::at(&place.path("repo"));
    repo.write("README", "r\n");
    repo.commit("one");
    place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    place.ok(&["sign", "model", "--key", "k.key"]);
    repo.git(&["checkout", "--quiet", "-b", "good"]);
    fs::rename(place.path("model"), repo.path("model")).unwrap();
    repo.commit("signed");
    repo.git(&["checkout", "--quiet", "-b", "bad"]);
    repo.write("model/README.md", "changed\n");
    repo.commit("changed");
    repo.git(&["checkout", "--quiet", "main"]);
    place.ok(&["hook", "install", "-C", "repo"]);
    let out = git(&place, &repo, &["checkout", "--quiet", "good"]);
    assert!(out.code == Some(0) && out.stderr.contains("arrived-not-checked"), "{out:?}");
    repo.git(&["config", "pkg.key", "../k.pub"]);
    let out = git(&place, &repo, &["checkout", "--quiet", "bad"]);
    assert!(out.code == Some(1) && out.stderr.contains("arrived-unverified"), "{out:?}");
    assert!(out.stderr.contains("cannot undo"), "{out:?}");
    let out = git(&place, &repo, &["checkout", "--quiet", "good"]);
    assert_eq!(out.code, Some(0), "{out:?}");
    git(&place, &repo, &["checkout", "--quiet", "main"]);
    let out = git(&place, &repo, &["merge", "bad"]);
    assert!(out.stderr.contains("arrived-unverified"), "{out:?}");
}
