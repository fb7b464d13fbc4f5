//! The Open Source Definition: a test of licences, not of models.

use super::{Definition, Facts, Point, Verdict};
use crate::licence::Tier;
use crate::model::kind::{Group, Kind};
use crate::openness::subject::Presence;
use crate::openness::terms;

pub(super) fn judge(facts: &Facts<'_>) -> Definition {
    let mut points: Vec<Point> = Vec::new();
    let software =
        |kind: Kind| matches!(kind.group(), Group::Weights | Group::Config | Group::Code);
    for (part, effective) in facts.terms.iter().filter(|(part, _)| software(part.kind)) {
        let mut known = vec![format!("{} ({})", effective.shown, effective.known.as_str())];
        let mut verdict = Verdict::InsufficientEvidence;
        let mut as_stated = Verdict::InsufficientEvidence;
        let mut lacking = Some(format!("{} under terms that are known", part.kind));
        if let Some(expression) = &effective.expression {
            let licences = terms::licences_of(expression);
            let blockers: Vec<_> = licences
                .iter()
                .flat_map(|it| it.osd_blockers().into_iter().map(move |blocker| (it, blocker)))
                .collect();
            known.extend(blockers.iter().map(|(licence, blocker)| {
                format!("{} clause {}: {}", licence.id, blocker.clause, blocker.rule)
            }));
            let sure = blockers.iter().any(|(_, blocker)| !blocker.needs_judgement);
            if sure {
                (verdict, as_stated) = (Verdict::NotMet, Verdict::NotMet);
                lacking = Some(format!("{} under an OSI-approved licence", part.kind));
            } else if effective.tier == Tier::OpenSource {
                as_stated = Verdict::Met;
                lacking = Some(format!("the licence text of {}", part.kind));
                if effective.known == terms::Known::Concluded {
                    verdict = Verdict::Met;
                    lacking = None;
                }
            } else if effective.tier == Tier::OpenTerms {
                known.push(
                    "no clause stands against the definition; OSI has not approved it".to_owned(),
                );
                lacking = Some(format!("{} under an OSI-approved licence", part.kind));
            }
        }
        points.push(Point {
            title: part.kind.title().to_owned(),
            rule: "clauses 1 to 10",
            verdict,
            as_stated,
            facts: known,
            lacking,
        });
    }
    if facts.subject.presence(Kind::ModelParametersFinal) == Presence::No {
        points.push(facts.component(Kind::ModelParametersFinal, Tier::OpenSource, "clause 2"));
    }
    let mut definition =
        Definition::all("osd", "Open Source Definition (terms)", "OSI, OSD 1.9", points);
    definition.note =
        Some("OSI approves licences, not models; data and documents need no software licence");
    definition
}
