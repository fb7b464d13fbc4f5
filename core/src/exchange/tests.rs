//! Documents of others, from a described release.

use serde_json::Value;

use super::{cyclonedx, mof, spdx3, svr, uuid};
use crate::model::digest::Digest;
use crate::openness::report::{Report, report};
use crate::trust::judge::{Accepted, Judge};
use crate::trust::root::RootChoice;

fn release(name: &str) -> Report {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/releases");
    let judge = Judge::new(Accepted::default(), RootChoice::default());
    let read = crate::report::read(&root.join(name).join("pkg.toml"), &judge).unwrap();
    report(&read.subject, None, read.findings)
}

#[test]
fn a_bill_of_materials_says_what_is_declared_and_where() {
    let report = release("stable-diffusion-1.5");
    let document: Value = serde_json::from_str(&cyclonedx(&report).unwrap()).unwrap();
    let model = &document["metadata"]["component"];
    assert_eq!(model["type"], "machine-learning-model");
    let licence = &model["licenses"][0]["license"];
    assert_eq!(licence["name"], "LicenseRef-scancode-stable-diffusion-2022-08-22");
    assert_eq!(licence["acknowledgement"], "declared");
    assert_eq!(model["modelCard"]["modelParameters"]["datasets"][0]["ref"], "data-0");
    let again = cyclonedx(&release("stable-diffusion-1.5")).unwrap();
    assert_eq!(
        serde_json::from_str::<Value>(&again).unwrap()["serialNumber"],
        document["serialNumber"]
    );
}

#[test]
fn every_element_of_the_graph_is_named_and_every_reference_leads_somewhere() {
    let document: Value = serde_json::from_str(&spdx3(&release("dolly-2.0")).unwrap()).unwrap();
    let graph = document["@graph"].as_array().unwrap();
    let ids: Vec<&str> = graph.iter().filter_map(|it| it["spdxId"].as_str()).collect();
    assert_eq!(ids.len() + 1, graph.len());
    let relationships = graph.iter().filter(|it| it["type"] == "Relationship");
    let mut kinds = Vec::new();
    for relationship in relationships {
        kinds.push(relationship["relationshipType"].as_str().unwrap());
        assert!(ids.contains(&relationship["from"].as_str().unwrap()));
        assert!(ids.contains(&relationship["to"][0].as_str().unwrap()));
    }
    for kind in ["trainedOn", "descendantOf", "hasDeclaredLicense"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
}

#[test]
fn only_what_is_here_is_a_property() {
    let document: Value = serde_json::from_str(&svr(&release("olmo-7b")).unwrap()).unwrap();
    assert_eq!(document["properties"].as_array().unwrap().len(), 0, "{document}");
    crate::predicate::Kind::Svr.check(&document, "svr").unwrap();
}

#[test]
fn what_is_written_for_the_framework_is_read_back() {
    let written = mof(&release("pythia-12b"));
    let description = crate::openness::mof::read(&written, "x.yml").unwrap();
    assert_eq!(description.name, "pythia-12b");
    let rating = crate::openness::mof::rate(&description, &crate::openness::mof::Own);
    assert!(rating.progress["3"] > 50.0, "{rating:?}");
}

#[test]
fn uuids_have_their_version_and_variant() {
    let text = uuid(Digest::of(b"x"));
    assert_eq!((text.len(), &text[14..15]), (36, "8"));
    assert!("89ab".contains(&text[19..20]));
}
