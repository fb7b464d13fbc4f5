//! The releases people argue about: each report as it was read by a person, and the
//! facts that must be in it.

use std::path::PathBuf;

use pkg_tests::{Place, repository};
use serde_json::Value;

fn folders() -> Vec<PathBuf> {
    let all = std::fs::read_dir(repository().join("fixtures/releases")).unwrap();
    let mut all: Vec<PathBuf> = all.map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

fn report(name: &str) -> Value {
    let spec = repository().join("fixtures/releases").join(name).join("pkg.toml");
    Place::new().ok(&["report", spec.to_str().unwrap(), "--json"]).json()["result"].clone()
}

fn lines(report: &Value, list: &str) -> String {
    let lines = report[list].as_array().unwrap();
    lines.iter().map(|line| line.as_str().unwrap()).collect::<Vec<_>>().join("\n")
}

fn codes(report: &Value) -> Vec<&str> {
    let findings = report["findings"].as_array().unwrap();
    findings.iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

/// The first screen is kept beside each description. `PKG_TEST_WRITE=1` writes them
/// anew; read what changed before it is kept.
#[test]
fn every_report_reads_as_it_was_read() {
    let folders = folders();
    assert_eq!(folders.len(), 29);
    let place = Place::new();
    let mut wrong = Vec::new();
    for folder in folders {
        let spec = folder.join("pkg.toml");
        let text = place.ok(&["report", spec.to_str().unwrap()]).stdout;
        assert!(text.lines().count() <= 24, "{text}");
        let kept = folder.join("report.txt");
        if std::env::var_os("PKG_TEST_WRITE").is_some() {
            std::fs::write(&kept, &text).unwrap();
        } else if std::fs::read_to_string(&kept).unwrap_or_default() != text {
            wrong.push(format!("{}:\n{text}", kept.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn labels_are_those_that_the_facts_give() {
    for (name, label) in [
        ("grok-1", "Open Weights AI (as stated)"),
        ("grok-2", "Weights Available AI (as stated)"),
        ("llama-2-7b", "Weights Available AI (as stated)"),
        ("gemma-2-9b", "Weights Available AI (as stated)"),
        ("gemma-4", "Open Weights AI (as stated)"),
        ("mistral-7b", "Open Weights AI (as stated)"),
        ("mistral-large-2", "Weights Available AI (as stated)"),
        ("bloom", "Weights Available AI (as stated)"),
        ("olmo-7b", "Open Source AI with Open Data (as stated)"),
        ("amber", "Open Source AI with Open Data (as stated)"),
        ("pythia-12b", "Open Weights AI (as stated); Open Source AI needs a signed statement"),
        ("gpt-4", "no label: the weights are not released"),
    ] {
        assert_eq!(report(name)["label"], label, "{name}");
    }
}

#[test]
fn limits_are_there_with_clause_and_date() {
    for (name, list, words) in [
        ("llama-2-70b-chat", "depends", &["700 000 000", "2023-07-18", "2)"][..]),
        ("llama-3.1-8b", "depends", &["700 000 000", "2024-07-23"]),
        ("dbrx", "depends", &["700 000 000", "2024-03-27", " 3)"]),
        ("stable-diffusion-3.5", "depends", &["1 000 000 USD", "III"]),
        ("llama-2-7b", "mayNot", &["outputs may not train or improve other models", "1.b.v"]),
        ("dbrx", "mayNot", &["outputs may not train or improve other models", "2.3"]),
        ("stable-diffusion-1.5", "mayNot", &["11 uses", "5"]),
        ("bloom", "mayNot", &["13 uses"]),
        ("starcoder", "mayNot", &["14 uses"]),
        ("palmyra-med-70b", "mayNot", &["use commercially"]),
        ("mistral-large-2", "mayNot", &["use commercially", "3.2"]),
        ("sdxl-turbo", "mayNot", &["use commercially"]),
        ("gemma-1-7b", "must", &["imitate", "1.1(e)"]),
        ("llama-3.1-8b", "must", &["Built with Llama", "1.b.i"]),
    ] {
        let text = lines(&report(name), list);
        for word in words {
            assert!(text.contains(word), "{name} {list}: no {word:?} in\n{text}");
        }
    }
}

#[test]
fn withdrawn_data_and_policies_that_can_change_are_findings() {
    for (name, code) in [
        ("stable-diffusion-1.5", "data-withdrawn"),
        ("pythia-12b", "data-withdrawn"),
        ("cerebras-gpt", "data-withdrawn"),
        ("redpajama-incite", "data-withdrawn"),
        ("llama-2-7b", "policy-not-kept"),
        ("gemma-2-9b", "policy-not-kept"),
        ("sdxl-turbo", "terms-dropped"),
    ] {
        let report = report(name);
        assert!(codes(&report).contains(&code), "{name}: {:?}", codes(&report));
    }
    assert!(codes(&report("olmo-7b")).is_empty());
}

#[test]
fn what_is_only_linked_never_meets_a_definition() {
    for folder in folders() {
        let name = folder.file_name().unwrap().to_str().unwrap();
        for definition in report(name)["definitions"].as_array().unwrap() {
            assert_ne!(definition["verdict"], "met", "{name}: {definition:#}");
        }
    }
}
