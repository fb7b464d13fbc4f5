//! The adopter's question: what do these terms mean for this organisation and
//! purpose?
//!
//! Every term is answered with *applies*, *does not apply* or *unknown*, and its
//! clause. What the adopter did not say is unknown, not no. Not legal advice.

mod read;
mod weigh;

use schemars::JsonSchema;
use serde::Serialize;

use super::subject::{Presence, Subject};
use super::terms;
use crate::licence::{self, Licence};
use crate::model::kind::{Group, Kind};

pub use read::{Adopter, Purpose, parse};
pub use weigh::duty_words;

/// Whether a term concerns the adopter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Applies {
    /// It does.
    Applies,
    /// It does not.
    DoesNotApply,
    /// That cannot be said from what is known.
    Unknown,
}

impl Applies {
    /// The words for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applies => "applies",
            Self::DoesNotApply => "does not apply",
            Self::Unknown => "unknown",
        }
    }
}

/// What a term does to an adopter whom it concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// It denies something that is needed.
    Denies,
    /// It asks for something, or limits how.
    Obliges,
    /// It is to be known.
    Informs,
}

/// A term, and what it means here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Answered {
    /// Which term.
    pub term: &'static str,
    /// Licence it is in.
    pub licence: String,
    /// What it holds for: components, or a base model.
    pub holds_for: Vec<String>,
    /// Clause of the licence.
    pub clause: String,
    /// Whether it concerns the adopter.
    pub applies: Applies,
    /// What it does then.
    pub effect: Effect,
    /// What it says, and why it applies or not.
    pub words: String,
}

/// The answer as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Nothing that is needed is denied.
    Permitted,
    /// Something that is needed is denied.
    Denied,
    /// Terms are not known, or the adopter did not say enough.
    Unknown,
}

/// What the terms of a release mean for an adopter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// Who asks, and what for, in words.
    pub adopter: String,
    /// The answer.
    pub outcome: Outcome,
    /// The answer in a sentence, with the clause that decides.
    pub sentence: String,
    /// Every term.
    pub terms: Vec<Answered>,
    /// Always that this is not legal advice.
    pub caveat: &'static str,
}

/// Said with every answer.
pub const CAVEAT: &str = "not legal advice";

/// Answers for a release.
pub fn answer(subject: &Subject, adopter: &Adopter) -> Answer {
    let mut all: Vec<Answered> = Vec::new();
    for part in subject.parts.iter().filter(|part| part.evidence.is_some()) {
        let effective = terms::effective(part);
        let holds_for = part.kind.to_string();
        if let Some(expression) = &effective.expression {
            add_best(&mut all, expression, &holds_for, adopter);
            continue;
        }
        let mut open = not_known(&effective.shown, &holds_for);
        if part.kind.group() == Group::Docs {
            // Nobody needs terms to read a document that is published.
            open.effect = Effect::Informs;
        }
        add(&mut all, open);
    }
    for base in &subject.base_models {
        let holds_for = format!("base model {}", base.name);
        match &base.licence {
            Some(expression) => add_best(&mut all, expression, &holds_for, adopter),
            None => add(&mut all, not_known("terms not said", &holds_for)),
        }
    }
    all.sort_by_key(|it| (it.applies, it.effect));
    let decisive = |applies: Applies, effect: Effect| {
        all.iter().find(|it| it.applies == applies && it.effect == effect)
    };
    let question = adopter.question();
    let weights = subject.presence(Kind::ModelParametersFinal) != Presence::No;
    let (outcome, sentence) = if !weights {
        let why = "the weights are not released, so what holds is the provider's contract";
        (Outcome::Unknown, format!("{question} Unknown: {why}."))
    } else if let Some(it) = decisive(Applies::Applies, Effect::Denies) {
        let what = format!("{question} No: {} ({} clause {}).", it.words, it.licence, it.clause);
        (Outcome::Denied, what)
    } else if all.is_empty() {
        (Outcome::Unknown, format!("{question} Unknown: nothing says under which terms it is."))
    } else if let Some(it) = decisive(Applies::Unknown, Effect::Denies) {
        let what =
            format!("{question} Unknown: {} ({} clause {}).", it.words, it.licence, it.clause);
        (Outcome::Unknown, what)
    } else {
        let duties = all
            .iter()
            .filter(|it| it.applies == Applies::Applies && it.effect == Effect::Obliges)
            .count();
        let grant = all.iter().find(|it| it.term == "commercial use" || it.term == "use");
        let clause =
            grant.map_or_else(String::new, |it| format!(" ({} clause {})", it.licence, it.clause));
        let duties = match duties {
            0 => String::new(),
            1 => ", with 1 obligation".to_owned(),
            count => format!(", with {count} obligations"),
        };
        (Outcome::Permitted, format!("{question} Yes{clause}{duties}."))
    };
    Answer { adopter: adopter.words(), outcome, sentence, terms: all, caveat: CAVEAT }
}

fn not_known(shown: &str, holds_for: &str) -> Answered {
    Answered {
        term: "use",
        licence: shown.to_owned(),
        holds_for: vec![holds_for.to_owned()],
        clause: "-".to_owned(),
        applies: Applies::Unknown,
        effect: Effect::Denies,
        words: "its terms are not known".to_owned(),
    }
}

/// Adds a term, or another thing it holds for.
fn add(all: &mut Vec<Answered>, one: Answered) {
    let same = all.iter_mut().find(|it| {
        it.term == one.term
            && it.licence == one.licence
            && it.clause == one.clause
            && it.words == one.words
            && it.applies == one.applies
    });
    match same {
        Some(known) => {
            for name in one.holds_for {
                if !known.holds_for.contains(&name) {
                    known.holds_for.push(name);
                }
            }
        }
        None => all.push(one),
    }
}

/// Adds the terms of the choice that serves the adopter best.
fn add_best(all: &mut Vec<Answered>, expression: &str, holds_for: &str, adopter: &Adopter) {
    let weigh = |choice: &terms::Choice| {
        let mut answered: Vec<Answered> = choice
            .licences
            .iter()
            .flat_map(|licence| weigh::licence(licence, holds_for, adopter))
            .collect();
        answered.extend(choice.unknown.iter().map(|id| not_known(id, holds_for)));
        answered
    };
    let cost = |answered: &Vec<Answered>| {
        let count = |applies: Applies, effect: Effect| {
            answered.iter().filter(|it| it.applies == applies && it.effect == effect).count()
        };
        (
            count(Applies::Applies, Effect::Denies),
            count(Applies::Unknown, Effect::Denies),
            count(Applies::Applies, Effect::Obliges),
        )
    };
    let best = terms::choices(expression).iter().map(weigh).min_by_key(cost);
    for one in best.unwrap_or_default() {
        add(all, one);
    }
}

/// Licences whose obligations an adopter has, by the choices that serve it best.
pub fn licences(answer: &Answer) -> Vec<&'static Licence> {
    let mut ids: Vec<&str> = answer.terms.iter().map(|it| it.licence.as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().filter_map(licence::lookup).collect()
}

#[cfg(test)]
mod tests;
