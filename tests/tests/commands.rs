//! Every command: its help, its example, its JSON and its schema.

use pkg_tests::{Out, Place};
use serde_json::Value;

/// Commands, as `pkg help` and the help of each list them: `verify`, `policy check`.
fn commands() -> Vec<Vec<String>> {
    let mut found = Vec::new();
    collect(&[], &mut found);
    found.sort();
    found
}

fn collect(above: &[String], found: &mut Vec<Vec<String>>) {
    let mut args: Vec<&str> = above.iter().map(String::as_str).collect();
    args.push("--help");
    let help = Place::new().ok(&args).stdout;
    let list = help.split("Commands:\n").nth(1);
    if list.is_none() || help.contains("\nArguments:") {
        found.push(above.to_vec());
    }
    let list = list.unwrap_or_default().split("\n\n").next().unwrap();
    // Continued lines are indented further.
    let lines = list.lines().filter_map(|line| line.strip_prefix("  "));
    for name in lines.filter(|line| !line.starts_with(' ')) {
        let name = name.split_whitespace().next().unwrap();
        if name != "help" {
            collect(&[above, &[name.to_owned()]].concat(), found);
        }
    }
}

/// Examples that need services, plugins, or what others export: run in the tests of
/// signing by identity, of the trusted root, of the log, of attestations, of plugins and
/// of registries.
const ELSEWHERE: [&str; 14] = [
    "check --staged",
    "hook ",
    "bench ",
    "golden ",
    "pull ",
    "push ",
    "plugin ",
    "release ",
    "--keyless",
    "--import",
    "sigstore sign-bundle",
    "sigstore verify-bundle",
    "trust update",
    "trust monitor",
];

/// Commands whose examples make what those of others need, first.
const FIRST: [&str; 5] = ["init", "pack", "keygen", "sign", "encode"];

fn schema(name: &str) -> Value {
    let out = Place::new().ok(&["schema", name]);
    serde_json::from_str(&out.stdout).unwrap()
}

fn conforms(command: &str, out: &Out) {
    let schema = schema(&format!("output-{command}"));
    let json = out.json();
    assert_eq!(json["command"], command);
    assert_eq!(json["exitCode"], out.code.unwrap());
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&json).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{command}: {errors:?}\n{json:#}");
}

#[test]
fn every_command_has_help_with_an_example_of_itself() {
    let commands = commands();
    assert!(commands.len() >= 14, "{commands:?}");
    for command in commands {
        let mut args: Vec<&str> = command.iter().map(String::as_str).collect();
        let name = command.join(" ");
        args.push("--help");
        let help = Place::new().ok(&args).stdout;
        let example = help.split("Example").nth(1).unwrap_or_else(|| panic!("{name}: no example"));
        assert!(example.contains(&format!("  pkg {name}")), "{name}: {example}");
        for option in ["--json", "--quiet"] {
            assert!(help.contains(option), "{name}: {option}");
        }
    }
}

/// Runs the examples of the help texts, in an order in which they can run.
#[test]
fn the_examples_of_the_help_texts_run() {
    let place = Place::with_model();
    place.example_files();
    let mut all = commands();
    all.sort_by_key(|command| FIRST.iter().position(|name| *name == command[0]).unwrap_or(9));
    let mut ran = 0;
    for command in all {
        let mut args: Vec<&str> = command.iter().map(String::as_str).collect();
        args.push("--help");
        let help = place.ok(&args).stdout;
        let examples = help.split("Example").nth(1).unwrap();
        for line in examples.lines().filter_map(|line| line.trim().strip_prefix("pkg ")) {
            if ELSEWHERE.iter().any(|words| line.contains(words)) {
                continue;
            }
            let digest =
                if line.contains("sha256:<") { place.digest("model.pkg") } else { String::new() };
            let line = line.replace("sha256:<64 hex digits>", &digest);
            let args: Vec<&str> = line.split_whitespace().collect();
            let args: Vec<&str> = args.iter().map(|arg| arg.trim_end_matches('/')).collect();
            place.ok(&args);
            ran += 1;
        }
    }
    assert!(ran >= 14, "{ran}");
}

#[test]
fn json_of_every_command_fits_its_schema_in_success_and_failure() {
    let place = Place::signed();
    place.example_files();
    git2::Repository::init(place.path("model")).unwrap();
    for args in [
        vec!["check", "model"],
        vec!["check", "model", "--staged"],
        vec!["check", "nowhere"],
        vec!["hook", "install", "-C", "model"],
        vec!["hook", "list", "-C", "model"],
        vec!["hook", "list", "-C", "nowhere"],
        vec!["hook", "uninstall", "-C", "model"],
        vec!["init", "model", "--dry-run"],
        vec!["pack", "model", "-o", "again.pkg"],
        vec!["keygen", "--no-passphrase", "-o", "n"],
        vec!["sign", "again.pkg", "--key", "n.key"],
        vec!["verify", "m.pkg", "--key", "k.pub"],
        vec!["verify", "m.pkg", "--key", "n.pub"],
        vec!["show", "m.pkg"],
        vec!["unpack", "m.pkg", "out"],
        vec!["encode", "m.pkg", "c.tar"],
        vec!["encode", "nowhere", "d.tar"],
        vec!["decode", "c.tar", "decoded.pkg"],
        vec!["decode", "nowhere", "d.pkg"],
        vec!["attest", "m.pkg", "--type", "urn:x", "--predicate", "tests.json", "--key", "k.key"],
        vec!["attest", "m.pkg", "--type", "svr", "--predicate", "tests.json", "--key", "k.key"],
        vec!["attest", "list", "m.pkg", "--key", "k.pub"],
        vec!["attest", "show", "m.pkg"],
        vec!["attest", "verify", "m.pkg", "--key", "k.pub"],
        vec!["attest", "verify", "m.pkg", "--type", "svr", "--key", "k.pub"],
        vec!["attest", "export", "m.pkg", "-o", "claims.jsonl"],
        vec!["attest", "m.pkg", "--import", "claims.jsonl"],
        vec!["report", "model.yml"],
        vec!["report", "model.yml", "--mot-compat"],
        vec!["report", "m.pkg"],
        vec!["report", "m.pkg", "--adopter", "mau=1,use=commercial"],
        vec!["report", "model", "--format", "html", "-o", "page.html"],
        vec!["report", "nowhere"],
        vec!["notice", "m.pkg", "-o", "notices"],
        vec!["notice", "nowhere", "-o", "other"],
        vec!["diff", "m.pkg", "model"],
        vec!["diff", "m.pkg", "nowhere"],
        vec!["lineage", "m.pkg", "again.pkg"],
        vec!["lineage", "model", "m.pkg"],
        vec!["show", "m.pkg", "--adopter", "use=research"],
        vec!["verify", "m.pkg", "--key", "k.pub", "--adopter", "use=research"],
        vec!["demo"],
        vec!["explain", "digest-mismatch"],
        vec!["schema"],
        vec!["completions", "bash"],
        vec!["init", "nowhere"],
        vec!["pack", "nowhere", "-o", "x"],
        vec!["keygen", "--no-passphrase", "-o", "k"],
        vec!["sign", "nowhere", "--key", "k.key"],
        vec!["verify", "nowhere", "--key", "k.pub"],
        vec!["show", "nowhere"],
        vec!["unpack", "m.pkg", "out"],
        vec!["explain", "no-such-code"],
        vec!["schema", "no-such-schema"],
    ] {
        let mut all = args.clone();
        all.push("--json");
        let out = place.run(&all);
        let below = ["list", "show", "verify", "export"];
        match (args[0], args.get(1)) {
            ("attest", Some(name)) if below.contains(name) => {
                conforms(&format!("attest-{name}"), &out);
            }
            ("attest", _) if args.contains(&"--import") => conforms("attest-import", &out),
            ("hook", Some(name)) => conforms(&format!("hook-{name}"), &out),
            (name, _) => conforms(name, &out),
        }
        assert_eq!(out.stderr, "", "{args:?}");
    }
}

#[test]
fn documents_of_a_bundle_fit_their_schemas() {
    let place = Place::signed();
    let layout = pkg_tests::Layout::at(&place.path("m.pkg"));
    for (name, document) in [("release", layout.document(0)), ("files", layout.document(1))] {
        let validator = jsonschema::validator_for(&schema(name)).unwrap();
        assert!(validator.is_valid(&document), "{name}: {document:#}");
    }
    let spec: toml_value::Value = toml_value::parse(pkg_tests::SPEC);
    assert!(jsonschema::validator_for(&schema("pkg-toml")).unwrap().is_valid(&spec.0), "{spec:?}");
}

/// pkg.toml as JSON, through the program's own reader: what packs is valid.
mod toml_value {
    #[derive(Debug)]
    pub struct Value(pub serde_json::Value);

    pub fn parse(text: &str) -> Value {
        let table: toml::Table = text.parse().unwrap();
        Value(serde_json::to_value(table).unwrap())
    }
}

#[test]
fn quiet_says_nothing_unless_something_is_wrong() {
    let place = Place::signed();
    let out = place.ok(&["verify", "m.pkg", "--key", "k.pub", "--quiet"]);
    assert_eq!((out.stdout.as_str(), out.stderr.as_str()), ("", ""));
    let out = place.run(&["verify", "m.pkg", "--quiet"]);
    assert!(
        out.stdout.is_empty() && out.stderr.starts_with("error[key-needed]: m.pkg:"),
        "{out:?}"
    );
    assert!(out.stderr.contains("next: "), "{out:?}");
}

#[test]
fn wrong_usage_ends_with_2_and_help_with_0() {
    let place = Place::new();
    for args in [vec![], vec!["pakc"], vec!["verify"], vec!["verify", "x", "--only", "wieghts"]] {
        assert_eq!(place.run(&args).code, Some(2), "{args:?}");
    }
    for args in [vec!["--help"], vec!["--version"], vec!["help", "verify"]] {
        place.ok(&args);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let place = Place::signed();
    let mut shell = std::process::Command::new("bash");
    let script = "set -o pipefail; \"$0\" verify m.pkg --key k.pub | true";
    shell.arg("-c").arg(script).arg(pkg_tests::binary()).current_dir(place.path("."));
    let out = place.finish(&mut shell);
    assert_eq!(out.code, Some(0), "{out:?}");
}

#[test]
fn every_finding_code_is_explained() {
    let place = Place::new();
    let all = place.ok(&["explain", "--json"]).json();
    let codes = all["result"]["codes"].as_array().unwrap();
    assert!(codes.len() > 60);
    for code in codes.iter().step_by(10) {
        let code = code["code"].as_str().unwrap();
        let text = place.ok(&["explain", code]).stdout;
        assert!(text.starts_with(code) && text.contains("next: ") && text.contains("exit code: "));
    }
}
