//! `pkg verify --against`: the code of a release and the commit it names.

use std::path::Path;

use git2::{Repository, Signature, Time};
use pkg_tests::Place;

const GIT: &str = r#"
[[component]]
kind = "training-code"
git = { repo = "../repo", rev = "v1.0", path = "train", into = "made" }
"#;

/// Commits what is in the folder, and tags it.
fn commit(folder: &Path, message: &str, tag: Option<&str>) -> String {
    let repository = Repository::open(folder).or_else(|_| Repository::init(folder)).unwrap();
    let mut index = repository.index().unwrap();
    index.add_all(["*"], git2::IndexAddOption::DEFAULT, None).unwrap();
    index.write().unwrap();
    let tree = repository.find_tree(index.write_tree().unwrap()).unwrap();
    let who = Signature::new("a", "a@example.org", &Time::new(1_700_000_000, 0)).unwrap();
    let parent = repository.head().ok().map(|head| head.peel_to_commit().unwrap());
    let parents: Vec<&git2::Commit<'_>> = parent.iter().collect();
    let id = repository.commit(Some("HEAD"), &who, &who, message, &tree, &parents).unwrap();
    if let Some(tag) = tag {
        let object = repository.find_object(id, None).unwrap();
        repository.tag_lightweight(tag, &object, true).unwrap();
    }
    id.to_string()
}

/// A repository, and a signed release with code of its first commit.
fn place() -> (Place, String) {
    let place = Place::with_model();
    let repo = place.path("repo");
    std::fs::create_dir_all(repo.join("train/deep")).unwrap();
    std::fs::write(repo.join("train/run.py"), "train()\n").unwrap();
    std::fs::write(repo.join("train/deep/x.py"), "x = 1\n").unwrap();
    std::fs::write(repo.join("README"), "not packed\n").unwrap();
    let first = commit(&repo, "one", Some("v1.0"));
    let spec = std::fs::read_to_string(place.path("model/pkg.toml")).unwrap();
    std::fs::write(place.path("model/pkg.toml"), spec + GIT).unwrap();
    place.ok(&["pack", "model", "-o", "m.pkg"]);
    place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    place.ok(&["sign", "m.pkg", "--key", "k.key"]);
    (place, first)
}

const VERIFY: [&str; 6] = ["verify", "m.pkg", "--key", "k.pub", "--against", "repo"];

#[test]
fn the_code_is_that_of_the_commit_also_when_the_repository_went_on() {
    let (place, first) = place();
    let out = place.finish(place.command(&VERIFY).arg("--json"));
    assert_eq!(out.code, Some(0), "{out:?}");
    let compared = &out.json()["result"]["compared"][0];
    assert_eq!((&compared["commit"], &compared["same"]), (&first.into(), &true.into()));
    assert_eq!(compared["files"], 2);
    std::fs::write(place.path("repo/train/run.py"), "train_more()\n").unwrap();
    commit(&place.path("repo"), "two", None);
    let out = place.ok(&VERIFY);
    assert!(out.stdout.contains("training-code is commit"), "{out:?}");
    // A tag that was put elsewhere is pointed out; the commit is still the one.
    commit(&place.path("repo"), "three", Some("v1.0"));
    place.finds(&VERIFY, "revision-moved", 0);
    place.ok(&["unpack", "m.pkg", "out"]);
    place.ok(&["verify", "out", "--key", "k.pub", "--against", "repo"]);
}

#[test]
fn other_code_and_other_repositories_are_told_apart() {
    let (place, _) = place();
    // Another repository does not have the commit.
    let other = place.path("other");
    std::fs::create_dir(&other).unwrap();
    std::fs::write(other.join("a"), "a").unwrap();
    commit(&other, "one", Some("v1.0"));
    let against =
        |repository: &'static str| ["verify", "m.pkg", "--key", "k.pub", "--against", repository];
    place.finds(&against("other"), "commit-not-found", 13);
    place.finds(&against("nowhere"), "commit-not-found", 13);
    // Files that are called the commit's, and are not: packed from a folder instead.
    std::fs::create_dir_all(place.path("model/made/train")).unwrap();
    for (name, text) in [("run.py", "evil()\n"), ("extra.py", "more()\n")] {
        std::fs::write(place.path("model/made/train").join(name), text).unwrap();
    }
    forge(&place);
    let out = place.finds(&VERIFY, "code-not-that-commit", 10);
    let text = out.stdout;
    for wrong in ["run.py has other content", "extra.py is not in the commit", "x.py is missing"] {
        assert!(text.contains(wrong), "{wrong}: {text}");
    }
    // Nothing names a commit.
    let place = Place::signed();
    commit(&place.path("model"), "one", None);
    let args = ["verify", "m.pkg", "--key", "k.pub", "--against", "model"];
    place.finds(&args, "no-commit-named", 13);
}

/// A release by somebody who lies about its commit: what the first one says of it, over
/// other files.
fn forge(place: &Place) {
    let layout = pkg_tests::Layout::at(&place.path("m.pkg"));
    let honest = layout.document(0);
    let named = honest["components"].as_array().unwrap();
    let git = named.iter().find_map(|it| it.get("git")).unwrap().clone();
    let spec = std::fs::read_to_string(place.path("model/pkg.toml")).unwrap();
    let (spec, _) = spec.split_once("\n[[component]]\nkind = \"training-code\"").unwrap();
    let more = "\n[[component]]\nkind = \"training-code\"\npaths = [\"made/**\"]\n";
    std::fs::write(place.path("model/pkg.toml"), format!("{spec}{more}")).unwrap();
    std::fs::rename(place.path("m.pkg"), place.path("honest.pkg")).unwrap();
    place.ok(&["pack", "model", "-o", "m.pkg"]);
    pkg_tests::Layout::at(&place.path("m.pkg")).edit_release(|release| {
        let components = release["components"].as_array_mut().unwrap();
        let code = components.iter_mut().find(|it| it["kind"] == "training-code").unwrap();
        code["git"] = git;
    });
    place.ok(&["sign", "m.pkg", "--key", "k.key"]);
}
