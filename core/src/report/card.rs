//! Model cards: what their front matter says, as claims.

use std::path::Path;

use super::Read;
use crate::finding::{Code, Finding, Problem, Result};
use crate::fsx;
use crate::licence;
use crate::model::digest::Digest;
use crate::model::disclosure::Access;
use crate::model::kind::Kind;
use crate::model::release::Evidence;
use crate::model::spec::{BaseModelSpec, Relation};
use crate::openness::subject::{DataPart, Form, Part, Subject};
use crate::openness::terms;
use crate::scan::card::{self, Card};
use crate::scan::licence_ids::{HubId, lookup};

/// Largest card that is read, in bytes.
pub(super) const MAX_CARD: u64 = 4 << 20;

/// Reads a card.
pub(super) fn read(path: &Path) -> Result<Read> {
    let bytes = fsx::read_given(path, MAX_CARD)?;
    let subject_name = path.display().to_string();
    let text = String::from_utf8(bytes).map_err(|error| {
        Problem::new(Code::CardInvalid, &subject_name).detail("it is not UTF-8").source(error)
    })?;
    let card = card::parse(&text).ok_or_else(|| Problem::new(Code::CardInvalid, &subject_name))?;
    let mut findings = Vec::new();
    let declared = declared(&card, &subject_name, &mut findings);
    let mut own = Part::claimed(Kind::ModelCard);
    own.evidence = Some(Evidence::Packed);
    (own.files, own.bytes) = (1, text.len() as u64);
    own.digest = Some(Digest::of(text.as_bytes()));
    let mut weights = Part::claimed(Kind::ModelParametersFinal);
    weights.declared.clone_from(&declared);
    let name = path.canonicalize().ok();
    let name = name.as_deref().and_then(Path::parent).and_then(Path::file_name);
    let mut subject = Subject {
        form: Form::Card,
        name: name.map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
        parts: vec![weights, own],
        data: card.datasets.iter().map(|name| claimed_data(name)).collect(),
        base_models: bases(&card),
        ..Subject::default()
    };
    if card.gated {
        let access = Access { gated: Some(true), ..Access::default() };
        subject.disclosure.access = Some(access);
    }
    Ok(Read { subject, findings, mof: None })
}

/// The licence that a card declares. What does not settle one is answered with the
/// question that is left.
fn declared(card: &Card, name: &str, findings: &mut Vec<Finding>) -> Option<String> {
    let id = card.license.as_deref()?;
    let ask = |question: String| {
        Problem::new(Code::UndecidedLicence, name)
            .detail(format!("the card says {id:?}: {question}"))
    };
    match lookup(id) {
        Some(HubId::Is(expression)) => return Some(expression.to_owned()),
        Some(HubId::Undecided(question)) => {
            if let Some(own) = &card.license_name {
                if let [one] = licence::named(own).as_slice() {
                    return Some(one.id.clone());
                }
                if let Some(HubId::Is(expression)) = lookup(own) {
                    return Some(expression.to_owned());
                }
            }
            let own = card
                .license_name
                .as_deref()
                .map_or_else(String::new, |own| format!("; it names {own:?}"));
            let link =
                card.license_link.as_deref().map_or_else(String::new, |at| format!(" at {at}"));
            findings.push(ask(format!("{question}{own}{link}")).into_finding());
        }
        None => match licence::named(id).as_slice() {
            [one] => return Some(one.id.clone()),
            _ => findings.push(ask("that is no id of the hub".to_owned()).into_finding()),
        },
    }
    None
}

fn bases(card: &Card) -> Vec<BaseModelSpec> {
    let relation = match card.base_model_relation.as_deref() {
        Some("finetune") => Some(Relation::Finetune),
        Some("adapter") => Some(Relation::Adapter),
        Some("quantized") => Some(Relation::Quantized),
        Some("merge") => Some(Relation::Merge),
        _ => None,
    };
    let base =
        |name: &String| BaseModelSpec { name: name.clone(), relation, digest: None, licence: None };
    card.base_model.iter().map(base).collect()
}

fn claimed_data(name: &str) -> DataPart {
    DataPart {
        name: name.to_owned(),
        evidence: Evidence::Claimed,
        class: None,
        role: None,
        licence: None,
        url: None,
        digest: None,
        manifest: None,
        synthetic_from: None,
        withdrawn: None,
        note: None,
    }
}

/// What a card in a release says otherwise than the release itself.
pub(super) fn contradictions(text: &str, path: &str, subject: &Subject) -> Vec<Finding> {
    let Some(card) = card::parse(text) else { return Vec::new() };
    let mut findings = Vec::new();
    let contradicts = |detail: String| {
        Problem::new(Code::DeclarationContradicts, path).detail(detail).into_finding()
    };
    let mut questions = Vec::new();
    if let Some(declared) = declared(&card, path, &mut questions)
        && let Some(weights) = subject.part(Kind::ModelParametersFinal)
    {
        let effective = terms::effective(weights);
        let ids = effective.expression.as_deref().map(licence::expression::ids).unwrap_or_default();
        if !ids.contains(&declared) {
            let digest = weights
                .text
                .as_ref()
                .map_or_else(String::new, |text| format!(" (text {})", text.digest));
            findings.push(contradicts(format!(
                "the card says {declared}; the weights are under {}{digest}",
                effective.shown
            )));
        }
    }
    for base in &card.base_model {
        let known = subject.base_models.iter().any(|it| it.name.eq_ignore_ascii_case(base));
        if !known {
            findings.push(contradicts(format!(
                "the card names the base model {base}; the release does not"
            )));
        }
    }
    findings
}
