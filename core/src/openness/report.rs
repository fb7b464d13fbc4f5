//! Everything that can be said about a release, in one document.

use schemars::JsonSchema;
use serde::Serialize;

use super::adopter::{self, Adopter, Answer, Answered, Applies, Effect};
use super::definitions::{self, Definition, Verdict};
use super::inherit::{self, Inherited};
use super::mof::Rating;
use super::subject::{Claim, DataPart, FileTerms, Form, Part, SignedBy, Subject};
use super::terms::{self, Effective};
use crate::finding::Finding;
use crate::licence::text::Concluded;
use crate::licence::{Confidence, Licence, Perhaps, Permission, Reading, Tier};
use crate::model::digest::Digest;
use crate::model::disclosure::Disclosure;
use crate::model::kind::Kind;
use crate::model::release::Evidence;

/// A component: what is there of it, and under which terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Its kind.
    pub kind: Kind,
    /// How well its presence is known; none when it is absent.
    pub evidence: Option<Evidence>,
    /// Number of its files.
    pub files: u64,
    /// Bytes of its files.
    pub bytes: u64,
    /// Digest of its content.
    pub digest: Option<Digest>,
    /// Where it is, when it is not here.
    pub url: Option<String>,
    /// Why it is absent.
    pub absent: Option<String>,
    /// What there is to add.
    pub note: Option<String>,
    /// Commit of its code.
    pub commit: Option<String>,
    /// Licence as declared.
    pub declared: Option<String>,
    /// What the bound text is.
    pub concluded: Option<Concluded>,
    /// Path of the bound text.
    pub text: Option<String>,
    /// Digest of the bound text.
    pub text_digest: Option<Digest>,
    /// Licences of base models, for weights.
    pub inherited: Vec<String>,
    /// Terms that its files name.
    pub inside: Vec<FileTerms>,
    /// What holds.
    pub terms: Effective,
}

/// A licence that holds for the release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LicenceSummary {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// How open it is.
    pub tier: Tier,
    /// Since when the text holds.
    pub effective: Option<String>,
    /// How sure the record is.
    pub confidence: Confidence,
    /// How much of the text was read for it.
    pub read: Reading,
    /// Where.
    pub source: String,
    /// A remark.
    pub note: Option<String>,
    /// Its terms, with clauses.
    pub terms: Vec<Answered>,
}

/// What is missing for the next label.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Next {
    /// The label.
    pub label: String,
    /// What would have to be there.
    pub missing: Vec<String>,
}

/// The report.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Where the release was read.
    pub form: Form,
    /// Name of the release.
    pub name: String,
    /// Version of the release.
    pub version: String,
    /// Who publishes it, as declared.
    pub producer: String,
    /// Day of the release, as declared.
    pub released: Option<String>,
    /// Day from which the terms apply, as declared.
    pub terms_effective_from: Option<String>,
    /// Digest of the release.
    pub digest: Option<Digest>,
    /// Who signed it, as verified.
    pub signed_by: Vec<SignedBy>,
    /// Number of signatures, verified or not.
    pub signatures: usize,
    /// The headline: its label by the G7 paper.
    pub label: String,
    /// The components.
    pub components: Vec<Row>,
    /// The data sets.
    pub data: Vec<DataPart>,
    /// Terms that come from base models.
    pub base_models: Vec<Inherited>,
    /// What is permitted, with clauses.
    pub may: Vec<String>,
    /// What is asked for, with clauses.
    pub must: Vec<String>,
    /// What is denied, with clauses.
    pub may_not: Vec<String>,
    /// Limits that depend on who asks, with clauses.
    pub depends: Vec<String>,
    /// Definitions of open, side by side.
    pub definitions: Vec<Definition>,
    /// By the Model Openness Framework, from what is here; for a description, from
    /// what it says.
    pub mof: Rating,
    /// The same from what is said.
    pub mof_as_stated: Rating,
    /// What is missing for the next label.
    pub next: Option<Next>,
    /// The licences.
    pub licences: Vec<LicenceSummary>,
    /// What is said beside the components, as declared.
    pub disclosure: Disclosure,
    /// What people state in signed statements.
    pub claims: Vec<Claim>,
    /// What it means for the adopter who asks.
    pub answer: Option<Answer>,
    /// What was found.
    pub findings: Vec<Finding>,
    /// Always that this is not legal advice.
    pub caveat: &'static str,
}

/// Reports on a release. `found` is what reading it already found.
pub fn report(subject: &Subject, adopter: Option<&Adopter>, found: Vec<Finding>) -> Report {
    let licences = inherit::all_licences(subject);
    let definitions = definitions::all(subject);
    let mof = definitions::rate_mof(subject);
    let inherited = inherit::inherited(subject);
    let label = definitions.first().map_or_else(String::new, |it| it.answer.clone());
    let mut findings = found;
    findings.extend(terms::findings(subject));
    findings.extend(inherit::findings(subject));
    let answer = adopter.map(|adopter| adopter::answer(subject, adopter));
    // What holds whoever asks: the terms as they are answered to nobody.
    let general = adopter::answer(subject, &Adopter::default());
    let lines = Lines::of(subject, &licences, &general.terms);
    Report {
        form: subject.form,
        name: subject.name.clone(),
        version: subject.version.clone(),
        producer: subject.publisher.clone().unwrap_or_default(),
        released: subject.released.clone(),
        terms_effective_from: subject.terms_effective_from.clone(),
        digest: subject.digest,
        signed_by: subject.signed_by.clone(),
        signatures: subject.signatures,
        label,
        components: subject.parts.iter().map(|part| row(part, &inherited)).collect(),
        data: subject.data.clone(),
        base_models: inherited,
        may: lines.may,
        must: lines.must,
        may_not: lines.may_not,
        depends: lines.depends,
        next: next(&definitions),
        definitions,
        mof: mof.rating,
        mof_as_stated: mof.as_stated,
        licences: licences.iter().map(|licence| summary(licence, &general.terms)).collect(),
        disclosure: subject.disclosure.clone(),
        claims: subject.claims.clone(),
        answer,
        findings,
        caveat: adopter::CAVEAT,
    }
}

fn row(part: &Part, inherited: &[Inherited]) -> Row {
    let weights =
        matches!(part.kind, Kind::ModelParametersFinal | Kind::ModelParametersIntermediate);
    let from_bases = inherited.iter().filter(|_| weights).filter_map(|it| it.licence.clone());
    Row {
        kind: part.kind,
        evidence: part.evidence,
        files: part.files,
        bytes: part.bytes,
        digest: part.digest,
        url: part.url.clone(),
        absent: part.absent.clone(),
        note: part.note.clone(),
        commit: part.commit.clone(),
        declared: part.declared.clone(),
        concluded: part.text.as_ref().and_then(|text| text.concluded.clone()),
        text: part.text.as_ref().map(|text| text.path.clone()),
        text_digest: part.text.as_ref().map(|text| text.digest),
        inherited: from_bases.collect(),
        inside: part.inside.clone(),
        terms: terms::effective(part),
    }
}

fn summary(licence: &Licence, general: &[Answered]) -> LicenceSummary {
    LicenceSummary {
        id: licence.id.clone(),
        name: licence.name.clone(),
        tier: licence.tier(),
        effective: licence.effective.clone(),
        confidence: licence.confidence,
        read: licence.read,
        source: licence.source.clone(),
        note: licence.note.clone(),
        terms: general.iter().filter(|it| it.licence == licence.id).cloned().collect(),
    }
}

/// The lines that say what one may, must and may not.
#[derive(Default)]
struct Lines {
    may: Vec<String>,
    must: Vec<String>,
    may_not: Vec<String>,
    depends: Vec<String>,
}

impl Lines {
    fn of(subject: &Subject, licences: &[&'static Licence], general: &[Answered]) -> Self {
        let mut lines = Self::default();
        let weights = subject.part(Kind::ModelParametersFinal).map(terms::effective);
        let known = weights.is_some_and(|it| it.tier != Tier::Undetermined);
        for (what, of) in PERMISSIONS {
            let terms: Vec<(&&Licence, Permission, &str)> = licences
                .iter()
                .filter_map(|it| {
                    let (value, clause) = of(it)?;
                    Some((it, value, clause))
                })
                .collect();
            if let Some((licence, _, clause)) =
                terms.iter().find(|(_, value, _)| *value == Permission::Denied)
            {
                lines.may_not.push(format!("{what} ({} {clause})", short(&licence.id)));
            } else if known && terms.len() == licences.len() && !terms.is_empty() {
                let conditional =
                    terms.iter().find(|(_, value, _)| *value == Permission::Conditional);
                let (licence, _, clause) = conditional.unwrap_or(&terms[0]);
                let limits = if conditional.is_some() { ", with limits" } else { "" };
                lines.may.push(format!("{what} ({} {clause}{limits})", short(&licence.id)));
            }
        }
        let mut general: Vec<&Answered> = general.iter().collect();
        general.sort_by_key(|it| {
            ORDER.iter().position(|term| *term == it.term).unwrap_or(ORDER.len())
        });
        for it in general {
            let line = format!("{} ({} {})", it.words, short(&it.licence), it.clause);
            let list = match it.term {
                "user threshold" | "revenue threshold" | "geography" => &mut lines.depends,
                "outputs" if it.words.contains("may not") || it.words.contains("only") => {
                    &mut lines.may_not
                }
                "use restrictions" => &mut lines.may_not,
                "commercial use" | "modification" | "redistribution" | "hosted service" | "use" => {
                    continue;
                }
                _ if it.effect == Effect::Obliges => &mut lines.must,
                _ => continue,
            };
            if !list.contains(&line) {
                list.push(line);
            }
        }
        lines
    }
}

/// Order of what one must: what everybody meets first.
const ORDER: [&str; 7] = [
    "attribution",
    "name prefix",
    "derivatives",
    "outputs",
    "registration",
    "update duty",
    "indemnity",
];

/// A permission: how it is called, and where a licence has it.
type PermissionOf = fn(&Licence) -> Option<(Permission, &str)>;

const PERMISSIONS: [(&str, PermissionOf); 4] = [
    ("use commercially", |it| {
        it.terms.commercial_use.as_ref().map(|term| (term.value, term.clause.as_str()))
    }),
    ("change", |it| it.terms.modification.as_ref().map(|term| (term.value, term.clause.as_str()))),
    ("pass on", |it| {
        it.terms.redistribution.as_ref().map(|term| (term.value, term.clause.as_str()))
    }),
    ("offer as a service", |it| {
        it.terms.hosted_service.as_ref().map(|term| (term.value, term.clause.as_str()))
    }),
];

/// An id as short as people write it.
pub fn short(id: &str) -> &str {
    let id = id.strip_prefix("LicenseRef-").unwrap_or(id);
    id.strip_prefix("scancode-").unwrap_or(id)
}

/// The first label that is not earned, seen from the one that is.
fn next(definitions: &[Definition]) -> Option<Next> {
    let labels = &definitions.iter().find(|it| it.id == "g7")?.points;
    let earned = labels.iter().position(|point| point.verdict == Verdict::Met);
    let wanted = match earned {
        Some(0) => return None,
        Some(place) => place - 1,
        None => {
            let stated = labels.iter().position(|point| point.as_stated == Verdict::Met);
            stated.unwrap_or(labels.len().saturating_sub(1))
        }
    };
    let point = labels.get(wanted)?;
    let missing = point.lacking.as_deref().unwrap_or_default().split("; ");
    let missing: Vec<String> = missing.filter(|it| !it.is_empty()).map(str::to_owned).collect();
    Some(Next { label: point.title.clone(), missing })
}

/// Whether some threshold of a licence depends on who asks.
pub fn has_threshold(licence: &Licence) -> bool {
    let users = licence.terms.user_threshold.as_ref();
    let revenue = licence.terms.revenue_threshold.as_ref();
    users.is_some_and(|term| matches!(term.value, Perhaps::Has(_)))
        || revenue.is_some_and(|term| !term.value.is_none())
}

impl Report {
    /// A definition by its id.
    pub fn definition(&self, id: &str) -> Option<&Definition> {
        self.definitions.iter().find(|definition| definition.id == id)
    }

    /// Terms that apply to the adopter who asks, or may.
    pub fn applying(&self) -> impl Iterator<Item = &Answered> {
        let terms = self.answer.iter().flat_map(|answer| &answer.terms);
        terms.filter(|it| it.applies != Applies::DoesNotApply)
    }
}
