//! The Open Source AI Definition 1.0 of the Open Source Initiative (2024-10-28), by
//! element; components by the initiative's checklist 0.0.9.

use super::{Definition, Facts, Point, Verdict};
use crate::licence::{Blocker, Tier};
use crate::model::kind::Kind;
use crate::openness::claims;
use crate::openness::subject::Presence;
use crate::openness::terms;

pub(super) fn judge(facts: &Facts<'_>) -> Definition {
    let points = vec![freedoms(facts), data(facts), code(facts), parameters(facts)];
    Definition::all("osaid", "Open Source AI Definition 1.0", "OSI, OSAID 1.0, 2024-10-28", points)
}

fn worst(points: &[Point], of: fn(&Point) -> Verdict) -> Verdict {
    points.iter().map(of).max().unwrap_or(Verdict::NotMet)
}

fn joined(title: &str, rule: &'static str, parts: Vec<Point>) -> Point {
    let lacking: Vec<&str> = parts.iter().filter_map(|part| part.lacking.as_deref()).collect();
    Point {
        title: title.to_owned(),
        rule,
        verdict: worst(&parts, |part| part.verdict),
        as_stated: worst(&parts, |part| part.as_stated),
        lacking: (!lacking.is_empty()).then(|| lacking.join("; ")),
        facts: parts.into_iter().flat_map(|part| part.facts).collect(),
    }
}

/// No term of what is there may stand against the four freedoms.
fn freedoms(facts: &Facts<'_>) -> Point {
    let mut known = Vec::new();
    let mut verdict = Verdict::Met;
    let mut proven = true;
    if facts.terms.is_empty() {
        verdict = Verdict::InsufficientEvidence;
    }
    for (part, effective) in &facts.terms {
        proven &= effective.known == terms::Known::Concluded;
        let Some(expression) = &effective.expression else {
            verdict = verdict.max(Verdict::InsufficientEvidence);
            known.push(format!(
                "{}: {} ({})",
                part.kind,
                effective.shown,
                effective.known.as_str()
            ));
            continue;
        };
        if effective.tier == Tier::Undetermined {
            verdict = verdict.max(Verdict::InsufficientEvidence);
            known.push(format!("{}: nothing is known of {expression}", part.kind));
        }
        for licence in terms::licences_of(expression) {
            for Blocker { rule, clause, needs_judgement } in licence.osd_blockers() {
                let one =
                    if needs_judgement { Verdict::InsufficientEvidence } else { Verdict::NotMet };
                verdict = verdict.max(one);
                let fact = format!("{} clause {clause}: {rule}", licence.id);
                if !known.contains(&fact) {
                    known.push(fact);
                }
            }
        }
    }
    let as_stated = verdict;
    if !proven {
        verdict = verdict.max(Verdict::InsufficientEvidence);
    }
    let lacking = (verdict != Verdict::Met).then(|| match verdict {
        _ if as_stated == Verdict::Met => "the licence text of every component".to_owned(),
        Verdict::NotMet => "terms without restrictions of use".to_owned(),
        _ => "terms that are known".to_owned(),
    });
    Point {
        title: "Freedoms: use, study, modify, share".to_owned(),
        rule: "preamble",
        verdict,
        as_stated,
        facts: known,
        lacking,
    }
}

fn data(facts: &Facts<'_>) -> Point {
    let (there, missing) = facts.data_information();
    let described = facts.any_data_description();
    let (_, mut known) = facts.data_state();
    if !there.is_empty() {
        known.push(format!("documents: {}", there.join(", ")));
    }
    let classed =
        facts.training_data().count() > 0 && facts.training_data().all(|data| data.class.is_some());
    let named = if classed { Verdict::Met } else { Verdict::InsufficientEvidence };
    let (verdict, as_stated) = match (described, missing.is_empty()) {
        (Presence::No, false) => (Verdict::NotMet, Verdict::NotMet),
        (Presence::Stated, false) => (Verdict::InsufficientEvidence, named),
        _ => (named, named),
    };
    let mut lacking = Vec::new();
    if !classed {
        lacking.push(
            "each training data set with its class (open, public, obtainable, unshareable)"
                .to_owned(),
        );
    }
    if !missing.is_empty() && described != Presence::Here {
        lacking.push(format!("documents about {}", missing.join(", ")));
    }
    let listed = Point {
        title: "listed".to_owned(),
        rule: "data information",
        verdict,
        as_stated,
        facts: known,
        lacking: (!lacking.is_empty()).then(|| lacking.join("; ")),
    };
    let complete = facts.stated(claims::DATA_COMPLETE, "data information");
    joined("Data information", "data information (1) to (3)", vec![listed, complete])
}

fn code(facts: &Facts<'_>) -> Point {
    let kinds = [
        Kind::DataPreprocessingCode,
        Kind::TrainingCode,
        Kind::SupportingLibrariesAndTools,
        Kind::InferenceCode,
    ];
    let mut parts: Vec<Point> =
        kinds.into_iter().map(|kind| facts.component(kind, Tier::OpenSource, "code")).collect();
    parts.push(facts.stated(claims::CODE_COMPLETE, "code"));
    joined("Code", "code", parts)
}

fn parameters(facts: &Facts<'_>) -> Point {
    let parts = vec![
        facts.component(Kind::ModelArchitecture, Tier::OpenSource, "code"),
        facts.component(Kind::ModelParametersFinal, Tier::OpenTerms, "parameters"),
    ];
    joined("Model: architecture and parameters", "parameters", parts)
}
