//! The class by the Model Openness Framework, from what is here and from what is said.

use super::{Definition, Facts, Point, Verdict, is_description};
use crate::model::kind::Kind;
use crate::openness::mof::{self, Component, Description, Own, Rating, State, Terms};
use crate::openness::subject::{Presence, Subject};
use crate::openness::terms;

/// Both ratings of a release.
#[derive(Debug)]
pub struct Judged {
    /// By what is here; for a description, by what it says.
    pub rating: Rating,
    /// By what is said.
    pub as_stated: Rating,
}

/// The release as the framework's own files describe one.
fn description(subject: &Subject, least: Presence) -> Description {
    let there = |kind: &&Kind| subject.presence(**kind) >= least;
    let component = |kind: &Kind| {
        let effective = subject.part(*kind).map(terms::effective);
        let terms = match effective {
            Some(it) => match it.expression {
                Some(expression) => Terms::Named(expression),
                None if it.known == terms::Known::Unknown => Terms::None,
                None => Terms::Named(it.shown),
            },
            None => Terms::None,
        };
        Component { kind: *kind, terms }
    };
    Description {
        name: subject.name.clone(),
        version: subject.version.clone(),
        producer: subject.publisher.clone().unwrap_or_default(),
        licences: std::collections::BTreeMap::new(),
        components: Kind::ALL.iter().filter(there).map(component).collect(),
    }
}

/// The release, as the framework's files describe one, by what is said.
pub fn stated(subject: &Subject) -> Description {
    description(subject, Presence::Stated)
}

/// Rates a release.
pub fn rate(subject: &Subject) -> Judged {
    let as_stated = mof::rate(&stated(subject), &Own);
    let rating = if is_description(subject.form) {
        as_stated.clone()
    } else {
        mof::rate(&description(subject, Presence::Here), &Own)
    };
    Judged { rating, as_stated }
}

pub(super) fn judge(facts: &Facts<'_>) -> Definition {
    let here = mof::rate(&description(facts.subject, Presence::Here), &Own);
    let stated = mof::rate(&stated(facts.subject), &Own);
    let point = |class: u8| {
        let met = |rating: &Rating| {
            let done = rating.progress.get(&class.to_string()).is_some_and(|part| *part >= 100.0);
            let unknown = rating.lacking.get(&class.to_string()).is_some_and(|kinds| {
                !kinds.is_empty()
                    && kinds.iter().all(|kind| {
                        rating
                            .components
                            .iter()
                            .any(|it| it.kind == *kind && it.state == State::Unknown)
                    })
            });
            match (done, unknown) {
                (true, _) => Verdict::Met,
                (false, true) => Verdict::InsufficientEvidence,
                (false, false) => Verdict::NotMet,
            }
        };
        let (mut verdict, as_stated) = (met(&here), met(&stated));
        if verdict != Verdict::Met && as_stated == Verdict::Met {
            verdict = Verdict::InsufficientEvidence;
        }
        let lacking = here.lacking.get(&class.to_string()).cloned().unwrap_or_default();
        let names: Vec<&str> = lacking.iter().map(|kind| kind.as_str()).collect();
        let part = stated.progress.get(&class.to_string()).copied().unwrap_or_default();
        Point {
            title: mof::label(class).to_owned(),
            rule: "class",
            verdict,
            as_stated,
            facts: vec![format!("{part:.0} % of class {class} as stated")],
            lacking: (!names.is_empty()).then(|| format!("under open terms: {}", names.join(", "))),
        }
    };
    let points: Vec<Point> = [3, 2, 1].into_iter().map(point).collect();
    let best = |of: fn(&Point) -> Verdict| points.iter().map(of).min().unwrap_or(Verdict::NotMet);
    let (verdict, as_stated) = (best(|point| point.verdict), best(|point| point.as_stated));
    let progress: Vec<String> = [3, 2, 1]
        .into_iter()
        .map(|class| {
            format!(
                "{:.0} %",
                stated.progress.get(&u8::to_string(&class)).copied().unwrap_or_default()
            )
        })
        .collect();
    let progress = progress.join(" / ");
    let answer = match (here.class, stated.class) {
        (0, 0) => format!("Unclassified ({progress} of III / II / I)"),
        (here, stated) if here == stated => mof::label(here).to_owned(),
        (_, stated) => format!("{} (as stated)", mof::label(stated)),
    };
    Definition {
        id: "mof",
        title: "Model Openness Framework",
        source: "MOF (arXiv:2403.13784), rules of the Model Openness Tool of 2026-05-11",
        verdict,
        as_stated,
        answer,
        note: None,
        points,
    }
}
