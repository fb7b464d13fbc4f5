//! Which terms hold for a component: declared, concluded from the text that is
//! bound to it, inherited from base models.
//!
//! The text goes before the label: where both are there and differ, the text is what
//! is judged by, and the difference is a finding.

use schemars::JsonSchema;
use serde::Serialize;

use super::subject::{Part, Subject};
use crate::finding::{Code, Finding, Problem};
use crate::licence::text::Concluded;
use crate::licence::{self, Licence, Tier, expression};
use crate::model::release::Evidence;
use crate::model::spec::DataClass;

/// How the terms of a component are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Known {
    /// Not at all.
    Unknown,
    /// Somebody says so.
    Declared,
    /// From the text that is bound to it.
    Concluded,
}

impl Known {
    /// The word for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "not known",
            Self::Declared => "declared",
            Self::Concluded => "from its text",
        }
    }
}

/// The terms that hold for a component.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Effective {
    /// The licence expression it is judged by; none when nothing settles it.
    pub expression: Option<String>,
    /// How it reads: the expression, or `modified(ID)`.
    pub shown: String,
    /// How it is known.
    pub known: Known,
    /// How open it is.
    pub tier: Tier,
}

/// One choice that an expression offers: its licences, and what is not known of.
#[derive(Debug, Default)]
pub struct Choice {
    /// Licences that are known.
    pub licences: Vec<&'static Licence>,
    /// Ids of which nothing is known.
    pub unknown: Vec<String>,
}

impl Choice {
    /// How open it is: as its least open licence.
    pub fn tier(&self) -> Tier {
        if !self.unknown.is_empty() || self.licences.is_empty() {
            // What is known to restrict restricts, whatever else there is.
            let restricted = self.licences.iter().any(|it| it.tier() == Tier::Restricted);
            return if restricted { Tier::Restricted } else { Tier::Undetermined };
        }
        self.licences.iter().map(|licence| licence.tier()).min().unwrap_or(Tier::Undetermined)
    }
}

/// The choices that an expression offers, most open first.
pub fn choices(expression: &str) -> Vec<Choice> {
    let all = expression::choices(expression).unwrap_or_else(|_| vec![vec![expression.to_owned()]]);
    let mut choices: Vec<Choice> = all
        .into_iter()
        .map(|ids| {
            let mut choice = Choice::default();
            for id in ids {
                match licence::lookup(&id) {
                    Some(found) => choice.licences.push(found),
                    None => choice.unknown.push(id),
                }
            }
            choice
        })
        .collect();
    choices.sort_by_key(|choice| std::cmp::Reverse(choice.tier()));
    choices
}

/// How open an expression is: as its most open choice.
pub fn tier_of(expression: &str) -> Tier {
    choices(expression).first().map_or(Tier::Undetermined, Choice::tier)
}

/// The licences of an expression's most open choice.
pub fn licences_of(expression: &str) -> Vec<&'static Licence> {
    choices(expression).into_iter().next().map(|choice| choice.licences).unwrap_or_default()
}

/// The terms that hold for a component.
pub fn effective(part: &Part) -> Effective {
    let judged = |expression: String, known: Known| Effective {
        tier: tier_of(&expression),
        shown: expression.clone(),
        expression: Some(expression),
        known,
    };
    let open = |shown: String, known: Known| Effective {
        expression: None,
        shown,
        known,
        tier: Tier::Undetermined,
    };
    let concluded = part.text.as_ref().and_then(|text| text.concluded.as_ref());
    match (concluded, &part.declared) {
        (Some(Concluded::Licence { ids }), Some(declared)) if agrees(ids, declared) => {
            judged(declared.clone(), Known::Concluded)
        }
        (Some(Concluded::Licence { ids }), _) => {
            judged(ids.first().cloned().unwrap_or_default(), Known::Concluded)
        }
        (Some(changed @ Concluded::Modified { .. }), _) => {
            open(changed.name().unwrap_or_default(), Known::Concluded)
        }
        (_, Some(declared)) => judged(declared.clone(), Known::Declared),
        _ => open("not known".to_owned(), Known::Unknown),
    }
}

/// Whether a text is what an expression names, or a part of it.
fn agrees(ids: &[String], declared: &str) -> bool {
    let named = expression::ids(declared);
    let plain = |id: &str| id.split(" WITH ").next().unwrap_or(id).trim_end_matches('+').to_owned();
    named.iter().any(|name| ids.contains(&plain(name)))
}

/// What is wrong with the terms of the components, taken alone.
pub fn findings(subject: &Subject) -> Vec<Finding> {
    let mut all = Vec::new();
    for part in &subject.parts {
        if part.evidence.is_some() {
            of_part(part, &mut all);
        }
    }
    all.extend(contradictions(subject));
    let mut seen = Vec::new();
    for part in &subject.parts {
        let Some(text) = &part.text else { continue };
        if text.encoding.is_some() && !seen.contains(&&text.path) {
            seen.push(&text.path);
            let encoding = text.encoding.unwrap_or_default();
            let problem = Problem::new(Code::LicenceTextEncoding, &text.path);
            all.push(problem.detail(format!("it was read as {encoding}")).into_finding());
        }
    }
    all
}

/// Declarations that cannot both be so.
fn contradictions(subject: &Subject) -> Vec<Finding> {
    let mut all = Vec::new();
    let add = |all: &mut Vec<Finding>, of: &dyn std::fmt::Display, detail: String| {
        let problem = Problem::new(Code::DeclarationContradicts, of);
        all.push(problem.detail(detail).into_finding());
    };
    for part in subject.parts.iter().filter(|part| part.absent.is_some()) {
        let there = subject.parts.iter().any(|it| it.kind == part.kind && it.evidence.is_some());
        if there {
            add(&mut all, &part.kind, "it is said to be absent, and is there as well".to_owned());
        }
    }
    for data in &subject.data {
        let licence = data.licence.as_deref().unwrap_or_default();
        if data.class == Some(DataClass::Open) && tier_of(licence) == Tier::Restricted {
            add(&mut all, &data.name, format!("it is said to be open, and is under {licence}"));
        }
    }
    all
}

fn of_part(part: &Part, all: &mut Vec<Finding>) {
    let here = part.evidence >= Some(Evidence::Packed);
    let declared = part.declared.as_deref();
    match (&part.text, declared) {
        (None, None) if here => {
            all.push(Problem::new(Code::LicenceMissing, part.kind).into_finding());
        }
        (None, Some(declared)) if here => {
            let problem = Problem::new(Code::LicenceTextMissing, part.kind);
            let detail = format!(
                "it is declared to be under {declared}, and no text of that is bound to it"
            );
            all.push(problem.detail(detail).into_finding());
        }
        _ => {}
    }
    if let Some(declared) = declared {
        let unknown: Vec<String> = expression::ids(declared)
            .into_iter()
            .filter(|id| licence::lookup(id).is_none())
            .collect();
        if !unknown.is_empty()
            && part.text.as_ref().is_none_or(|text| {
                !matches!(
                    text.concluded,
                    Some(Concluded::Licence { .. } | Concluded::Modified { .. })
                )
            })
        {
            let detail = format!("nothing is known of the terms of {}", unknown.join(", "));
            all.push(Problem::new(Code::LicenceUnknown, part.kind).detail(detail).into_finding());
        }
    }
    of_text(part, all);
    for inside in &part.inside {
        let named = part.declared.iter().flat_map(|it| expression::ids(it)).collect::<Vec<_>>();
        let covered = expression::choices(&inside.expression)
            .is_ok_and(|choices| choices.iter().any(|ids| ids.iter().all(|id| named.contains(id))));
        if !covered {
            let detail = format!(
                "{} of its files ({}) say {}, which {} does not cover",
                inside.files,
                inside.example,
                inside.expression,
                part.declared.as_deref().unwrap_or("no declaration")
            );
            all.push(
                Problem::new(Code::FileLicenceDiffers, part.kind).detail(detail).into_finding(),
            );
        }
    }
}

/// What is wrong between the declared licence and the text that is bound.
fn of_text(part: &Part, all: &mut Vec<Finding>) {
    let declared = part.declared.as_deref();
    let Some(text) = &part.text else { return };
    match &text.concluded {
        Some(Concluded::Licence { ids }) => {
            if let Some(declared) = declared.filter(|declared| !agrees(ids, declared)) {
                let problem = Problem::new(Code::LicenceMismatch, part.kind);
                let detail = format!(
                    "declared is {declared}; the text {} ({}) is {}",
                    text.path,
                    text.digest,
                    ids.join(" / ")
                );
                all.push(problem.detail(detail).into_finding());
            }
        }
        Some(Concluded::Modified { of, changes, .. }) => {
            let shown: Vec<String> = changes
                .iter()
                .take(3)
                .map(|change| {
                    let mut words = String::new();
                    if !change.added.is_empty() {
                        words = format!("added: \u{201c}{}\u{201d}", shortened(&change.added));
                    }
                    if let Some(removed) = &change.removed {
                        let gap = if words.is_empty() { "" } else { " in place of " };
                        words = format!("{words}{gap}\u{201c}{}\u{201d}", shortened(removed));
                        if gap.is_empty() {
                            words = format!("removed: {words}");
                        }
                    } else if change.removed_words > 0 {
                        words = format!("{words} ({} words are missing)", change.removed_words);
                    }
                    words.trim().to_owned()
                })
                .collect();
            let more = changes.len().saturating_sub(shown.len());
            let more = if more > 0 { format!("; and {more} more places") } else { String::new() };
            let declared = declared.map_or_else(String::new, |it| format!("declared is {it}; "));
            let detail = format!(
                "{declared}the text {} ({}) is {} with other terms: {}{more}",
                text.path,
                text.digest,
                of.join(" / "),
                shown.join("; ")
            );
            all.push(Problem::new(Code::LicenceModified, part.kind).detail(detail).into_finding());
        }
        Some(Concluded::Unknown { reason }) => {
            let detail = format!("the text {} ({}): {reason}", text.path, text.digest);
            all.push(
                Problem::new(Code::LicenceTextUnknown, part.kind).detail(detail).into_finding(),
            );
        }
        None => {}
    }
}

/// Longest passage that is shown in a finding, in characters.
const SHOWN: usize = 240;

fn shortened(text: &str) -> String {
    if text.chars().count() <= SHOWN {
        return text.to_owned();
    }
    let start: String = text.chars().take(SHOWN).collect();
    format!("{start}\u{2026}")
}
