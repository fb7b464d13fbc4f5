//! Code from git: what is recorded, what is checked, and what is refused.

use std::fs;

use pkg_tests::Place;
use pkg_tests::git::{Repo, oid, ssh_key};
use serde_json::{Value, json};

/// A model whose training code comes from `repo`.
fn place(git: &str) -> (Place, Repo) {
    let place = Place::with_model();
    let spec = fs::read_to_string(place.path("model/pkg.toml")).unwrap();
    let more = format!("\n[[component]]\nkind = \"evaluation-code\"\ngit = {{ {git} }}\n");
    fs::write(place.path("model/pkg.toml"), spec + &more).unwrap();
    let repo = Repo::at(&place.path("repo"));
    repo.write("train/run.py", "train()\n");
    repo.write("README", "r\n");
    repo.commit("one");
    (place, repo)
}

const PACK: [&str; 4] = ["pack", "model", "-o", "m.pkg"];

/// What the release says about the commit.
fn recorded(place: &Place) -> Value {
    let shown = place.ok(&["show", "m.pkg", "--json"]).json();
    let components = shown["result"]["components"].as_array().unwrap();
    components.iter().find_map(|it| it.get("git")).unwrap().clone()
}

#[test]
fn a_path_may_end_in_a_slash_and_be_a_dot() {
    for (path, files) in [("train/", 1), ("train", 1), (".", 2), ("./train", 1)] {
        let (place, _) =
            place(&format!("repo = \"../repo\", rev = \"HEAD\", path = \"{path}\", into = \"c\""));
        place.ok(&PACK);
        let args = ["verify", "m.pkg", "--against", "repo", "--digest"];
        let digest = place.digest("m.pkg");
        let out = place.ok(&[&args[..], &[&digest, "--json"]].concat()).json();
        assert_eq!(out["result"]["compared"][0]["files"], files, "{path}");
        assert_eq!(out["result"]["compared"][0]["same"], true, "{path}");
    }
}

#[test]
fn uncommitted_and_unpushed_work_is_refused_unless_asked_for() {
    let (place, repo) = place("repo = \"../repo\", rev = \"main\", path = \"train\"");
    place.ok(&PACK);
    // Not below the path.
    repo.write("README", "changed\n");
    place.ok(&PACK);
    for (name, content) in [("train/run.py", "changed()\n"), ("train/new.py", "new()\n")] {
        repo.git(&["checkout", "--quiet", "."]);
        repo.write(name, content);
        let out = place.finds(&PACK, "git-dirty", 2);
        assert!(out.stdout.contains(name), "{out:?}");
    }
    let out = place.finds(&[&PACK[..], &["--allow-dirty"]].concat(), "git-unfinished", 0);
    assert!(out.stdout.contains("train/new.py"), "{out:?}");
    assert_eq!(recorded(&place)["dirty"], true);
    assert!(place.ok(&["show", "m.pkg"]).stdout.contains("WITHOUT uncommitted changes"));
    // A tag says which state is meant.
    repo.git(&["tag", "v1"]);
    let spec = fs::read_to_string(place.path("model/pkg.toml")).unwrap();
    fs::write(place.path("model/pkg.toml"), spec.replace("\"main\"", "\"v1\"")).unwrap();
    place.ok(&PACK);
    assert_eq!(recorded(&place).get("dirty"), None);

    // A remote that has the commit, one that has not, and one of which nothing is known.
    repo.git(&["init", "--quiet", "--bare", "../remote"]);
    repo.git(&["remote", "add", "origin", "https://me:secret@example.org/repo"]);
    place.finds(&PACK, "git-push-unknown", 0);
    repo.git(&["config", "remote.origin.pushurl", "../remote"]);
    repo.git(&["push", "--quiet", "../remote", "main"]);
    repo.git(&["update-ref", "refs/remotes/origin/main", "main"]);
    let out = place.finish(place.command(&PACK).arg("--json"));
    assert_eq!(
        (out.code, out.json()["findings"].as_array().unwrap().len()),
        (Some(0), 0),
        "{out:?}"
    );
    repo.write("train/run.py", "more()\n");
    repo.commit("two");
    repo.git(&["tag", "--force", "v1"]);
    place.finds(&PACK, "git-unpushed", 2);
    place.finds(&[&PACK[..], &["--allow-unpushed"]].concat(), "git-unfinished", 0);
    assert_eq!(recorded(&place)["unpushed"], true);
    assert_eq!(recorded(&place)["remote"], "https://example.org/repo");
    let allowed = spec.replace("\"main\"", "\"v1\", allow = [\"unpushed\"]");
    fs::write(place.path("model/pkg.toml"), allowed).unwrap();
    place.finds(&PACK, "git-unfinished", 0);
}

#[test]
fn lfs_content_is_packed_in_place_of_its_pointer() {
    let (place, repo) = place("repo = \"../repo\", rev = \"v1\"");
    let content = b"0123456789".repeat(1000);
    let pointer = repo.lfs(&content);
    repo.write("train/data.bin", &pointer);
    repo.commit("data");
    repo.git(&["tag", "v1"]);
    place.ok(&PACK);
    let digest = place.digest("m.pkg");
    let again = ["pack", "model", "-o", "again.pkg", "--no-cache"];
    place.ok(&again);
    assert_eq!(place.digest("again.pkg"), digest);
    let oid = oid(&content);
    assert_eq!(recorded(&place)["lfs"], json!([{ "path": "train/data.bin", "oid": oid }]));
    place.ok(&["unpack", "m.pkg", "out"]);
    assert_eq!(fs::read(place.path("out/train/data.bin")).unwrap(), content);
    // The tree says what the object is: it need not be here to compare with it.
    let hex = oid.strip_prefix("sha256:").unwrap();
    let object = repo.path(&format!(".git/lfs/objects/{}/{}/{hex}", &hex[..2], &hex[2..4]));
    fs::write(&object, b"1123456789".repeat(1000)).unwrap();
    place.finds(&again, "lfs-object-wrong", 10);
    fs::remove_file(&object).unwrap();
    let out = place.finds(&again, "lfs-object-missing", 2);
    assert!(out.stdout.contains("git lfs pull"), "{out:?}");
    place.ok(&["verify", "m.pkg", "--digest", &digest, "--against", "repo"]);
}

#[test]
fn submodules_are_linked_and_links_refused() {
    let (place, repo) = place("repo = \"../repo\", rev = \"v1\"");
    let other = Repo::at(&place.path("other"));
    other.write("lib.py", "lib\n");
    let commit = other.commit("lib");
    repo.git(&["submodule", "--quiet", "add", "../other", "lib"]);
    repo.commit("with a submodule");
    repo.git(&["tag", "v1"]);
    let out = place.finds(&PACK, "git-submodule", 0);
    assert!(out.stdout.contains(&commit), "{out:?}");
    let expected = json!([{ "path": "lib", "commit": commit, "url": "../other" }]);
    assert_eq!(recorded(&place)["submodules"], expected);
    place.ok(&["unpack", "m.pkg", "out"]);
    assert!(!place.path("out/lib").exists());
    std::os::unix::fs::symlink("run.py", repo.path("train/link")).unwrap();
    repo.commit("with a link");
    repo.git(&["tag", "--force", "v1"]);
    place.finds(&["pack", "model", "-o", "l.pkg"], "git-entry", 2);
}

#[test]
fn signatures_are_told_apart_by_how_far_they_were_checked() {
    let (place, repo) = place("repo = \"../repo\", rev = \"v1\", path = \"train\"");
    let Some(public) = ssh_key(&place.path("key")) else { return };
    let Some(other) = ssh_key(&place.path("other-key")) else { return };
    fs::write(place.path("signers"), format!("ann@example.org {public}")).unwrap();
    fs::write(place.path("others"), format!("bob@example.org {other}")).unwrap();
    let key = place.path("key");
    let sign = ["-c", "gpg.format=ssh", "-c", &format!("user.signingkey={}", key.display())];
    let signed = |args: &[&str]| repo.git(&[&sign[..], args].concat());
    let verify = |signers: Option<&str>| -> Vec<String> {
        let digest = place.digest("m.pkg");
        let mut args = vec!["verify", "m.pkg", "--digest", &digest, "--against", "repo", "--json"];
        args.extend(signers.iter().flat_map(|file| ["--git-signers", file]));
        let out = place.run(&args);
        let compared = out.json()["result"]["compared"][0].clone();
        let level = |of: &Value| of["level"].as_str().unwrap_or("none").to_owned();
        vec![
            level(&compared["tag"]["signature"]),
            level(&compared["signature"]),
            out.code.unwrap().to_string(),
        ]
    };

    // Neither is signed.
    repo.git(&["tag", "-a", "-m", "one", "v1"]);
    place.ok(&PACK);
    assert_eq!(recorded(&place)["tag"]["tagged"], 1_700_000_000);
    assert_eq!(recorded(&place)["tag"].get("signature"), None);
    let asked = [&PACK[..], &["--git-signers", "signers"]].concat();
    place.finds(&asked, "git-signature-not-verified", 10);

    // Both are, and nobody says whose key it is.
    signed(&["commit", "--quiet", "--allow-empty", "-S", "-m", "two"]);
    signed(&["tag", "--force", "-s", "-m", "two", "v1"]);
    place.ok(&PACK);
    assert_eq!(recorded(&place)["tag"]["signature"]["level"], "valid-unknown-key");
    assert_eq!(recorded(&place)["signature"]["kind"], "ssh");
    assert_eq!(verify(None), ["valid-unknown-key", "valid-unknown-key", "0"]);
    // Somebody does.
    place.ok(&asked);
    let tag = &recorded(&place)["tag"];
    assert_eq!(tag["signature"]["level"], "verified-time-not-proven");
    assert_eq!(tag["signature"]["signer"], "ann@example.org");
    assert!(place.ok(&["show", "m.pkg"]).stdout.contains("time not proven, ann@example.org"));
    let both = ["verified-time-not-proven", "verified-time-not-proven", "0"];
    assert_eq!(verify(Some("signers")), both);
    // git itself agrees.
    let list = format!("gpg.ssh.allowedSignersFile={}", place.path("signers").display());
    repo.git(&["-c", &list, "verify-tag", "v1"]);
    // Somebody else.
    place.finds(
        &[&PACK[..], &["--git-signers", "others"]].concat(),
        "git-signature-not-verified",
        10,
    );
    assert_eq!(verify(Some("others")), ["valid-unknown-key", "valid-unknown-key", "10"]);
    // The list in pkg.toml counts as well, and one that cannot be read is no list.
    let spec = fs::read_to_string(place.path("model/pkg.toml")).unwrap();
    let with = spec.replace("rev = \"v1\"", "rev = \"v1\", allowed-signers = \"signers\"");
    fs::write(place.path("model/pkg.toml"), with).unwrap();
    fs::copy(place.path("signers"), place.path("model/signers")).unwrap();
    place.ok(&PACK);
    fs::write(place.path("model/signers"), "ann@example.org nonsense\n").unwrap();
    place.finds(&PACK, "git-signers-invalid", 2);
    fs::write(place.path("model/pkg.toml"), spec).unwrap();

    // A tag whose signature is that of another one.
    let text = repo.git(&["cat-file", "tag", "v1"]).replace("\ntwo\n", "\nthree\n");
    repo.write(".git/forged", format!("{text}\n"));
    let forged = repo.git(&["hash-object", "-t", "tag", "-w", ".git/forged"]);
    repo.git(&["update-ref", "refs/tags/v1", &forged]);
    place.finds(&["pack", "model", "-o", "f.pkg"], "git-signature-bad", 10);
    // The release names the old tag object, which is told.
    let digest = place.digest("m.pkg");
    let against = ["verify", "m.pkg", "--digest", &digest, "--against", "repo"];
    let out = place.finds(&against, "revision-moved", 0);
    assert!(out.stdout.contains(&forged), "{out:?}");
}

#[test]
fn signatures_that_are_not_checked_are_named_as_such() {
    let (place, repo) = place("repo = \"../repo\", rev = \"v1\", path = \"train\"");
    let commit = repo.git(&["rev-parse", "HEAD"]);
    for (mark, kind) in [("PGP SIGNATURE", "openpgp"), ("SIGNED MESSAGE", "x509")] {
        let text = format!(
            "object {commit}\ntype commit\ntag v1\ntagger a <a@example.org> 1 +0000\n\nm\n\
             -----BEGIN {mark}-----\n\nAAAA\n-----END {mark}-----\n"
        );
        repo.write(".git/made", text);
        let id = repo.git(&["hash-object", "-t", "tag", "-w", ".git/made"]);
        repo.git(&["update-ref", "refs/tags/v1", &id]);
        place.ok(&PACK);
        let signature = recorded(&place)["tag"]["signature"].clone();
        assert_eq!(signature["kind"], kind);
        assert_eq!(signature["level"], "present-not-checked");
        assert!(place.ok(&["show", "m.pkg"]).stdout.contains("present, not checked"));
    }
}
