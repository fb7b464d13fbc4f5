//! The position of the Free Software Foundation: all software, and all training data
//! and scripts, under the four freedoms (statement of 2024-10-22; final criteria are
//! not known here).

use super::{DataState, Definition, Facts, Point, Verdict};
use crate::licence::Tier;
use crate::model::kind::Kind;

pub(super) fn judge(facts: &Facts<'_>) -> Definition {
    let kinds = [
        Kind::ModelParametersFinal,
        Kind::InferenceCode,
        Kind::TrainingCode,
        Kind::DataPreprocessingCode,
    ];
    let mut points: Vec<Point> = kinds
        .into_iter()
        .map(|kind| facts.component(kind, Tier::OpenTerms, "four freedoms"))
        .collect();
    let (state, known) = facts.data_state();
    let (verdict, as_stated) = match state {
        DataState::Open => (Verdict::Met, Verdict::Met),
        DataState::OpenAsStated => (Verdict::InsufficientEvidence, Verdict::Met),
        DataState::Unknown => (Verdict::InsufficientEvidence, Verdict::InsufficientEvidence),
        DataState::Closed => (Verdict::NotMet, Verdict::NotMet),
    };
    points.push(Point {
        title: "Training data".to_owned(),
        rule: "four freedoms",
        verdict,
        as_stated,
        facts: known,
        lacking: (verdict != Verdict::Met).then(|| "all training data under free terms".to_owned()),
    });
    let mut definition =
        Definition::all("fsf", "FSF, free machine learning", "FSF statement of 2024-10-22", points);
    definition.note =
        Some("the foundation's final criteria are not published as far as known here");
    definition
}
