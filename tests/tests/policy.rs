//! `pkg policy`: the file, decisions over facts, and what is printed.

use std::fs;

use pkg_tests::{Out, Place, repository};
use serde_json::{Value, json};

/// A place with the good fixtures in it.
fn place() -> Place {
    let place = Place::new();
    for entry in fs::read_dir(repository().join("fixtures/policies/good")).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, place.path(path.file_name().unwrap().to_str().unwrap())).unwrap();
    }
    place
}

fn schema(name: &str) -> Value {
    serde_json::from_str(&Place::new().ok(&["schema", name]).stdout).unwrap()
}

fn assert_fits(schema: &Value, document: &Value) {
    let validator = jsonschema::validator_for(schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(document).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}\n{document:#}");
}

/// Changes the facts of the fixture.
fn edit_facts(place: &Place, edit: impl FnOnce(&mut Value)) {
    let path = place.path("facts.json");
    let mut facts = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    edit(&mut facts);
    fs::write(path, serde_json::to_vec(&facts).unwrap()).unwrap();
}

const DECIDE: [&str; 5] = ["policy", "check", "policy.toml", "--facts", "facts.json"];

#[test]
fn the_examples_of_the_help_texts_run() {
    let place = place();
    for help in [vec!["policy"], vec!["policy", "check"], vec!["policy", "explain"]] {
        let text = place.ok(&[help.as_slice(), &["--help"]].concat()).stdout;
        let examples: Vec<&str> =
            text.lines().filter_map(|line| line.trim().strip_prefix("pkg ")).collect();
        assert!(!examples.is_empty(), "{text}");
        for example in examples {
            place.ok(&example.split_whitespace().collect::<Vec<_>>());
        }
    }
}

#[test]
fn a_policy_is_checked_explained_and_decides() {
    let place = place();
    let text = place.ok(&["policy", "check", "policy.toml"]).stdout;
    assert_eq!(text, "policy.toml can be applied: 8 active rules\n");
    let text = place.ok(&["policy", "explain", "policy.toml"]).stdout;
    assert!(text.starts_with("What a release must have before it goes to production.\n"), "{text}");
    assert!(text.contains("two-of-three (enforce): at least 2 different signers"), "{text}");
    assert!(text.contains("\nrelease-team:\n  alice: ecdsa-p256 key "), "{text}");
    let text = place.ok(&DECIDE).stdout;
    assert!(text.starts_with("ALLOWED by policy.toml\n"), "{text}");
    assert!(text.contains("met  enforce  two-of-three"), "{text}");
    edit_facts(&place, |facts| facts["signatures"] = json!([]));
    let out = place.finds(&DECIDE, "policy-refused", 11);
    assert!(out.codes().contains(&"policy-warning".to_owned()), "{out:?}");
    let out = place.run(&DECIDE);
    assert!(out.stdout.starts_with("REFUSED by policy.toml\n"), "{out:?}");
    assert!(out.stderr.contains("error[policy-refused]: two-of-three: 0 of 2 needed"), "{out:?}");
}

#[test]
fn json_fits_its_schema_in_success_and_failure() {
    let place = place();
    let conforms = |command: &str, out: Out| {
        let json = out.json();
        assert_eq!((&json["command"], &json["exitCode"]), (&json!(command), &json!(out.code)));
        assert_fits(&schema(&format!("output-{command}")), &json);
        assert_eq!(out.stderr, "");
        json
    };
    let run = |args: &[&str]| place.run(&[args, &["--json"]].concat());
    let json = conforms("policy-check", run(&DECIDE));
    assert_eq!(json["result"]["decision"]["allowed"], json!(true));
    let rule = &json["result"]["decision"]["rules"][0];
    assert_eq!(rule["id"], "two-of-three");
    assert_eq!(rule["kind"], "signed-by");
    assert_eq!(rule["facts"]["needed"], 2);
    assert_eq!(rule["facts"]["counted"].as_array().unwrap().len(), 2);
    conforms("policy-check", run(&["policy", "check", "policy.toml"]));
    conforms("policy-explain", run(&["policy", "explain", "policy.toml"]));
    conforms("policy-check", run(&["policy", "check", "nowhere.toml"]));
    conforms("policy-explain", run(&["policy", "explain", "size.rego"]));
    edit_facts(&place, |facts| facts["findings"] = Value::Null);
    conforms("policy-check", run(&DECIDE));
}

#[test]
fn the_fixtures_fit_the_schemas_of_policies_and_facts() {
    let place = place();
    let policy: toml::Table =
        fs::read_to_string(place.path("policy.toml")).unwrap().parse().unwrap();
    let policy = serde_json::to_value(policy).unwrap();
    assert_fits(&schema("policy-toml"), &policy);
    let facts: Value =
        serde_json::from_slice(&fs::read(place.path("facts.json")).unwrap()).unwrap();
    assert_fits(&schema("policy-facts"), &facts);
    let validator = jsonschema::validator_for(&schema("policy-toml")).unwrap();
    for (pointer, value) in [
        ("/rule/0/mode", json!("sometimes")),
        ("/rule/0/component", json!({ "kind": "weights" })),
        ("/rule/5/component/kind", json!("wieghts")),
        ("/rule/7/forbid-finding/codes", json!(["no-such-code"])),
        ("/signers/0/unknown", json!(1)),
    ] {
        let mut wrong = policy.clone();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        wrong.pointer_mut(parent).unwrap()[key] = value;
        assert!(!validator.is_valid(&wrong), "{pointer}");
    }
}

#[test]
fn what_is_wrong_with_a_policy_is_named_with_its_place() {
    let place = place();
    let bad = repository().join("fixtures/policies/bad");
    for (name, code) in [
        ("unknown-key", "policy-unknown-key"),
        ("repeated-key", "policy-repeated-key"),
        ("only-warnings", "policy-decides-nothing"),
        ("key-outside", "policy-file-outside"),
        ("rego-damaged", "rego-invalid"),
        ("version-2", "policy-version"),
    ] {
        let path = bad.join(format!("{name}.toml"));
        place.finds(&["policy", "check", path.to_str().unwrap()], code, 2);
    }
    let out = place.run(&["policy", "check", bad.join("unknown-key.toml").to_str().unwrap()]);
    assert!(out.stderr.contains("line 5, column 15: "), "{out:?}");
    assert!(out.stderr.contains("did you mean `kind`?"), "{out:?}");
    place.finds(&["policy", "check", "nowhere.toml"], "path-not-found", 2);
    fs::write(place.path("facts.json"), "{").unwrap();
    place.finds(&DECIDE, "policy-facts-invalid", 2);
}

#[test]
fn a_link_to_a_policy_is_followed_and_its_files_are_found_beside_it() {
    let place = place();
    fs::create_dir(place.path("current")).unwrap();
    std::os::unix::fs::symlink("../policy.toml", place.path("current/policy.toml")).unwrap();
    place.ok(&["policy", "check", "current/policy.toml"]);
}

#[test]
fn special_files_are_no_policies() {
    let place = place();
    pkg_tests::mkfifo(&place.path("pipe.toml"));
    place.finds(&["policy", "check", "pipe.toml"], "special-file", 2);
    place.finds(&["policy", "check", "policy.toml", "--facts", "pipe.toml"], "special-file", 2);
    let keys = fs::read_to_string(place.path("policy.toml")).unwrap();
    fs::write(place.path("policy.toml"), keys.replace("alice.pub", "pipe.toml")).unwrap();
    place.finds(&["policy", "check", "policy.toml"], "special-file", 2);
}

#[test]
fn text_of_others_does_not_reach_the_terminal_unseen() {
    let place = place();
    edit_facts(&place, |facts| {
        facts["findings"] =
            json!([{ "code": "x", "severity": "error", "subject": "a\u{1b}[2Jb\u{202e}" }]);
    });
    let out = place.run(&DECIDE);
    assert_eq!(out.code, Some(11));
    assert!(!out.stdout.contains('\u{1b}') && !out.stderr.contains('\u{1b}'), "{out:?}");
    assert!(out.stdout.contains("a\u{fffd}[2Jb\u{fffd}"), "{out:?}");
}

/// A place with a policy that enforces one rule in Rego.
fn with_rego(text: &str) -> Place {
    let place = place();
    let policy = "version = 1\n[[rule]]\nid = \"rego\"\nrego = { file = \"rule.rego\" }\n";
    fs::write(place.path("policy.toml"), policy).unwrap();
    fs::write(place.path("rule.rego"), format!("package pkg\n\n{text}\n")).unwrap();
    place
}

#[test]
fn rego_decides_and_gives_its_reasons() {
    with_rego("allow if input.release.name == \"small-model\"").ok(&DECIDE);
    let place = with_rego("allow := {\"allow\": false, \"reasons\": [\"it is Monday\"]}");
    let out = place.finds(&DECIDE, "policy-refused", 11);
    assert!(out.stdout.contains("`data.pkg.allow` refuses it: it is Monday"), "{out:?}");
    let out = with_rego("allow if input.release.name == \"x\"").run(&DECIDE);
    assert_eq!(out.code, Some(11));
    assert!(out.stdout.contains("is undefined, so the answer is unknown"), "{out:?}");
}

/// Each of these would end the whole program with a signal, or never, if it
/// were evaluated in it without limits.
#[test]
fn rego_without_end_depth_or_size_is_an_error_of_the_rule() {
    let doubled: String =
        (1..60).map(|n| format!("x{n} := concat(\"\", [x{0}, x{0}])\n", n - 1)).collect();
    let chain: String = (0..5000).map(|n| format!("f{n}(x) := f{}(x)\n", n + 1)).collect();
    for (text, why) in [
        ("f(x) := f(x + 1)\nallow if f(1) > 0".to_owned(), "more memory, time or depth"),
        ("f(x) := g(x)\ng(x) := f(x)\nallow if f(1)".to_owned(), "more memory, time or depth"),
        (format!("{chain}f5000(x) := x\nallow if f0(1)"), "more memory, time or depth"),
        (format!("x0 := \"ab\"\n{doubled}allow if count(x59) > 0"), "more memory, time or depth"),
        ("allow if json.unmarshal(\"{\")".to_owned(), "could not deserialize json"),
    ] {
        let out = with_rego(&text).finds(&DECIDE, "policy-rule-error", 11);
        assert!(out.stdout.contains(why), "{text}: {out:?}");
    }
}

#[test]
fn a_rule_that_only_warns_does_not_refuse_by_an_error() {
    let place = with_rego("f(x) := f(x + 1)\nallow if f(1) > 0");
    let policy = fs::read_to_string(place.path("policy.toml")).unwrap();
    let weights = "[[rule]]\nid = \"w\"\ncomponent = { kind = \"weights\" }\n";
    let policy = policy.replace("id = \"rego\"", "id = \"rego\"\nmode = \"warn\"") + weights;
    fs::write(place.path("policy.toml"), policy).unwrap();
    place.finds(&DECIDE, "policy-warning", 0);
}

#[test]
fn rego_that_cannot_be_compiled_in_time_is_refused() {
    let deep = format!("allow := {}1{}", "[".repeat(5000), "]".repeat(5000));
    with_rego(&deep).finds(&["policy", "check", "policy.toml"], "rego-invalid", 2);
}
