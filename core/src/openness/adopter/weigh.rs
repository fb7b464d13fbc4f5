//! One licence, term by term.

use super::{Adopter, Answered, Applies, Effect, Purpose};
use crate::licence::{
    Answer, Duty, Licence, OutputRestriction, Perhaps, Permission, Registration, Revocability,
    ShareAlike, Term, UseRestrictions,
};

/// Applies if something is so; unknown if it was not said.
fn when(so: Option<bool>) -> Applies {
    match so {
        Some(true) => Applies::Applies,
        Some(false) => Applies::DoesNotApply,
        None => Applies::Unknown,
    }
}

/// The term that answers for use as such: everybody uses.
const COMMERCIAL: &str = "commercial use";

struct Weigh<'a> {
    licence: &'a Licence,
    holds_for: &'a str,
    adopter: &'a Adopter,
    all: Vec<Answered>,
}

impl Weigh<'_> {
    /// Whether somebody asks, rather than nobody in particular.
    fn asked(&self) -> bool {
        *self.adopter != Adopter::default()
    }

    fn add<T>(
        &mut self,
        term: &'static str,
        from: &Term<T>,
        applies: Applies,
        effect: Effect,
        words: String,
    ) {
        let words = match &from.words {
            Some(more) if !words.contains(more.as_str()) => format!("{words}: {more}"),
            _ => words,
        };
        self.all.push(Answered {
            term,
            licence: self.licence.id.clone(),
            holds_for: vec![self.holds_for.to_owned()],
            clause: from.clause.clone(),
            applies,
            effect,
            words,
        });
    }

    /// Something that is permitted, under conditions, or denied.
    fn permission(
        &mut self,
        term: &'static str,
        from: Option<&Term<Permission>>,
        wanted: Option<bool>,
    ) {
        let Some(from) = from else { return };
        let said = from.words.as_deref().unwrap_or_default();
        let own = said.starts_with("denied") || said.starts_with("allowed");
        let plain = match from.value {
            Permission::Denied => "denied",
            Permission::Conditional => "permitted under conditions",
            Permission::Allowed => "permitted",
        };
        let words = format!("{term} is {}", if own { said } else { plain });
        let (applies, effect) = match (from.value, wanted) {
            // What was not asked for is not needed; it is to be known.
            (Permission::Denied, None) if term != COMMERCIAL => (Applies::Unknown, Effect::Obliges),
            (Permission::Denied, wanted) => (when(wanted), Effect::Denies),
            // What is permitted is permitted to everybody.
            (_, Some(false)) => (Applies::DoesNotApply, Effect::Informs),
            _ => (Applies::Applies, Effect::Informs),
        };
        self.add(term, from, applies, effect, words);
    }
}

/// Every term of a licence, for an adopter.
pub(super) fn licence(licence: &Licence, holds_for: &str, adopter: &Adopter) -> Vec<Answered> {
    let mut weigh = Weigh { licence, holds_for, adopter, all: Vec::new() };
    let t = &licence.terms;
    let commercial = adopter.purpose.map(|purpose| purpose == Purpose::Commercial);
    if licence.terms.evaluable.as_ref().is_some_and(|term| !term.value) {
        weigh.all.push(super::not_known(&licence.id, holds_for));
    }
    // Who got it inside a product may be exempt; which sections, the licence says.
    let exempt = t.end_user_product_exemption.is_some() && adopter.in_product == Some(true);
    weigh.permission(COMMERCIAL, t.commercial_use.as_ref(), commercial);
    weigh.permission("modification", t.modification.as_ref(), adopter.modifies);
    weigh.permission("redistribution", t.redistribution.as_ref(), adopter.distributes);
    weigh.permission("hosted service", t.hosted_service.as_ref(), adopter.hosts);
    users(&mut weigh, exempt);
    revenue(&mut weigh, exempt);
    uses(&mut weigh);
    outputs(&mut weigh);
    places(&mut weigh);
    duties(&mut weigh);
    other(&mut weigh);
    weigh.all
}

/// A number of people or of money, with its thousands apart.
fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, c) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(' ');
        }
        text.push(c);
    }
    text
}

#[allow(clippy::cast_precision_loss)] // Limits are far below 2^53.
fn users(weigh: &mut Weigh<'_>, exempt: bool) {
    let Some(term) = &weigh.licence.terms.user_threshold else { return };
    let Perhaps::Has(threshold) = &term.value else { return };
    let limit = threshold.limit as f64;
    let day = threshold.date.as_deref();
    let users = weigh.adopter.users(day);
    let over = users.map(|users| users > limit && !exempt);
    let when_counted = &threshold.measured;
    let yours = users.map_or_else(
        || "you did not say how many you have".to_owned(),
        |users| format!("you have {}", grouped(users)),
    );
    let mut words = format!(
        "more than {} {} ({when_counted}): {}; ask {}",
        grouped(limit),
        threshold.metric,
        threshold.effect,
        threshold.ask
    );
    if weigh.asked() {
        words = format!("{words}; {yours}");
    }
    let term = term.clone();
    weigh.add("user threshold", &term, when(over), Effect::Denies, words);
}

#[allow(clippy::cast_precision_loss)] // Limits are far below 2^53.
fn revenue(weigh: &mut Weigh<'_>, exempt: bool) {
    let Some(term) = weigh.licence.terms.revenue_threshold.clone() else { return };
    let threshold = match &term.value {
        Perhaps::Has(threshold) => threshold,
        Perhaps::Not(_) if term.value.is_none() => return,
        Perhaps::Not(_) => {
            let words = "sources contradict each other about a limit by revenue".to_owned();
            weigh.add("revenue threshold", &term, Applies::Unknown, Effect::Denies, words);
            return;
        }
    };
    let limit = threshold.limit as f64;
    let yearly = if threshold.period == "month" { limit * 12.0 } else { limit };
    let same = weigh.adopter.currency.as_deref().unwrap_or("USD") == threshold.currency;
    let revenue = weigh.adopter.revenue.filter(|_| same);
    let over = revenue.map(|revenue| revenue > yearly && !exempt);
    let yours = match (weigh.adopter.revenue, same) {
        (None, _) => "you did not say what yours is".to_owned(),
        (Some(_), false) => format!("yours is in another currency than {}", threshold.currency),
        (Some(revenue), true) => format!("yours is {} a year", grouped(revenue)),
    };
    let mut words = format!(
        "more than {} {} revenue a {} ({}): {}; ask {}",
        grouped(limit),
        threshold.currency,
        threshold.period,
        threshold.scope,
        threshold.effect,
        threshold.ask
    );
    if weigh.asked() {
        words = format!("{words}; {yours}");
    }
    weigh.add("revenue threshold", &term, when(over), Effect::Denies, words);
}

fn uses(weigh: &mut Weigh<'_>) {
    let fields = weigh.licence.terms.field_of_use.clone();
    if let Some(term) = weigh.licence.terms.use_restrictions.clone() {
        let what = match &term.value {
            UseRestrictions::None => return,
            UseRestrictions::ExportLaw => "the law on exports holds".to_owned(),
            UseRestrictions::Embedded { count: 1 } => {
                "a use that is listed is forbidden".to_owned()
            }
            UseRestrictions::Embedded { count } => {
                format!("{count} uses that are listed are forbidden")
            }
            UseRestrictions::ByReference { policy, mutable } => {
                let changes = if *mutable { ", which can change" } else { "" };
                format!("uses are forbidden by the {policy}{changes}")
            }
        };
        weigh.add("use restrictions", &term, Applies::Applies, Effect::Obliges, what);
    }
    let Some(term) = fields else { return };
    let wanted = weigh.adopter.fields.clone();
    for field in &wanted {
        let plain = field.to_lowercase();
        let named = term.value.iter().find(|known| known.to_lowercase().contains(&plain));
        let (applies, words) = match named {
            Some(known) => (Applies::Applies, format!("use for {field} is forbidden ({known})")),
            None => (
                Applies::DoesNotApply,
                format!("{field} is not among the forbidden uses that are known"),
            ),
        };
        weigh.add("field of use", &term, applies, Effect::Denies, words);
    }
}

fn outputs(weigh: &mut Weigh<'_>) {
    let Some(term) = weigh.licence.terms.output_restriction.clone() else { return };
    let trains = when(weigh.adopter.trains_models_on_outputs);
    let (applies, effect, words) = match term.value {
        OutputRestriction::None => return,
        OutputRestriction::NoTraining if trains == Applies::Unknown => {
            (trains, Effect::Obliges, "outputs may not train or improve other models")
        }
        OutputRestriction::NoTraining => {
            (trains, Effect::Denies, "outputs may not train or improve other models")
        }
        OutputRestriction::ResearchOnly => (
            when(weigh.adopter.purpose.map(|purpose| purpose != Purpose::Research)),
            Effect::Denies,
            "outputs are for research only",
        ),
        OutputRestriction::TrainingNeedsName => {
            (trains, Effect::Obliges, "a model trained on outputs carries the model's name")
        }
        OutputRestriction::TrainingNeedsDisplay => {
            (trains, Effect::Obliges, "a model trained on outputs displays where they are from")
        }
        OutputRestriction::ImitationIsDerivative => (
            trains,
            Effect::Obliges,
            "a model trained on outputs to imitate counts as a derivative",
        ),
        OutputRestriction::RestrictionsReachOutputs => {
            (Applies::Applies, Effect::Obliges, "the use restrictions hold for outputs too")
        }
    };
    weigh.add("outputs", &term, applies, effect, words.to_owned());
}

/// Members of the European Union (ISO 3166-1 alpha-2), as of 2026.
const EU: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT",
    "LT", "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

fn places(weigh: &mut Weigh<'_>) {
    let Some(term) = weigh.licence.terms.geo_restriction.clone() else { return };
    let Some(restriction) = term.value.has() else { return };
    let country = weigh.adopter.country.as_deref().map(str::to_uppercase);
    // Every such restriction that is known is about the European Union.
    let concerned = country.map(|country| EU.contains(&country.as_str()) || country == "EU");
    let words = restriction.is.clone();
    weigh.add("geography", &term, when(concerned), Effect::Denies, words);
}

/// A duty in words.
pub fn duty_words(duty: &Duty) -> String {
    match duty {
        Duty::LicenceCopy => "pass on a copy of the licence".to_owned(),
        Duty::LicenceLink => "give a link to the licence".to_owned(),
        Duty::LicenceCopyOrLink => "pass on the licence or its address".to_owned(),
        Duty::LicenceWithData => "pass on the licence with the data".to_owned(),
        Duty::RetainNotices => "keep the notices that are there".to_owned(),
        Duty::CopyrightNotice => "pass on the copyright notice".to_owned(),
        Duty::NoticeFile => "pass on a NOTICE file".to_owned(),
        Duty::Notice => "pass on the notice".to_owned(),
        Duty::StateChanges => "say what was changed".to_owned(),
        Duty::StateChangesInNotice => "say in the NOTICE file what was changed".to_owned(),
        Duty::CreditCreator => "name the creator".to_owned(),
        Duty::ProducedWorkNotice => "say in works made with the data where it is from".to_owned(),
        Duty::ModelCard => "keep the model card, and say in it what was changed".to_owned(),
        Duty::Display(line) => format!("display \u{201c}{line}\u{201d}"),
        Duty::Statement(line) => format!("state publicly: \u{201c}{line}\u{201d}"),
    }
}

fn duties(weigh: &mut Weigh<'_>) {
    let t = weigh.licence.terms.clone();
    let hosted = t.hosted_use_is_distribution.as_ref().is_some_and(|term| term.value);
    let passes_on = match (weigh.adopter.distributes, weigh.adopter.hosts, hosted) {
        (Some(true), _, _) | (_, Some(true), true) => Some(true),
        (None, _, _) | (_, None, true) => None,
        _ => Some(false),
    };
    if let Some(term) = &t.attribution {
        for duty in &term.value {
            let applies = match duty {
                Duty::StateChanges | Duty::StateChangesInNotice | Duty::ModelCard
                    if weigh.adopter.modifies == Some(false) =>
                {
                    Applies::DoesNotApply
                }
                _ => when(passes_on),
            };
            weigh.add("attribution", term, applies, Effect::Obliges, duty_words(duty));
        }
    }
    let both = match (passes_on, weigh.adopter.modifies) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    };
    if let Some(term) = &t.derivative_name_prefix
        && let Some(prefix) = term.value.has()
    {
        let words =
            format!("names of what is made from it begin with \u{201c}{}\u{201d}", prefix.is);
        weigh.add("name prefix", term, when(both), Effect::Obliges, words);
    }
    if let Some(term) = &t.share_alike {
        let words = match term.value {
            ShareAlike::None => return,
            ShareAlike::LicenceTravels => "a copy of the licence goes with what is made from it",
            ShareAlike::RestrictionsFlowDown => {
                "what is made from it keeps the restrictions, as terms that bind"
            }
            ShareAlike::NoConflictingTerms => "what is made from it has no conflicting terms",
            ShareAlike::SameLicence => "what is made from it is under the same licence",
        };
        let policy = matches!(
            t.use_restrictions.as_ref().map(|term| &term.value),
            Some(UseRestrictions::ByReference { .. })
        );
        let hand_down = if policy && term.value == ShareAlike::RestrictionsFlowDown {
            ", with the policy"
        } else {
            ""
        };
        weigh.add("derivatives", term, when(both), Effect::Obliges, format!("{words}{hand_down}"));
    }
}

fn other(weigh: &mut Weigh<'_>) {
    let t = weigh.licence.terms.clone();
    if let Some(term) = &t.registration {
        let words = match term.value {
            Registration::None => None,
            Registration::Acceptance => Some("the terms are accepted by using it"),
            Registration::Gated => Some("the terms are accepted at a gate first"),
            Registration::Required => Some("commercial users register first"),
        };
        if let Some(words) = words {
            weigh.add("registration", term, Applies::Applies, Effect::Obliges, words.to_owned());
        }
    }
    if let Some(term) = t.update_duty.as_ref().filter(|term| term.value) {
        let words = "the newest version has to be used where that is reasonable".to_owned();
        weigh.add("update duty", term, Applies::Applies, Effect::Obliges, words);
    }
    if let Some(term) = t.remote_restriction.as_ref().filter(|term| term.value) {
        let words = "the licensor may restrict use from afar".to_owned();
        weigh.add("remote restriction", term, Applies::Applies, Effect::Informs, words);
    }
    if let Some(term) = t.revocability.as_ref().filter(|term| term.value == Revocability::Revocable)
    {
        let words = "rights can be taken back".to_owned();
        weigh.add("revocability", term, Applies::Applies, Effect::Informs, words);
    }
    if let Some(term) = t.indemnity.as_ref().filter(|term| term.value != Answer::No) {
        let words = "the licensor is to be held harmless".to_owned();
        let effect = if term.value == Answer::Yes { Effect::Obliges } else { Effect::Informs };
        weigh.add("indemnity", term, Applies::Applies, effect, words);
    }
    if let Some(term) = &t.patent_retaliation {
        weigh.add(
            "patent retaliation",
            term,
            Applies::Applies,
            Effect::Informs,
            term.value.clone(),
        );
    }
}
