//! The wording of Debian's machine learning team: *Free Model*, *Toxic
//! Candy*, *Non-free*.
//! Not the project's position: the general resolution of 2025 was withdrawn.

use super::{DataState, Definition, Facts, Point, Verdict};
use crate::licence::Tier;
use crate::model::kind::Kind;

pub(super) fn judge(facts: &Facts<'_>) -> Definition {
    let weights = facts.component(Kind::ModelParametersFinal, Tier::OpenTerms, "ML policy");
    let (state, known) = facts.data_state();
    let (verdict, as_stated) = match state {
        DataState::Open => (Verdict::Met, Verdict::Met),
        DataState::OpenAsStated => (Verdict::InsufficientEvidence, Verdict::Met),
        DataState::Unknown => (Verdict::InsufficientEvidence, Verdict::InsufficientEvidence),
        DataState::Closed => (Verdict::NotMet, Verdict::NotMet),
    };
    let data = Point {
        title: "Training data".to_owned(),
        rule: "ML policy",
        verdict,
        as_stated,
        facts: known,
        lacking: (verdict != Verdict::Met).then(|| "all training data under free terms".to_owned()),
    };
    let answer = match (weights.as_stated, data.as_stated) {
        (Verdict::NotMet, _) => "Non-free",
        (Verdict::Met, Verdict::Met) if weights.verdict.max(data.verdict) == Verdict::Met => {
            "Free Model"
        }
        (Verdict::Met, Verdict::Met) => "Free Model (as stated)",
        (Verdict::Met, _) => "ToxicCandy",
        _ => "undecided: the terms of the weights are not known",
    };
    let mut definition = Definition::all(
        "debian",
        "Debian ML policy",
        "Debian Deep Learning Team, ML-Policy (draft)",
        vec![weights, data],
    );
    answer.clone_into(&mut definition.answer);
    definition.note = Some("wording of the team's policy, not the project's position");
    definition
}
