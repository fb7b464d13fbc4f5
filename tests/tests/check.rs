//! `pkg check`: what it finds, where, and what it lets be.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use pkg_tests::git::Repo;
use pkg_tests::{Place, mkfifo};

fn token() -> String {
    ["hf", "_q7Zp2KfR9sWmT4vBx8NcJd3GhL6yVuEa5K"].concat()
}

const STAGED: [&str; 4] = ["check", "model", "--staged", "--json"];

/// A model in a repository, committed.
fn place() -> (Place, Repo) {
    let place = Place::with_model();
    let repo = Repo::at(&place.path("model"));
    repo.commit("one");
    (place, repo)
}

#[test]
fn a_sane_model_has_nothing_wrong_and_a_secret_is_found_in_its_place() {
    let place = Place::with_model();
    let clean = place.ok(&["check", "model", "--json"]).json();
    assert!(clean["result"]["files"].as_u64().unwrap() > 5, "{clean:#}");
    assert_eq!(clean["result"]["specs"], serde_json::json!(["pkg.toml"]));
    fs::write(place.path("model/card.md"), format!("a\nb\n{}\n", token())).unwrap();
    let out = place.finds(&["check", "model"], "secret-found", 10).json();
    assert_eq!(out["result"]["found"][0]["path"], "card.md");
    assert_eq!(out["result"]["found"][0]["line"], 3);
    assert!(!out.to_string().contains("q7Zp"), "{out:#}");
    let sarif = place.run(&["check", "model", "--sarif"]);
    assert_eq!(sarif.code, Some(10));
    let document: serde_json::Value = serde_json::from_str(&sarif.stdout).unwrap();
    let place_of = &document["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place_of["artifactLocation"]["uri"], "card.md");
    assert_eq!(place_of["region"]["startLine"], 3);
    // Single files.
    place.ok(&["check", "model/README.md"]);
    place.finds(&["check", "model/card.md", "model/README.md"], "secret-found", 10);
}

/// What is no file under the name of `pkg.toml`, from a stranger's archive or checkout.
#[test]
fn a_spec_that_is_no_file_is_named_and_nothing_waits_for_it() {
    type Put = fn(&std::path::Path);
    let kinds: [(Put, &str); 5] = [
        (mkfifo, "special-file"),
        (|path| fs::create_dir(path).unwrap(), "special-file"),
        (|path| drop(UnixListener::bind(path).unwrap()), "special-file"),
        (|path| symlink("/dev/zero", path).unwrap(), "symlink-in-release"),
        (|path| symlink("../outside.toml", path).unwrap(), "symlink-in-release"),
    ];
    for (put, code) in kinds {
        let (place, repo) = place();
        fs::write(place.path("outside.toml"), "").unwrap();
        fs::remove_file(repo.path("pkg.toml")).unwrap();
        put(&repo.path("pkg.toml"));
        let said = |args: &[&str]| {
            let out = place.finds(args, code, 2).json();
            let subject = out["findings"][0]["subject"].as_str().unwrap().to_owned();
            assert!(subject.ends_with("pkg.toml"), "{out:#}");
        };
        said(&["check", "model"]);
        said(&["check", "model/README.md"]);
        if code == "symlink-in-release" || !repo.path("pkg.toml").is_dir() {
            said(&["check", "model/pkg.toml"]);
        }
        // What is staged is sane as long as the index has the file.
        repo.write("card.md", "words\n");
        repo.git(&["add", "card.md"]);
        place.ok(&STAGED);
        repo.git(&["rm", "--quiet", "--cached", "pkg.toml"]);
        said(&["check", "model", "--staged"]);
        if code == "symlink-in-release" {
            repo.git(&["add", "pkg.toml"]);
            said(&["check", "model", "--staged"]);
        }
    }
    // A file that was named and is none.
    let place = Place::with_model();
    mkfifo(&place.path("model/notes.md"));
    place.finds(&["check", "model/notes.md"], "special-file", 2);
}

#[test]
fn only_what_is_staged_counts_as_it_is_staged() {
    let (place, repo) = place();
    assert_eq!(place.ok(&STAGED).json()["result"]["files"], 0);
    repo.write("card.md", format!("{}\n", token()));
    assert_eq!(place.ok(&STAGED).json()["result"]["files"], 0);
    repo.git(&["add", "card.md"]);
    repo.write("card.md", "clean\n");
    place.finds(&["check", "model", "--staged"], "secret-found", 10);
    repo.git(&["add", "card.md"]);
    let out = place.ok(&STAGED).json();
    assert_eq!(out["result"]["files"], 1);
    assert_eq!(out["result"]["specs"], serde_json::json!(["pkg.toml"]));
    // Before the first commit, all of it is new.
    let other = Repo::at(&place.path("new"));
    other.write("a.md", token());
    other.git(&["add", "."]);
    place.finds(&["check", "new", "--staged"], "secret-found", 10);
    fs::create_dir(place.path("none")).unwrap();
    place.finds(&["check", "none", "--staged"], "git-repository", 2);
}

#[test]
fn pkg_toml_and_its_licences_are_checked() {
    let (place, repo) = place();
    let spec = fs::read_to_string(repo.path("pkg.toml")).unwrap();
    repo.write("pkg.toml", spec.replace("Apache-2.0", "apache-2.0"));
    repo.git(&["add", "."]);
    place.finds(&["check", "model", "--staged"], "licence-invalid", 2);
    repo.write("pkg.toml", format!("{spec}\nnonsense"));
    repo.git(&["add", "."]);
    place.finds(&["check", "model", "--staged"], "spec-syntax", 2);
    place.finds(&["check", "model"], "spec-syntax", 2);
    repo.write("pkg.toml", format!("{spec}\n"));
    repo.git(&["add", "."]);
    place.ok(&["check", "model", "--staged"]);
    // The text is that of another licence, or gone from the commit.
    let named = ["LICENSE", "LICENSE.txt", "LICENCE"];
    let name = named.into_iter().find(|name| repo.path(name).exists()).unwrap();
    let text = "MIT License\n\nCopyright (c) 2024 A\n\nPermission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files (the \"Software\"), to deal in the Software without restriction, including without limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is furnished to do so, subject to the following conditions:\n\nThe above copyright notice and this permission notice shall be included in all copies or substantial portions of the Software.\n\nTHE SOFTWARE IS PROVIDED \"AS IS\", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.\n";
    repo.write(name, text);
    repo.git(&["add", "."]);
    place.finds(&["check", "model", "--staged"], "licence-mismatch", 0);
    place.finds(&["check", "model", "--staged", "--strict"], "licence-mismatch", 10);
    repo.git(&["rm", "--quiet", "--cached", name]);
    place.finds(&["check", "model", "--staged"], "licence-file-missing", 2);
}

#[test]
fn pointers_pickles_headers_and_large_files_are_looked_at() {
    let (place, repo) = place();
    let weights = pkg_tests::safetensors(b"0123456789abcdef");
    let pointer = repo.lfs(&weights);
    repo.write("more.safetensors", &pointer);
    repo.git(&["add", "."]);
    place.ok(&["check", "model", "--staged"]);
    fs::remove_dir_all(repo.path(".git/lfs")).unwrap();
    place.finds(&["check", "model", "--staged"], "lfs-object-missing", 2);
    // The object of a pointer is looked at like the file itself.
    let pointer = repo.lfs(b"no safetensors");
    repo.write("more.safetensors", &pointer);
    repo.git(&["add", "."]);
    place.finds(&["check", "model", "--staged"], "bad-weight-header", 2);
    repo.write("more.safetensors", "nonsense");
    repo.git(&["add", "."]);
    let out = place.finds(&["check", "model", "--staged"], "bad-weight-header", 2);
    assert_eq!(out.json()["result"]["found"][0]["path"], "more.safetensors");
    repo.git(&["rm", "--quiet", "--force", "more.safetensors"]);
    repo.write("old.pkl", b"\x80\x04\x95.");
    repo.git(&["add", "."]);
    let out = place.finds(&["check", "model", "--staged"], "pickle-weights", 0);
    assert!(out.stdout.contains("--plugin pickle"), "{out:?}");
    repo.write("large.dat", vec![0; 10_000_001]);
    repo.git(&["add", "."]);
    place.finds(&["check", "model", "--staged"], "large-file-not-in-lfs", 2);
    // Larger than what is taken out of a repository, which was no reason to let it pass.
    repo.git(&["rm", "--quiet", "--cached", "large.dat"]);
    repo.write("large.dat", vec![0; (64 << 20) + 1]);
    repo.git(&["add", "."]);
    place.finds(&["check", "model", "--staged"], "large-file-not-in-lfs", 2);
    // Text that is too large to be searched is told, and is no pass.
    repo.git(&["rm", "--quiet", "--cached", "large.dat"]);
    fs::remove_file(repo.path("large.dat")).unwrap();
    repo.write("large.txt", "word\n".repeat(1_000_000));
    repo.git(&["add", "."]);
    let out = place.finds(&["check", "model", "--staged"], "check-skipped", 0);
    assert_eq!(out.json()["result"]["tooLarge"], serde_json::json!(["large.txt"]));
}
