//! Definitions of open, side by side. Each keeps its own verdict; there is no score.
//!
//! A verdict counts what is here by digest. What is only linked or claimed counts
//! for a second one, `asStated`: what would be so if what is said were as it is said.

mod debian;
mod eu;
mod fsf;
mod g7;
mod mof;
mod osai;
mod osaid;
mod osd;

use schemars::JsonSchema;
use serde::Serialize;

use super::subject::{Form, Part, Presence, Subject};
use super::terms::{self, Effective};
use crate::licence::Tier;
use crate::model::kind::Kind;
use crate::model::spec::DataClass;

pub use mof::{Judged as MofJudged, rate as rate_mof, stated as as_mof};

/// What comes of a definition, or of one of its points; the worse comes later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It is met.
    Met,
    /// A person has to state something.
    NeedsAttestation,
    /// What is known does not suffice.
    InsufficientEvidence,
    /// It is not met.
    NotMet,
}

impl Verdict {
    /// The words for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::NeedsAttestation => "needs attestation",
            Self::InsufficientEvidence => "insufficient evidence",
            Self::NotMet => "not met",
        }
    }
}

/// One point of a definition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Point {
    /// What is asked.
    pub title: String,
    /// Section, paragraph or clause of the definition.
    pub rule: &'static str,
    /// By what is here.
    pub verdict: Verdict,
    /// If what is linked and claimed were as it is said.
    pub as_stated: Verdict,
    /// The facts it rests on.
    pub facts: Vec<String>,
    /// What would change it; none when it is met.
    pub lacking: Option<String>,
}

/// A definition, and what comes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Definition {
    /// Short, stable name.
    pub id: &'static str,
    /// Its name.
    pub title: &'static str,
    /// Where it is laid down.
    pub source: &'static str,
    /// By what is here.
    pub verdict: Verdict,
    /// If what is linked and claimed were as it is said.
    pub as_stated: Verdict,
    /// The answer in its own words: a label, a class.
    pub answer: String,
    /// What to know about the answer.
    pub note: Option<&'static str>,
    /// Its points.
    pub points: Vec<Point>,
}

impl Definition {
    /// From points that all have to be met.
    fn all(
        id: &'static str,
        title: &'static str,
        source: &'static str,
        points: Vec<Point>,
    ) -> Self {
        let worst = |of: fn(&Point) -> Verdict| points.iter().map(of).max();
        let verdict = worst(|point| point.verdict).unwrap_or(Verdict::InsufficientEvidence);
        let as_stated = worst(|point| point.as_stated).unwrap_or(Verdict::InsufficientEvidence);
        let answer = verdict.as_str().to_owned();
        Self { id, title, source, verdict, as_stated, answer, note: None, points }
    }

    /// What would change the answer, shortest list.
    pub fn lacking(&self) -> Vec<&str> {
        let worst = self.points.iter().filter(|point| point.verdict != Verdict::Met);
        let mut all: Vec<&str> = worst.filter_map(|point| point.lacking.as_deref()).collect();
        all.dedup();
        all
    }
}

/// Every definition, in the order of the report.
pub fn all(subject: &Subject) -> Vec<Definition> {
    let facts = Facts::of(subject);
    vec![
        g7::judge(&facts),
        mof::judge(&facts),
        osaid::judge(&facts),
        osd::judge(&facts),
        eu::judge(&facts),
        fsf::judge(&facts),
        debian::judge(&facts),
        osai::judge(&facts),
    ]
}

/// The subject with what follows from it, worked out once.
struct Facts<'a> {
    subject: &'a Subject,
    terms: Vec<(&'a Part, Effective)>,
}

/// How far the training data can be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum DataState {
    /// Nothing is said of it.
    Unknown,
    /// Some of it cannot be had, or has restricting terms.
    Closed,
    /// All of it can be had by anybody, if what is said is so.
    OpenAsStated,
    /// All of it is open and here, or described here with digests.
    Open,
}

impl<'a> Facts<'a> {
    fn of(subject: &'a Subject) -> Self {
        let parts = subject.parts.iter().filter(|part| part.evidence.is_some());
        Self { subject, terms: parts.map(|part| (part, terms::effective(part))).collect() }
    }

    fn part(&self, kind: Kind) -> Option<&(&'a Part, Effective)> {
        let best = self.subject.part(kind)?;
        self.terms.iter().find(|(part, _)| std::ptr::eq(*part, best))
    }

    /// A point that asks for a component under terms of at least `tier`.
    fn component(&self, kind: Kind, tier: Tier, rule: &'static str) -> Point {
        let presence = self.subject.presence(kind);
        let name = kind.title();
        let (there, there_as_stated) = match presence {
            Presence::Here => (Verdict::Met, Verdict::Met),
            Presence::Stated => (Verdict::InsufficientEvidence, Verdict::Met),
            Presence::No => (Verdict::NotMet, Verdict::NotMet),
        };
        let mut facts = Vec::new();
        let mut lacking = None;
        match presence {
            Presence::No => {
                let why = self.subject.parts.iter().find(|part| part.kind == kind);
                let why = why.and_then(|part| part.absent.as_deref());
                facts.push(match why {
                    Some(why) => format!("{kind}: absent ({why})"),
                    None => format!("{kind}: not in this release"),
                });
                lacking = Some(format!("{kind}"));
            }
            Presence::Stated => lacking = Some(format!("{kind} in the bundle, not only linked")),
            Presence::Here => {}
        }
        let mut terms = (Verdict::Met, Verdict::Met);
        if let Some((part, effective)) = self.part(kind).filter(|_| presence != Presence::No) {
            terms = open_enough(effective, tier);
            facts.push(describe(part, effective));
            if terms.1 != Verdict::Met {
                lacking = Some(format!("{kind} under {}", wanted(tier)));
            } else if terms.0 != Verdict::Met && lacking.is_none() {
                lacking = Some(format!("the licence text of {kind}"));
            }
        }
        Point {
            title: name.to_owned(),
            rule,
            verdict: there.max(terms.0),
            as_stated: there_as_stated.max(terms.1),
            facts,
            lacking,
        }
    }

    /// A point that only a person can meet.
    fn stated(&self, claim: &'static str, rule: &'static str) -> Point {
        let meaning = super::claims::meaning(claim).unwrap_or(claim);
        let found = self.subject.claim(claim);
        let verdict = if found.is_some() { Verdict::Met } else { Verdict::NeedsAttestation };
        Point {
            title: meaning.to_owned(),
            rule,
            verdict,
            as_stated: verdict,
            facts: found
                .map(|it| format!("stated by {} on {}", it.by, it.date))
                .into_iter()
                .collect(),
            lacking: found.is_none().then(|| format!("a signed statement \"{claim}\"")),
        }
    }

    /// Data that the model was trained with; evaluation data is no part of it.
    fn training_data(&self) -> impl Iterator<Item = &super::subject::DataPart> {
        let trained = |data: &&super::subject::DataPart| {
            data.role != Some(crate::model::spec::DataRole::Eval)
        };
        self.subject.data.iter().filter(trained)
    }

    /// How far the training data can be had.
    fn data_state(&self) -> (DataState, Vec<String>) {
        let mut facts = Vec::new();
        let datasets = self.part(Kind::Datasets);
        if let Some((part, effective)) = datasets {
            facts.push(describe(part, effective));
        }
        let mut state: Option<DataState> = None;
        for data in self.training_data() {
            let licence = data.licence.as_deref().map(terms::tier_of);
            let restricted = licence == Some(Tier::Restricted);
            let one = match data.class {
                _ if data.withdrawn.is_some() => DataState::Closed,
                Some(DataClass::Open) if !restricted => {
                    if data.digest.is_some() {
                        DataState::Open
                    } else {
                        DataState::OpenAsStated
                    }
                }
                None => DataState::Unknown,
                Some(_) => DataState::Closed,
            };
            let class = data.class.map_or("class not said", class_name);
            let terms = data.licence.as_deref().unwrap_or("terms not said");
            let gone = data
                .withdrawn
                .as_deref()
                .map_or_else(String::new, |day| format!(", withdrawn {day}"));
            facts.push(format!("data {}: {class}, {terms}{gone}", data.name));
            state = Some(state.map_or(one, |state| match (state, one) {
                (DataState::Closed, _) | (_, DataState::Closed) => DataState::Closed,
                (a, b) => a.min(b),
            }));
        }
        let from_component = datasets.map(|(part, effective)| {
            match (effective.tier, part.evidence >= Some(crate::model::release::Evidence::Packed)) {
                (Tier::OpenSource | Tier::OpenTerms, true) => DataState::Open,
                (Tier::OpenSource | Tier::OpenTerms, false) => DataState::OpenAsStated,
                (Tier::Restricted, _) => DataState::Closed,
                (Tier::Undetermined, _) => DataState::Unknown,
            }
        });
        let absent = self.subject.parts.iter().find(|part| part.kind == Kind::Datasets);
        if let Some(why) = absent.and_then(|part| part.absent.as_deref()) {
            facts.push(format!("datasets: absent ({why})"));
            return (DataState::Closed, facts);
        }
        let state = match (state, from_component) {
            // Data in the bundle stands for the sets it is named after.
            (Some(DataState::Closed), _) => DataState::Closed,
            (Some(one), Some(other)) => one.max(other),
            (Some(one), None) | (None, Some(one)) => one,
            (None, None) => DataState::Unknown,
        };
        if facts.is_empty() {
            facts.push("nothing is said about the training data".to_owned());
        }
        (state, facts)
    }

    /// Documents of the data information that are named, and those that are not.
    fn data_information(&self) -> (Vec<&'static str>, Vec<&'static str>) {
        let parts = self.subject.disclosure.data_information.clone().unwrap_or_default();
        let (there, not): (Vec<_>, Vec<_>) =
            parts.parts().into_iter().map(|(key, at)| (key, at.is_some())).partition(|(_, is)| *is);
        let keys = |all: Vec<(&'static str, bool)>| all.into_iter().map(|(key, _)| key).collect();
        (keys(there), keys(not))
    }

    /// Whether any data information is there at all: documents, cards or manifests.
    fn any_data_description(&self) -> Presence {
        let cards = [Kind::DataCard, Kind::TechnicalReport, Kind::ResearchPaper]
            .into_iter()
            .map(|kind| self.subject.presence(kind))
            .max()
            .unwrap_or(Presence::No);
        let manifests = self.training_data().any(|data| data.manifest.is_some());
        if manifests { Presence::Here } else { cards }
    }
}

/// The word for a class of data.
pub const fn class_name(class: DataClass) -> &'static str {
    match class {
        DataClass::Open => "open",
        DataClass::Public => "public",
        DataClass::Obtainable => "obtainable",
        DataClass::Unshareable => "unshareable",
    }
}

/// Whether terms are open enough, and whether they would be if what is declared is
/// so. A label without its text proves nothing; that it restricts is believed.
fn open_enough(effective: &Effective, wanted: Tier) -> (Verdict, Verdict) {
    match effective.tier {
        _ if wanted == Tier::Undetermined => (Verdict::Met, Verdict::Met),
        Tier::Undetermined => (Verdict::InsufficientEvidence, Verdict::InsufficientEvidence),
        tier if tier < wanted => (Verdict::NotMet, Verdict::NotMet),
        _ if effective.known == terms::Known::Concluded => (Verdict::Met, Verdict::Met),
        _ => (Verdict::InsufficientEvidence, Verdict::Met),
    }
}

const fn wanted(tier: Tier) -> &'static str {
    match tier {
        Tier::OpenSource => "an OSI-approved licence",
        Tier::OpenTerms => "terms that restrict no use",
        Tier::Restricted | Tier::Undetermined => "terms that are known",
    }
}

/// A component in a few words: how it is known, and its terms.
fn describe(part: &Part, effective: &Effective) -> String {
    let evidence = part.evidence.map_or("absent", crate::model::release::Evidence::as_str);
    let digest = part.digest.map_or_else(String::new, |digest| {
        format!(
            " sha256:{}",
            digest.to_string().trim_start_matches("sha256:").chars().take(12).collect::<String>()
        )
    });
    format!("{}: {evidence}{digest}, {} ({})", part.kind, effective.shown, effective.known.as_str())
}

/// Whether a release is read from what somebody describes, not from its files.
const fn is_description(form: Form) -> bool {
    matches!(form, Form::Spec | Form::Mof | Form::Card | Form::DataSet)
}

#[cfg(test)]
mod tests;
