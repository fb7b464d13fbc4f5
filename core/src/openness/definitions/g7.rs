//! The labels of the G7 ministers' paper of 2026-05-29.
//!
//! The paper is known here through summaries of the Open Source Initiative and the
//! press; it binds nobody. "An Open Source licence" is taken as one that the
//! initiative approved, or terms that restrict no use, which is then said.

use super::{DataState, Definition, Facts, Point, Verdict};
use crate::licence::Tier;
use crate::model::kind::Kind;
use crate::openness::claims;
use crate::openness::subject::Presence;

/// The labels, most open first.
const LABELS: [&str; 4] =
    ["Open Source AI with Open Data", "Open Source AI", "Open Weights AI", "Weights Available AI"];

const SOURCE: &str =
    "G7 digital ministers, labels for open AI, 2026-05-29 (non-binding; by summary)";

pub(super) fn judge(facts: &Facts<'_>) -> Definition {
    let points: Vec<Point> = (0..LABELS.len()).map(|index| label(facts, index)).collect();
    let first = |of: fn(&Point) -> Verdict, wanted: &[Verdict]| {
        points.iter().position(|point| wanted.contains(&of(point)))
    };
    let met = first(|point| point.verdict, &[Verdict::Met]);
    let stated = first(|point| point.as_stated, &[Verdict::Met]);
    let attested = first(|point| point.as_stated, &[Verdict::NeedsAttestation]);
    let undecided = points.iter().any(|point| point.as_stated == Verdict::InsufficientEvidence);
    let open_terms = facts
        .part(Kind::ModelParametersFinal)
        .is_some_and(|(_, effective)| effective.tier == Tier::OpenTerms);
    let (verdict, as_stated, mut answer) = match (met, stated) {
        (Some(index), _) => (Verdict::Met, Verdict::Met, LABELS[index].to_owned()),
        (None, Some(index)) => {
            (Verdict::InsufficientEvidence, Verdict::Met, format!("{} (as stated)", LABELS[index]))
        }
        _ if undecided => (
            Verdict::InsufficientEvidence,
            Verdict::InsufficientEvidence,
            "no label: the terms of the weights are not known".to_owned(),
        ),
        _ => (Verdict::NotMet, Verdict::NotMet, "no label".to_owned()),
    };
    if answer == "no label" {
        let why = match facts.subject.presence(Kind::ModelParametersFinal) {
            Presence::No => "the weights are not released",
            _ => "no code to run the weights is released",
        };
        answer = format!("no label: {why}");
    }
    if let Some(better) =
        attested.filter(|better| met.is_none() && stated.is_some_and(|it| *better < it))
    {
        answer = format!("{answer}; {} needs a signed statement", LABELS[better]);
    }
    if verdict != Verdict::NotMet && open_terms && as_stated == Verdict::Met {
        answer.push_str(" (terms open, not OSI-approved)");
    }
    Definition {
        id: "g7",
        title: "G7 label",
        source: SOURCE,
        verdict,
        as_stated,
        answer,
        note: None,
        points,
    }
}

/// Whether a label is earned.
fn label(facts: &Facts<'_>, index: usize) -> Point {
    let tier = if index == 3 { Tier::Restricted } else { Tier::OpenTerms };
    let mut parts = vec![
        facts.component(Kind::ModelParametersFinal, tier, "weights"),
        facts.component(Kind::InferenceCode, tier, "deployment code"),
    ];
    if index < 2 {
        parts.push(facts.component(Kind::TrainingCode, Tier::OpenTerms, "training code"));
        parts.push(data(facts, index == 0));
    }
    let worst = |of: fn(&Point) -> Verdict| parts.iter().map(of).max().unwrap_or(Verdict::NotMet);
    let lacking: Vec<&str> = parts.iter().filter_map(|part| part.lacking.as_deref()).collect();
    Point {
        title: LABELS[index].to_owned(),
        rule: "label",
        verdict: worst(|part| part.verdict),
        as_stated: worst(|part| part.as_stated),
        lacking: (!lacking.is_empty()).then(|| lacking.join("; ")),
        facts: parts.into_iter().flat_map(|part| part.facts).collect(),
    }
}

/// Full training data, or information about what cannot be shared.
fn data(facts: &Facts<'_>, full: bool) -> Point {
    let (state, known) = facts.data_state();
    let mut point = Point {
        title: "training data".to_owned(),
        rule: "training data",
        verdict: Verdict::NotMet,
        as_stated: Verdict::NotMet,
        facts: known,
        lacking: Some("all training data, open and by digest".to_owned()),
    };
    match state {
        DataState::Open => {
            (point.verdict, point.as_stated) = (Verdict::Met, Verdict::Met);
            point.lacking = None;
        }
        DataState::OpenAsStated => {
            (point.verdict, point.as_stated) = (Verdict::InsufficientEvidence, Verdict::Met);
        }
        DataState::Unknown | DataState::Closed if full => {}
        DataState::Unknown | DataState::Closed => {
            let described = facts.any_data_description();
            let stated = facts.stated(claims::DATA_UNSHAREABLE, "training data");
            (point.verdict, point.as_stated) = match described {
                Presence::Here => (stated.verdict, stated.as_stated),
                Presence::Stated => {
                    (Verdict::InsufficientEvidence.max(stated.verdict), stated.as_stated)
                }
                Presence::No => (Verdict::NotMet, Verdict::NotMet),
            };
            point.facts.extend(stated.facts);
            point.lacking = match described {
                Presence::No => Some("a description of the training data".to_owned()),
                _ => stated.lacking,
            };
        }
    }
    point
}
