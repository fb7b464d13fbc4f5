//! The row of the European Open Source AI Index: 14 parameters, each open, partial or
//! closed. What its editors grade by hand is only said to be there or not.

use super::{DataState, Definition, Facts, Point, Verdict};
use crate::licence::Tier;
use crate::model::kind::Kind;
use crate::openness::subject::Presence;

pub(super) fn judge(facts: &Facts<'_>) -> Definition {
    let mut points = Vec::new();
    let (state, known) = facts.data_state();
    let data = match state {
        DataState::Open => (Verdict::Met, Verdict::Met),
        DataState::OpenAsStated => (Verdict::InsufficientEvidence, Verdict::Met),
        DataState::Unknown => (Verdict::InsufficientEvidence, Verdict::InsufficientEvidence),
        DataState::Closed => (Verdict::NotMet, Verdict::NotMet),
    };
    points.push(cell("base model data", data.0, data.1, known));
    points.push(unknown("end user model data"));
    for (name, kind) in [
        ("base model weights", Kind::ModelParametersFinal),
        ("training code", Kind::TrainingCode),
        ("code documentation", Kind::SupportingLibrariesAndTools),
        ("hardware architecture", Kind::ModelArchitecture),
        ("preprint", Kind::TechnicalReport),
        ("paper", Kind::ResearchPaper),
        ("model card", Kind::ModelCard),
        ("data sheet", Kind::DataCard),
        ("package", Kind::InferenceCode),
    ] {
        let mut point = facts.component(kind, Tier::OpenTerms, "index");
        name.clone_into(&mut point.title);
        if facts.subject.presence(kind) != Presence::No && point.verdict == Verdict::NotMet {
            // There, under restricting terms: what the index calls partial.
            point.facts.push("partial: there, under terms that restrict".to_owned());
        }
        points.push(point);
    }
    points.push(unknown("end user model weights"));
    points.push(unknown("API and meta prompts"));
    let terms = super::osd::judge(facts);
    points.push(cell("licences", terms.verdict, terms.as_stated, Vec::new()));
    let open = points.iter().filter(|point| point.as_stated == Verdict::Met).count();
    let closed = points.iter().filter(|point| point.as_stated == Verdict::NotMet).count();
    let answer =
        format!("{open} open, {closed} closed or partial, {} not known, of 14", 14 - open - closed);
    let mut definition = Definition::all(
        "osai-index",
        "European Open Source AI Index (row)",
        "osai-index.eu, 14 parameters",
        points,
    );
    definition.answer = answer;
    definition.note = Some("self-assessed from the release; the index is graded by its editors");
    definition
}

fn cell(title: &str, verdict: Verdict, as_stated: Verdict, facts: Vec<String>) -> Point {
    Point {
        title: title.to_owned(),
        rule: "index",
        verdict,
        as_stated,
        facts,
        lacking: (verdict != Verdict::Met).then(|| title.to_owned()),
    }
}

fn unknown(title: &str) -> Point {
    let verdict = Verdict::InsufficientEvidence;
    cell(title, verdict, verdict, vec!["not derivable from a release".to_owned()])
}
