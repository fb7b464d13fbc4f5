//! `pkg release`, from a folder or a commit to registries.

use std::fs;
use std::process::Command;

use pkg_rig::TokenSpec;
use pkg_rig::registry::{Failure, Fault, Registry};
use pkg_tests::keyless::Keyless;
use pkg_tests::registry::{both, oci};
use pkg_tests::{Out, Place, wait_until};
use serde_json::Value;

fn place() -> Place {
    let place = Place::with_model();
    place.ok(&["keygen", "--no-passphrase", "-o", "k"]);
    place
}

/// Releases the model with more arguments.
fn release(place: &Place, to: &str, more: &[&str]) -> Out {
    let args = ["release", "model", "--to", to, "--key", "k.key", "--yes", "--json"];
    place.run(&[&args[..], more].concat())
}

fn released(place: &Place, to: &str, more: &[&str]) -> Value {
    let out = release(place, to, more);
    assert_eq!(out.code, Some(0), "{out:?}");
    let schema: Value =
        serde_json::from_str(&place.ok(&["schema", "output-release"]).stdout).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let json = out.json();
    let errors: Vec<String> = validator.iter_errors(&json).map(|it| it.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(json["result"]["released"], true);
    json["result"].clone()
}

/// How each step ended, by name.
fn states(result: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let steps = result["steps"].as_array().unwrap().iter();
    steps.map(|it| (text(&it["step"]), text(&it["state"]))).collect()
}

fn state(result: &Value, step: &str) -> String {
    let all = states(result);
    let found = all.iter().find(|(name, _)| name == step);
    found.unwrap_or_else(|| panic!("no {step} in {all:?}")).1.clone()
}

#[test]
fn a_release_is_in_the_registry_and_verifies_there() {
    both(|host, rig| {
        let place = place();
        let to = oci(host, "lab/m:v1");
        let pages = ["--report", "r.md", "--sarif", "r.sarif", "--badge", "r.svg"];
        let result = released(&place, &to, &[&pages[..], &["--log-file", "log"]].concat());
        let (digest, reference) = (&result["digest"], result["reference"].as_str().unwrap());
        assert_eq!(reference, format!("{}@{}", oci(host, "lab/m"), digest.as_str().unwrap()));
        place.ok(&["verify", reference, "--key", "k.pub"]);
        place.ok(&["verify", &to, "--key", "k.pub", "--digest", digest.as_str().unwrap()]);
        if let Some(rig) = rig {
            assert_eq!(rig.tag("lab/m", "v1").as_deref(), digest.as_str());
        }
        let page = fs::read_to_string(place.path("r.md")).unwrap();
        assert!(page.starts_with("## Released") && page.contains(digest.as_str().unwrap()));
        assert!(fs::read_to_string(place.path("r.svg")).unwrap().starts_with("<svg"));
        let log = fs::read_to_string(place.path("log")).unwrap();
        let lines: Vec<Value> =
            log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let ended = lines.iter().filter(|line| line["state"] != "started").count();
        assert_eq!(ended, result["steps"].as_array().unwrap().len());
        let schema: Value =
            serde_json::from_str(&place.ok(&["schema", "release-log"]).stdout).unwrap();
        let validator = jsonschema::validator_for(&schema).unwrap();
        assert!(lines.iter().all(|line| validator.is_valid(line)), "{log}");
    });
}

#[test]
fn a_second_release_sends_nothing_and_signs_nothing() {
    let (place, rig) = (place(), Registry::start());
    let to = oci(&rig.host(), "m:v1");
    let first = released(&place, &to, &[]);
    let before = rig.log().len();
    let second = released(&place, &to, &[]);
    assert_eq!(first["digest"], second["digest"]);
    for step in ["pack", "target", "sign", "push", "tag"] {
        assert_eq!(state(&second, step), "skipped", "{step}");
    }
    // What was proved once is proved again.
    for step in ["check", "verify", "reverify"] {
        assert_eq!(state(&second, step), "done", "{step}");
    }
    let log = rig.log_after(before);
    let sent: Vec<_> = log.iter().filter(|it| it.target.contains("/uploads/")).collect();
    assert!(sent.is_empty(), "{sent:#?}");
}

#[test]
fn a_plan_does_nothing() {
    let (place, rig) = (place(), Registry::start());
    let to = oci(&rig.host(), "m:v1");
    let args = ["release", "model", "--to", &to, "--key", "nowhere.key", "--dry-run", "--json"];
    let out = place.ok(&args).json();
    let plan = out["result"]["plan"].as_array().unwrap();
    assert!(plan.iter().any(|it| it["step"] == "tag") && out["result"]["released"] == false);
    assert!(rig.log().iter().all(|it| matches!(it.method.as_str(), "GET" | "HEAD")));
    assert_eq!(place.names(), ["k.key", "k.pub", "model"]);
    assert!(!place.path(".cache/releases").exists());
    // Nobody is there to be asked.
    place.finds(&["release", "model", "--to", &to, "--key", "k.key"], "release-not-confirmed", 2);
    assert_eq!(rig.manifests("m"), Vec::<String>::new());
}

#[test]
fn a_tag_is_not_taken_from_another_release() {
    both(|host, _| {
        let place = place();
        let to = oci(host, "m:v1");
        let first = released(&place, &to, &[]);
        fs::write(place.path("model/README.md"), "# Another\n").unwrap();
        let out = release(&place, &to, &[]).expect("tag-taken", 2);
        assert_eq!(out.json()["result"]["stopped"], "target");
        place.ok(&["verify", &to, "--key", "k.pub", "--digest", first["digest"].as_str().unwrap()]);
        let moved = released(&place, &to, &["--move-tag"]);
        assert_ne!(moved["digest"], first["digest"]);
        place.ok(&["verify", &to, "--key", "k.pub", "--digest", moved["digest"].as_str().unwrap()]);
    });
}

const REFUSING: &str = "version = 1\ndescription = \"d\"\n\n[[signers]]\nname = \"us\"\n\n\
    [[signers.member]]\nkey = \"k.pub\"\n\n[[rule]]\nid = \"tested\"\n\
    attestation = { predicate-type = \"https://example.org/x\", signers = [\"us\"] }\n";

#[test]
fn what_fails_after_the_push_leaves_no_tag() {
    let (place, rig) = (place(), Registry::start());
    fs::write(place.path("policy.toml"), REFUSING).unwrap();
    let to = oci(&rig.host(), "m:v1");
    let more = ["--policy", "policy.toml", "--report", "r.md", "--log-file", "log"];
    let out = release(&place, &to, &more).expect("policy-refused", 11);
    assert_eq!(out.json()["result"]["stopped"], "reverify");
    assert_eq!((rig.tag("m", "v1"), rig.manifests("m").is_empty()), (None, false));
    let page = fs::read_to_string(place.path("r.md")).unwrap();
    assert!(page.contains("Not released") && page.contains("policy-refused"), "{page}");
    let log = fs::read_to_string(place.path("log")).unwrap();
    assert!(!log.contains("\"step\":\"tag\"") && log.contains("\"exit\":11"), "{log}");
}

#[test]
fn a_registry_that_serves_something_else_gets_no_tag() {
    let (place, rig) = (place(), Registry::start());
    let to = oci(&rig.host(), "m:v1");
    rig.fail(Failure::new(Fault::WrongContent).on("GET").at("/blobs/"));
    let out = release(&place, &to, &[]);
    assert_eq!(out.code, Some(10), "{out:?}");
    assert_eq!(rig.tag("m", "v1"), None);
    rig.heal();
    let result = released(&place, &to, &[]);
    assert_eq!(state(&result, "push"), "skipped");
}

#[test]
fn a_release_that_was_killed_goes_on() {
    let (place, rig) = (Place::signed_with_weights(20 << 20), Registry::start());
    let to = oci(&rig.host(), "m:v1");
    rig.fail(Failure::new(Fault::Hold(1 << 20)).on("PATCH"));
    let args = ["release", "model", "--to", &to, "--key", "k.key", "--yes", "--log-file", "log"];
    let mut child = place.start(&args);
    assert!(wait_until(|| rig.held() > 0), "{:#?}", rig.log());
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success());
    rig.heal();
    assert_eq!(rig.tag("m", "v1"), None);
    let log = || fs::read_to_string(place.path("log")).unwrap();
    let lines = |text: &str| -> Vec<Value> {
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let before = lines(&log());
    assert_eq!(before.last().unwrap()["step"], "push");
    assert_eq!(before.last().unwrap()["state"], "started");
    let result = released(&place, &to, &["--log-file", "log"]);
    for step in ["pack", "sign"] {
        assert_eq!(state(&result, step), "skipped", "{step}");
    }
    assert!(lines(&log()).len() > before.len());
    place.ok(&["verify", &to, "--key", "k.pub"]);
}

#[test]
fn what_plugins_find_is_attested_once() {
    let (place, rig) = (place(), Registry::start());
    place.install("pickle");
    let to = oci(&rig.host(), "m:v1");
    let more = ["--plugin", "pickle", "--require", "test-result:pickle"];
    let out = release(&place, &to, &more);
    assert_eq!(out.code, Some(0), "{out:?}");
    let attested = || {
        let args = ["attest", "list", &to, "--type", "test-result", "--key", "k.pub", "--json"];
        place.ok(&args).json()["result"]["attestations"].as_array().unwrap().len()
    };
    assert_eq!(attested(), 1);
    let again = released(&place, &to, &more);
    assert_eq!((state(&again, "attest").as_str(), attested()), ("skipped", 1));
}

#[test]
fn a_reference_must_have_a_tag_and_no_digest() {
    let place = place();
    let digest = format!("oci://h/r@sha256:{}", "0".repeat(64));
    for to in ["oci://h/r", digest.as_str(), "h/r:1", "oci://h"] {
        place.finds(&["release", "model", "--to", to, "--key", "k.key"], "registry-reference", 2);
    }
}

fn git(place: &Place, args: &[&str]) {
    let mut command = Command::new("git");
    command.current_dir(place.path("model")).env_clear().env("PATH", "/usr/bin:/bin");
    command.env("HOME", place.path(".cache")).env("GIT_CONFIG_NOSYSTEM", "1");
    for role in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{role}_NAME"), "t").env(format!("GIT_{role}_EMAIL"), "t@e.org");
    }
    let output = command.args(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_commit_is_released_whatever_the_folder_holds_now() {
    let (place, rig) = (place(), Registry::start());
    let spec = fs::read_to_string(place.path("model/pkg.toml")).unwrap();
    fs::create_dir(place.path("model/train")).unwrap();
    fs::write(place.path("model/train/run.py"), "print()\n").unwrap();
    let code = "\n[[component]]\nkind = \"training-code\"\nlicence = \"MIT\"\n\
                git = { repo = \".\", rev = \"v1\", path = \"train/\" }\n";
    fs::write(place.path("model/pkg.toml"), format!("{spec}{code}")).unwrap();
    for args in [
        &["init", "-q", "-b", "main"][..],
        &["add", "-A"],
        &["commit", "-qm", "one"],
        &["tag", "v1"],
    ] {
        git(&place, args);
    }
    fs::write(place.path("model/pkg.toml"), "nonsense").unwrap();
    let to = oci(&rig.host(), "m:v1");
    let result = released(&place, &to, &["--from-git", "v1"]);
    place.ok(&["verify", &to, "--key", "k.pub", "--against", "model"]);
    let again = released(&place, &to, &["--from-git", "v1"]);
    assert_eq!(result["digest"], again["digest"]);
    assert_eq!(state(&again, "checkout"), "skipped");
    release(&place, &to, &["--from-git", "nowhere"]).expect("git-repository", 2);
}

#[test]
fn a_folder_with_a_secret_is_not_released() {
    let (place, rig) = (place(), Registry::start());
    let card = format!("# m\n\ntoken: hf_{}\n", "Zr4TqYv8KwNb2LxHs6JdPc9FgMu3Ea7RkW");
    fs::write(place.path("model/README.md"), card).unwrap();
    let out = release(&place, &oci(&rig.host(), "m:v1"), &[]).expect("secret-found", 10);
    assert_eq!(out.json()["result"]["stopped"], "check");
    assert!(rig.log().iter().all(|it| matches!(it.method.as_str(), "GET" | "HEAD")));
}

/// The generic script, in a pipeline of GitLab with the stand-ins for Sigstore.
#[test]
fn a_pipeline_releases_by_its_identity() {
    let (test, rig) = (Keyless::new(Place::with_model()), Registry::start());
    let identity = "https://gitlab.example/lab/model//.gitlab-ci.yml@refs/tags/v1";
    let to = oci(&rig.host(), "m:v1");
    let run = |who: &str| {
        let token = test.rig.token(&TokenSpec::subject(identity));
        let mut command = Command::new("/bin/sh");
        command.arg(pkg_tests::repository().join("docs/pipelines/release.sh"));
        command.current_dir(test.place.path("")).env_clear().env("PATH", "/usr/bin:/bin");
        for (name, folder) in [("CACHE", ".cache"), ("CONFIG", ".cache/c"), ("DATA", ".cache/d")] {
            command.env(format!("PKG_{name}_DIR"), test.place.path(folder));
        }
        command.env("PKG", pkg_tests::binary()).envs([
            ("GITLAB_CI", "true"),
            ("CI_PROJECT_URL", "https://gitlab.example/lab/model"),
            ("CI_SERVER_URL", "https://gitlab.example"),
            ("CI_RUNNER_ID", "12"),
            ("CI_COMMIT_REF_NAME", "v1"),
            ("CI_COMMIT_SHA", "0123456789abcdef0123456789abcdef01234567"),
            ("CI_JOB_NAME", "pkg-release"),
            ("SIGSTORE_ID_TOKEN", token.as_str()),
            ("PKG_RELEASE_TO", to.as_str()),
            ("PKG_RELEASE_FOLDER", "model"),
            ("PKG_RELEASE_KEYLESS", "true"),
            ("PKG_RELEASE_PROVENANCE", "true"),
            ("PKG_RELEASE_TRUST_CONFIG", "trust2.json"),
            ("PKG_RELEASE_IDENTITY", who),
            ("PKG_RELEASE_ISSUER", if who.is_empty() { "" } else { test.rig.url() }),
        ]);
        test.place.finish(&mut command)
    };
    let read = |name: &str| fs::read_to_string(test.place.path(name)).unwrap();
    // Whoever signs is not who was named: nothing is sent.
    let out = run("https://gitlab.example/somebody/else");
    assert_ne!(out.code, Some(0), "{out:?}");
    assert!(rig.log().iter().all(|it| matches!(it.method.as_str(), "GET" | "HEAD")), "{out:?}");
    let out = run("");
    assert_eq!(out.code, Some(0), "{out:?}");
    let env = read("pkg-release/release.env");
    let digest = env.split("PKG_RELEASE_DIGEST=").nth(1).unwrap().trim().to_owned();
    assert_eq!(rig.tag("m", "v1").as_deref(), Some(digest.as_str()));
    let who = ["--identity", identity, "--issuer", test.rig.url(), "--trusted-root", "root.json"];
    test.place.ok(&[&["verify", &to, "--digest", &digest][..], &who].concat());
    let provenance = ["attest", "verify", &to, "--type", "slsa-provenance"];
    test.place.ok(&[&provenance[..], &who].concat());
    // A run that is told who signs knows the signature of the first one.
    let out = run(identity);
    assert_eq!(out.code, Some(0), "{out:?}");
    let log = read("pkg-release/log.jsonl");
    for step in ["sign", "attest", "push", "tag"] {
        let skipped = format!("\"step\":\"{step}\",\"state\":\"skipped\"");
        assert!(log.contains(&skipped), "{step}: {log}");
    }
}
