//! `CycloneDX` 1.7, as a machine-learning bill of materials (ECMA-424).

use serde_json::{Map, Value, json};

use super::{concluded, hex, identity, text, uuid};
use crate::bundle;
use crate::finding::Result;
use crate::licence::expression;
use crate::model::kind::{Group, Kind};
use crate::openness::report::{Report, Row};

/// Writes the bill of materials.
pub fn cyclonedx(report: &Report) -> Result<String> {
    let model = model(report);
    let others = report
        .components
        .iter()
        .enumerate()
        .filter(|(_, row)| row.kind != Kind::ModelParametersFinal && row.evidence.is_some());
    let mut components: Vec<Value> = others.map(|(index, row)| component(index, row)).collect();
    components.extend(report.data.iter().enumerate().map(|(index, data)| {
        let mut one = Map::new();
        one.insert("type".to_owned(), json!("data"));
        one.insert("bom-ref".to_owned(), json!(format!("data-{index}")));
        one.insert("name".to_owned(), json!(data.name));
        if let Some(expression) = &data.licence {
            one.insert("licenses".to_owned(), licences(Some(expression), None));
        }
        if let Some(digest) = data.digest {
            one.insert("hashes".to_owned(), json!([{ "alg": "SHA-256", "content": hex(digest) }]));
        }
        if let Some(url) = data.url.as_deref().filter(|url| url.starts_with("http")) {
            one.insert(
                "externalReferences".to_owned(),
                json!([{ "type": "distribution", "url": url }]),
            );
        }
        let class = data.class.map_or("not said", crate::openness::definitions::class_name);
        one.insert(
            "data".to_owned(),
            json!([{ "type": "dataset", "name": data.name, "classification": class }]),
        );
        Value::Object(one)
    }));
    let refs: Vec<&Value> = components.iter().filter_map(|it| it.get("bom-ref")).collect();
    let mut metadata = json!({
        "tools": { "components": [{ "type": "application", "name": "pkg", "version": env!("CARGO_PKG_VERSION") }] },
        "component": model,
    });
    if let (Some(time), Some(members)) = (bundle::source_date()?, metadata.as_object_mut()) {
        members.insert("timestamp".to_owned(), json!(time));
    }
    let document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.7",
        "serialNumber": format!("urn:uuid:{}", uuid(identity(report))),
        "version": 1,
        "metadata": metadata,
        "components": components,
        "dependencies": [{ "ref": "model", "dependsOn": refs }],
        "properties": properties(report),
    });
    text(&document)
}

/// The model itself.
fn model(report: &Report) -> Map<String, Value> {
    let weights = report.components.iter().find(|row| row.kind == Kind::ModelParametersFinal);
    let mut model = Map::new();
    model.insert("type".to_owned(), json!("machine-learning-model"));
    model.insert("bom-ref".to_owned(), json!("model"));
    model.insert("name".to_owned(), json!(report.name));
    model.insert("version".to_owned(), json!(report.version));
    if !report.producer.is_empty() {
        model.insert("publisher".to_owned(), json!(report.producer));
        model.insert("supplier".to_owned(), json!({ "name": report.producer }));
    }
    if let Some(row) = weights {
        describe(&mut model, row);
    }
    if let Some(digest) = report.digest {
        model.insert("hashes".to_owned(), json!([{ "alg": "SHA-256", "content": hex(digest) }]));
    }
    model.insert("modelCard".to_owned(), card(report));
    if !report.base_models.is_empty() {
        let ancestors: Vec<Value> = report
            .base_models
            .iter()
            .map(|base| {
                let mut one = Map::new();
                one.insert("type".to_owned(), json!("machine-learning-model"));
                one.insert("name".to_owned(), json!(base.from));
                if let Some(expression) = &base.licence {
                    one.insert("licenses".to_owned(), licences(Some(expression), None));
                }
                Value::Object(one)
            })
            .collect();
        model.insert("pedigree".to_owned(), json!({ "ancestors": ancestors }));
    }
    model
}

/// What the definitions come to, and what was found.
fn properties(report: &Report) -> Vec<Value> {
    let definitions = report.definitions.iter().map(|it| {
        json!({ "name": format!("pkg:definition:{}", it.id), "value": format!("{}: {}", it.verdict.as_str(), it.answer) })
    });
    let findings = report.findings.iter().map(|it| {
        json!({ "name": format!("pkg:finding:{}", it.code), "value": format!("{}: {}", it.subject, it.message) })
    });
    definitions.chain(findings).collect()
}

fn card(report: &Report) -> Value {
    let datasets: Vec<Value> =
        (0..report.data.len()).map(|index| json!({ "ref": format!("data-{index}") })).collect();
    let mut parameters = Map::new();
    if !datasets.is_empty() {
        parameters.insert("datasets".to_owned(), json!(datasets));
    }
    let usage = report.disclosure.usage.clone().unwrap_or_default();
    let format = |name: &String| json!({ "format": name });
    if !usage.modalities.is_empty() {
        let formats: Vec<Value> = usage.modalities.iter().map(format).collect();
        parameters.insert("inputs".to_owned(), json!(formats));
        parameters.insert("outputs".to_owned(), json!(formats));
    }
    let mut considerations = Map::new();
    considerations.extend(usage.capabilities.map(|it| ("useCases".to_owned(), json!([it]))));
    considerations.extend(usage.limits.map(|it| ("technicalLimitations".to_owned(), json!([it]))));
    let mut card = Map::new();
    card.insert("modelParameters".to_owned(), Value::Object(parameters));
    if !considerations.is_empty() {
        card.insert("considerations".to_owned(), Value::Object(considerations));
    }
    Value::Object(card)
}

fn component(index: usize, row: &Row) -> Value {
    let kind = match row.kind.group() {
        Group::Weights => "machine-learning-model",
        Group::Code => "library",
        Group::Config | Group::Docs => "file",
        Group::Data => "data",
    };
    let mut one = Map::new();
    one.insert("type".to_owned(), json!(kind));
    one.insert("bom-ref".to_owned(), json!(format!("component-{index}")));
    one.insert("name".to_owned(), json!(row.kind.title()));
    describe(&mut one, row);
    Value::Object(one)
}

/// Licences, digest, place and evidence of a component.
fn describe(one: &mut Map<String, Value>, row: &Row) {
    let concluded = concluded(row);
    if row.declared.is_some() || concluded.is_some() {
        one.insert("licenses".to_owned(), licences(row.declared.as_deref(), concluded.as_deref()));
    }
    if let Some(digest) = row.digest {
        one.insert("hashes".to_owned(), json!([{ "alg": "SHA-256", "content": hex(digest) }]));
    }
    if let Some(url) = row.url.as_deref().filter(|url| url.starts_with("http")) {
        one.insert(
            "externalReferences".to_owned(),
            json!([{ "type": "distribution", "url": url }]),
        );
    }
    let evidence = row.evidence.map_or("absent", |evidence| evidence.as_str());
    one.insert(
        "properties".to_owned(),
        json!([
            { "name": "pkg:kind", "value": row.kind.as_str() },
            { "name": "pkg:evidence", "value": evidence },
            { "name": "pkg:terms", "value": format!("{} ({})", row.terms.shown, row.terms.known.as_str()) },
        ]),
    );
}

/// Licences, declared and concluded.
fn licences(declared: Option<&str>, concluded: Option<&str>) -> Value {
    let mut all = Vec::new();
    for (expression, acknowledgement) in [(declared, "declared"), (concluded, "concluded")] {
        let Some(expression) = expression else { continue };
        let one = match expression::ids(expression).as_slice() {
            [id] if id == expression && spdx::license_id(id).is_some() => {
                json!({ "license": { "id": id, "acknowledgement": acknowledgement } })
            }
            [id] if id == expression => {
                json!({ "license": { "name": id, "acknowledgement": acknowledgement } })
            }
            _ => json!({ "expression": expression, "acknowledgement": acknowledgement }),
        };
        all.push(one);
    }
    Value::Array(all)
}
