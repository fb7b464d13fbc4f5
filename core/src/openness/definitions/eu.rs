//! The exemptions of the EU AI Act for open-source general-purpose models, Article
//! 53(2) and 54(6), by the guidelines C(2025) 5045 of 2025-07-18, by paragraph.

use super::{Definition, Facts, Point, Verdict};
use crate::licence::Tier;
use crate::model::kind::Kind;
use crate::openness::claims;
use crate::openness::subject::Presence;
use crate::openness::terms;

/// Training compute above which a model is presumed to have systemic risk,
/// Article 51(2), in floating-point operations.
const SYSTEMIC: f64 = 1e25;

pub(super) fn judge(facts: &Facts<'_>) -> Definition {
    let points = vec![
        licence(facts),
        access(facts),
        monetisation(facts),
        public(facts, Kind::ModelParametersFinal, "paras 90-92"),
        public(facts, Kind::ModelArchitecture, "paras 90-92"),
        usage(facts),
        systemic(facts),
    ];
    let mut all = points;
    all.extend(documents(facts));
    let mut definition = Definition::all(
        "eu-53-2",
        "EU AI Act, Article 53(2)",
        "Regulation (EU) 2024/1689; guidelines C(2025) 5045, paras 73-92",
        all,
    );
    definition.note = Some("not legal advice; a copyright policy and a training summary stay due");
    definition
}

/// Access, use, modification and redistribution without limits (paras 76 to 84).
fn licence(facts: &Facts<'_>) -> Point {
    let mut point = Point {
        title: "licence: access, use, modify, redistribute".to_owned(),
        rule: "paras 76-84",
        verdict: Verdict::NotMet,
        as_stated: Verdict::NotMet,
        facts: Vec::new(),
        lacking: Some("weights under a free and open-source licence".to_owned()),
    };
    let Some((part, effective)) = facts.part(Kind::ModelParametersFinal) else {
        point.facts.push("the weights are not released".to_owned());
        return point;
    };
    point.facts.push(format!("{}: {} ({})", part.kind, effective.shown, effective.known.as_str()));
    let expression = effective.expression.as_deref().unwrap_or_default();
    let mut verdict = match effective.tier {
        Tier::Undetermined => Verdict::InsufficientEvidence,
        _ => Verdict::Met,
    };
    for licence in terms::licences_of(expression) {
        for blocker in licence.eu_blockers() {
            if blocker.rule.starts_with("para 79") {
                continue;
            }
            let one = match (blocker.needs_judgement, facts.subject.claim(claims::PROPORTIONATE)) {
                (true, Some(_)) => Verdict::Met,
                (true, None) => Verdict::NeedsAttestation,
                (false, _) => Verdict::NotMet,
            };
            verdict = verdict.max(one);
            point.facts.push(format!("{} clause {}: {}", licence.id, blocker.clause, blocker.rule));
        }
    }
    if verdict == Verdict::NeedsAttestation {
        point.lacking = Some(format!("a signed statement \"{}\"", claims::PROPORTIONATE));
    }
    if verdict == Verdict::Met {
        point.lacking = None;
    }
    (point.verdict, point.as_stated) = (verdict, verdict);
    if verdict < Verdict::InsufficientEvidence && effective.known != terms::Known::Concluded {
        point.verdict = Verdict::InsufficientEvidence;
        point.lacking = Some("the licence text of the weights".to_owned());
    }
    point
}

/// Free access for everybody; a gate only for security (paras 79, 87).
fn access(facts: &Facts<'_>) -> Point {
    let access = facts.subject.disclosure.access.clone().unwrap_or_default();
    let mut point = facts.stated(claims::GATE_FOR_SECURITY, "paras 79, 87");
    "access free of charge and for everybody".clone_into(&mut point.title);
    let gate = facts
        .part(Kind::ModelParametersFinal)
        .and_then(|(_, effective)| effective.expression.clone())
        .map(|expression| terms::licences_of(&expression))
        .unwrap_or_default()
        .into_iter()
        .find_map(|licence| {
            let blocker =
                licence.eu_blockers().into_iter().find(|it| it.rule.starts_with("para 79"))?;
            Some(format!("{} clause {}: gate", licence.id, blocker.clause))
        });
    let paid = access.price.as_deref().is_some_and(|price| !price.eq_ignore_ascii_case("free"));
    if paid {
        point.facts.push(format!("price: {}", access.price.as_deref().unwrap_or_default()));
        (point.verdict, point.as_stated) = (Verdict::NotMet, Verdict::NotMet);
        point.lacking = Some("access without payment".to_owned());
    } else if access.gated == Some(false) && gate.is_none() {
        point.facts.push("no gate, as stated".to_owned());
        (point.verdict, point.as_stated) = (Verdict::Met, Verdict::Met);
        point.lacking = None;
    } else if access.gated == Some(true) || gate.is_some() {
        point.facts.extend(gate);
        if !access.fields.is_empty() {
            point.facts.push(format!("the gate asks for {}", access.fields.join(", ")));
        }
    } else {
        point.facts.push("it is not said whether access is gated".to_owned());
        let open = point.verdict.max(Verdict::InsufficientEvidence);
        (point.verdict, point.as_stated) = (open, open);
        point.lacking = Some("`[access] gated` in pkg.toml".to_owned());
    }
    point
}

/// No monetisation, no second licence by scale (paras 85 to 88).
fn monetisation(facts: &Facts<'_>) -> Point {
    let mut point = facts.stated(claims::NO_MONETISATION, "paras 85-88");
    "no monetisation".clone_into(&mut point.title);
    let offers = facts.subject.disclosure.access.clone().unwrap_or_default().commercial_offers;
    if !offers.is_empty() {
        point.facts.push(format!("commercial offers: {}", offers.join(", ")));
    }
    let threshold = facts.terms.iter().find_map(|(part, effective)| {
        let expression = effective.expression.as_deref()?;
        terms::licences_of(expression).into_iter().find_map(|licence| {
            let revenue = licence.terms.revenue_threshold.as_ref()?;
            revenue.value.has()?;
            Some(format!(
                "{}: {} clause {}: a paid licence by scale",
                part.kind, licence.id, revenue.clause
            ))
        })
    });
    if let Some(fact) = threshold {
        point.facts.push(fact);
        (point.verdict, point.as_stated) = (Verdict::NotMet, Verdict::NotMet);
        point.lacking = Some("one licence for every scale".to_owned());
    }
    point
}

/// Weights and architecture information are public (paras 90 to 92). A configuration
/// that says the architecture is such information too.
fn public(facts: &Facts<'_>, kind: Kind, rule: &'static str) -> Point {
    let instead = facts.subject.presence(Kind::ModelMetadata);
    let kind = match kind {
        Kind::ModelArchitecture if instead > facts.subject.presence(kind) => Kind::ModelMetadata,
        kind => kind,
    };
    facts.component(kind, Tier::Undetermined, rule)
}

/// Modalities, capability, limits and technical means (paras 90 to 92).
fn usage(facts: &Facts<'_>) -> Point {
    let usage = facts.subject.disclosure.usage.clone().unwrap_or_default();
    let missing: Vec<&str> = [
        ("modalities", !usage.modalities.is_empty()),
        ("capabilities", usage.capabilities.is_some()),
        ("limits", usage.limits.is_some()),
        ("requirements", usage.requirements.is_some()),
    ]
    .into_iter()
    .filter(|(_, there)| !there)
    .map(|(key, _)| key)
    .collect();
    let card = facts.subject.presence(Kind::ModelCard);
    let verdict = match (missing.is_empty(), card) {
        (true, _) => Verdict::Met,
        (false, Presence::No) => Verdict::NotMet,
        // A card usually says it; whether this one does is for a reader.
        (false, _) => Verdict::InsufficientEvidence,
    };
    Point {
        title: "usage information".to_owned(),
        rule: "paras 90-92",
        verdict,
        as_stated: verdict,
        facts: vec![format!(
            "model card: {}",
            match card {
                Presence::Here => "here",
                Presence::Stated => "linked",
                Presence::No => "not in this release",
            }
        )],
        lacking: (verdict != Verdict::Met)
            .then(|| format!("`[usage]` in pkg.toml: {}", missing.join(", "))),
    }
}

/// The exemption does not extend to models with systemic risk (paras 73 to 75).
fn systemic(facts: &Facts<'_>) -> Point {
    let mut point = facts.stated(claims::NOT_SYSTEMIC, "paras 73-75; Article 51(2)");
    "no systemic risk".clone_into(&mut point.title);
    let training = facts.subject.disclosure.training.clone().unwrap_or_default();
    if let Some(flop) = training.compute_flop.as_deref().and_then(|it| it.parse::<f64>().ok()) {
        point.facts.push(format!("training compute: {flop:e} FLOP, as stated"));
        if flop > SYSTEMIC {
            (point.verdict, point.as_stated) = (Verdict::NotMet, Verdict::NotMet);
            point.lacking = Some("less than 1e25 FLOP, or no designation".to_owned());
        }
    }
    point
}

/// What stays due whether or not the exemption applies (Article 53(1)(c) and (d)).
fn documents(facts: &Facts<'_>) -> Vec<Point> {
    let training = facts.subject.disclosure.training.clone().unwrap_or_default();
    [
        ("copyright policy", "Article 53(1)(c)", training.copyright_policy),
        ("summary of the training content", "Article 53(1)(d)", training.content_summary),
    ]
    .into_iter()
    .map(|(title, rule, document)| {
        let verdict = if document.is_some() { Verdict::Met } else { Verdict::InsufficientEvidence };
        Point {
            title: title.to_owned(),
            rule,
            verdict,
            as_stated: verdict,
            facts: document.map(|at| format!("document: {at}")).into_iter().collect(),
            lacking: (verdict != Verdict::Met).then(|| format!("the {title}")),
        }
    })
    .collect()
}
