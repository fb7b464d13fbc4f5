//! Each rule with what it finds and what it lets pass.

use super::{begins, findings, inherited};
use crate::model::kind::Kind;
use crate::model::release::Evidence;
use crate::model::spec::BaseModelSpec;
use crate::openness::subject::{DataPart, Part, Subject};

const LLAMA: &str = "LicenseRef-scancode-llama-3.1-license-2024";

fn made_from(own: &str, base: Option<&str>) -> Subject {
    let weights =
        Part { declared: Some(own.to_owned()), ..Part::claimed(Kind::ModelParametersFinal) };
    let base = BaseModelSpec {
        name: "org/base".to_owned(),
        relation: None,
        digest: None,
        licence: base.map(str::to_owned),
    };
    Subject {
        name: "tuned".to_owned(),
        parts: vec![weights],
        base_models: vec![base],
        paths: vec!["model.safetensors".to_owned()],
        ..Subject::default()
    }
}

fn codes(subject: &Subject) -> Vec<&'static str> {
    findings(subject).iter().map(|finding| finding.code.as_str()).collect()
}

#[test]
fn dropped_terms_are_found_with_their_clause() {
    let subject = made_from("Apache-2.0", Some(LLAMA));
    assert_eq!(
        codes(&subject),
        ["terms-dropped", "notice-missing", "name-prefix", "policy-not-kept"]
    );
    let finding = &findings(&subject)[0];
    assert!(finding.message.contains("clause 1.b.i"), "{}", finding.message);
    assert!(finding.message.contains("Apache-2.0"), "{}", finding.message);
    let mut good = made_from(LLAMA, Some(LLAMA));
    good.name = "Llama-tuned".to_owned();
    good.paths.push("NOTICE.txt".to_owned());
    assert_eq!(codes(&good), ["policy-not-kept"]);
    assert!(inherited(&good)[0].kept && !inherited(&subject)[0].kept);
    good.disclosure.snapshots.push(crate::model::disclosure::Snapshot {
        url: "https://x".to_owned(),
        file: "aup.html".to_owned(),
        fetched: "2026-01-01".to_owned(),
        of: None,
    });
    assert_eq!(codes(&good), [""; 0]);
}

#[test]
fn limits_of_other_kinds_are_found() {
    assert_eq!(codes(&made_from("Apache-2.0", Some("CC-BY-NC-4.0"))), ["nc-dropped"]);
    assert_eq!(codes(&made_from("CC-BY-NC-4.0", Some("CC-BY-NC-4.0"))), [""; 0]);
    assert_eq!(codes(&made_from("MIT", Some("CC-BY-SA-4.0"))), ["sa-dropped"]);
    assert_eq!(codes(&made_from("MIT", Some("Apache-2.0"))), [""; 0]);
    assert_eq!(codes(&made_from("MIT", None)), ["base-terms-unknown"]);
    let rail = "LicenseRef-scancode-stable-diffusion-2022-08-22";
    assert_eq!(codes(&made_from("MIT", Some(rail))), ["terms-dropped"]);
    assert_eq!(codes(&made_from(rail, Some(rail))), [""; 0]);
}

#[test]
fn data_made_with_a_model_is_under_its_terms() {
    let data = |model: &str| DataPart {
        name: "d".to_owned(),
        evidence: Evidence::Claimed,
        class: None,
        role: None,
        licence: None,
        url: None,
        digest: None,
        manifest: None,
        synthetic_from: Some(model.to_owned()),
        withdrawn: None,
        note: None,
    };
    let with = |model: &str| {
        let mut subject = made_from("MIT", Some("MIT"));
        subject.data.push(data(model));
        codes(&subject)
    };
    assert_eq!(with("llama2"), ["output-training"]);
    assert_eq!(with("nobody/knows"), ["output-terms-unknown"]);
    assert_eq!(with("org/base"), [""; 0]);
}

#[test]
fn a_model_is_not_made_from_itself() {
    let mut subject = made_from("MIT", Some("MIT"));
    subject.name = "base".to_owned();
    assert_eq!(codes(&subject), ["base-model-cycle"]);
}

#[test]
fn prefixes_are_compared_by_letter() {
    assert!(begins("org/Llama-3-x", "Llama 3"));
    assert!(begins("llama3-x", "Llama 3"));
    assert!(!begins("tuned-llama", "Llama"));
}
