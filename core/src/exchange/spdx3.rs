//! SPDX 3.0.1 as JSON-LD, with the profiles AI and Dataset.

use serde_json::{Map, Value, json};

use super::{concluded, hex, identity, text, uuid};
use crate::bundle;
use crate::finding::Result;
use crate::model::kind::{Group, Kind};
use crate::openness::report::{Report, Row};
use crate::openness::subject::DataPart;

const CONTEXT: &str = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld";
/// The one description of when and by whom, as every element refers to it.
const CREATION: &str = "_:creation";

struct Graph {
    /// Beginning of every id.
    base: String,
    elements: Vec<Value>,
    relationships: usize,
    licences: Vec<(String, String)>,
}

impl Graph {
    fn id(&self, name: &str) -> String {
        format!("{}#{name}", self.base)
    }

    fn add(&mut self, kind: &str, name: &str, mut members: Map<String, Value>) -> String {
        let id = self.id(name);
        members.insert("type".to_owned(), json!(kind));
        members.insert("spdxId".to_owned(), json!(id));
        members.insert("creationInfo".to_owned(), json!(CREATION));
        self.elements.push(Value::Object(members));
        id
    }

    fn relate(&mut self, from: &str, kind: &str, to: &str) {
        self.relationships += 1;
        let name = format!("relationship-{}", self.relationships);
        let members = members(&[
            ("relationshipType", json!(kind)),
            ("from", json!(from)),
            ("to", json!([to])),
        ]);
        self.add("Relationship", &name, members);
    }

    /// The element of a licence expression.
    fn licence(&mut self, expression: &str) -> String {
        if let Some((_, id)) = self.licences.iter().find(|(known, _)| known == expression) {
            return id.clone();
        }
        let name = format!("licence-{}", self.licences.len() + 1);
        let members = members(&[
            ("simplelicensing_licenseExpression", json!(expression)),
            ("simplelicensing_licenseListVersion", json!(list_version())),
        ]);
        let id = self.add("simplelicensing_LicenseExpression", &name, members);
        self.licences.push((expression.to_owned(), id.clone()));
        id
    }
}

/// Version of the licence list, as three numbers.
fn list_version() -> String {
    let version = spdx::license_version();
    let dots = version.matches('.').count();
    if dots == 1 { format!("{version}.0") } else { version.to_owned() }
}

fn members(all: &[(&str, Value)]) -> Map<String, Value> {
    all.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
}

fn hash(digest: crate::model::digest::Digest) -> Value {
    json!([{ "type": "Hash", "algorithm": "sha256", "hashValue": hex(digest) }])
}

/// Writes the document.
pub fn spdx3(report: &Report) -> Result<String> {
    let base = format!("urn:uuid:{}", uuid(identity(report)));
    let mut graph = Graph { base, elements: Vec::new(), relationships: 0, licences: Vec::new() };
    let day = report.released.as_deref().unwrap_or("1970-01-01");
    let released = format!("{day}T00:00:00Z");
    let created = bundle::source_date()?.unwrap_or_else(|| released.clone());
    let tool = graph.add("Tool", "tool", members(&[("name", json!("pkg"))]));
    let who = if report.producer.is_empty() { "not stated" } else { &report.producer };
    let publisher = graph.add("Organization", "publisher", members(&[("name", json!(who))]));
    let model = model(&mut graph, report, &publisher, &released);
    for (index, row) in report.components.iter().enumerate() {
        if row.kind != Kind::ModelParametersFinal && row.evidence.is_some() {
            component(&mut graph, index, row, &model);
        }
    }
    for (index, data) in report.data.iter().enumerate() {
        dataset(&mut graph, index, data, &model, &publisher, &released);
    }
    for (index, base) in report.base_models.iter().enumerate() {
        let name = format!("base-{index}");
        let parent = graph.add("ai_AIPackage", &name, members(&[("name", json!(base.from))]));
        graph.relate(&model, "descendantOf", &parent);
        if let Some(expression) = &base.licence {
            let licence = graph.licence(expression);
            graph.relate(&parent, "hasDeclaredLicense", &licence);
        }
    }
    let all: Vec<Value> =
        graph.elements.iter().filter_map(|element| element.get("spdxId").cloned()).collect();
    let document = members(&[
        ("name", json!(format!("{} {}", report.name, report.version))),
        ("profileConformance", json!(["core", "software", "ai", "dataset", "simpleLicensing"])),
        ("rootElement", json!([model])),
        ("element", json!(all)),
    ]);
    graph.add("SpdxDocument", "document", document);
    let mut elements = vec![json!({
        "type": "CreationInfo",
        "@id": CREATION,
        "specVersion": "3.0.1",
        "created": created,
        "createdBy": [publisher],
        "createdUsing": [tool],
    })];
    elements.append(&mut graph.elements);
    text(&json!({ "@context": CONTEXT, "@graph": elements }))
}

fn model(graph: &mut Graph, report: &Report, publisher: &str, released: &str) -> String {
    let weights = report.components.iter().find(|row| row.kind == Kind::ModelParametersFinal);
    let mut own = members(&[
        ("name", json!(report.name)),
        ("software_packageVersion", json!(report.version)),
        ("software_primaryPurpose", json!("model")),
        ("suppliedBy", json!(publisher)),
        ("releaseTime", json!(released)),
        ("summary", json!(report.label)),
    ]);
    let url = weights.and_then(|row| row.url.clone());
    own.extend(url.map(|url| ("software_downloadLocation".to_owned(), json!(url))));
    if let Some(digest) = report.digest {
        own.insert("verifiedUsing".to_owned(), hash(digest));
    }
    let usage = report.disclosure.usage.clone().unwrap_or_default();
    own.extend(usage.limits.map(|it| ("ai_limitation".to_owned(), json!(it))));
    let id = graph.add("ai_AIPackage", "model", own);
    if let Some(row) = weights {
        licences(graph, &id, row);
    }
    id
}

/// Both what is declared and what the text says.
fn licences(graph: &mut Graph, of: &str, row: &Row) {
    if let Some(expression) = &row.declared {
        let licence = graph.licence(expression);
        graph.relate(of, "hasDeclaredLicense", &licence);
    }
    if let Some(expression) = concluded(row) {
        let licence = graph.licence(&expression);
        graph.relate(of, "hasConcludedLicense", &licence);
    }
}

fn component(graph: &mut Graph, index: usize, row: &Row, model: &str) {
    let purpose = match row.kind.group() {
        Group::Weights => "model",
        Group::Config => "configuration",
        Group::Code => "source",
        Group::Docs => "documentation",
        Group::Data => "data",
    };
    let evidence = row.evidence.map_or("absent", |evidence| evidence.as_str());
    let mut own = members(&[
        ("name", json!(row.kind.title())),
        ("software_primaryPurpose", json!(purpose)),
        ("comment", json!(format!("evidence: {evidence}"))),
    ]);
    own.extend(row.url.clone().map(|url| ("software_downloadLocation".to_owned(), json!(url))));
    if let Some(digest) = row.digest {
        own.insert("verifiedUsing".to_owned(), hash(digest));
    }
    let id = graph.add("software_Package", &format!("component-{index}"), own);
    graph.relate(model, "contains", &id);
    licences(graph, &id, row);
}

fn dataset(
    graph: &mut Graph,
    index: usize,
    data: &DataPart,
    model: &str,
    publisher: &str,
    released: &str,
) {
    use crate::model::spec::{DataClass, DataRole};
    let availability = match data.class {
        Some(DataClass::Open | DataClass::Public) => Some("directDownload"),
        Some(DataClass::Obtainable) => Some("registration"),
        Some(DataClass::Unshareable) | None => None,
    };
    let mut own = members(&[
        ("name", json!(data.name)),
        ("software_primaryPurpose", json!("data")),
        ("dataset_datasetType", json!(["noAssertion"])),
        ("originatedBy", json!([publisher])),
        ("releaseTime", json!(released)),
        ("builtTime", json!(released)),
    ]);
    own.extend(availability.map(|it| ("dataset_datasetAvailability".to_owned(), json!(it))));
    own.extend(data.url.clone().map(|url| ("software_downloadLocation".to_owned(), json!(url))));
    if let Some(digest) = data.digest {
        own.insert("verifiedUsing".to_owned(), hash(digest));
    }
    let id = graph.add("dataset_DatasetPackage", &format!("data-{index}"), own);
    let kind = if data.role == Some(DataRole::Eval) { "testedOn" } else { "trainedOn" };
    graph.relate(model, kind, &id);
    if let Some(expression) = &data.licence {
        let licence = graph.licence(expression);
        graph.relate(&id, "hasDeclaredLicense", &licence);
    }
}
