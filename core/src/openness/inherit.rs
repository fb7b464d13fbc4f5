//! What holds because of what a model was made from, and what got lost on the way.
//!
//! Terms of licensors add up: a restriction of any of them restricts, and thresholds
//! stay with the licensor that set them.

use schemars::JsonSchema;
use serde::Serialize;

use super::subject::Subject;
use super::terms;
use crate::finding::{Code, Finding, Problem};
use crate::licence::{
    self, Duty, Licence, OutputRestriction, Permission, ShareAlike, UseRestrictions, expression,
};
use crate::model::kind::Kind;
use crate::model::spec::BaseModelSpec;

/// Terms that come from a base model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Inherited {
    /// The base model.
    pub from: String,
    /// `proof` when it is named by digest, `claim` when only by name.
    pub identified: &'static str,
    /// Its licence, as declared.
    pub licence: Option<String>,
    /// Whether the terms of the release name that licence too.
    pub kept: bool,
}

/// The terms of each base model, and whether the release names them.
pub fn inherited(subject: &Subject) -> Vec<Inherited> {
    let own = own_ids(subject);
    let of = |base: &BaseModelSpec| {
        let ids = base.licence.as_deref().map(expression::ids).unwrap_or_default();
        Inherited {
            from: base.name.clone(),
            identified: if base.digest.is_some() { "proof" } else { "claim" },
            licence: base.licence.clone(),
            kept: !ids.is_empty() && ids.iter().all(|id| own.contains(id)),
        }
    };
    subject.base_models.iter().map(of).collect()
}

/// Ids that the terms of the weights name.
fn own_ids(subject: &Subject) -> Vec<String> {
    let weights = subject.parts.iter().filter(|part| {
        matches!(part.kind, Kind::ModelParametersFinal | Kind::ModelParametersIntermediate)
    });
    let mut ids: Vec<String> = weights
        .filter_map(|part| terms::effective(part).expression)
        .flat_map(|expression| expression::ids(&expression))
        .collect();
    ids.sort();
    ids.dedup();
    ids
}

/// What is wrong between a release and what it was made from.
pub fn findings(subject: &Subject) -> Vec<Finding> {
    let mut all = Vec::new();
    let own = own_ids(subject);
    let same = |name: &str| last_part(name).eq_ignore_ascii_case(&subject.name);
    for base in &subject.base_models {
        if same(&base.name) {
            let problem = Problem::new(Code::BaseModelCycle, &base.name);
            all.push(problem.into_finding());
            continue;
        }
        let Some(expression) = &base.licence else {
            all.push(Problem::new(Code::BaseTermsUnknown, &base.name).into_finding());
            continue;
        };
        let licences = terms::licences_of(expression);
        for licence in licences {
            of_base(subject, base, licence, &own, &mut all);
        }
    }
    outputs(subject, &mut all);
    snapshots(subject, &mut all);
    for data in &subject.data {
        if let Some(day) = &data.withdrawn {
            let note = data.note.as_deref().map_or_else(String::new, |note| format!(": {note}"));
            let detail = format!("taken back on {day}{note}");
            all.push(Problem::new(Code::DataWithdrawn, &data.name).detail(detail).into_finding());
        }
    }
    all
}

fn of_base(
    subject: &Subject,
    base: &BaseModelSpec,
    licence: &Licence,
    own: &[String],
    all: &mut Vec<Finding>,
) {
    let kept = own.contains(&licence.id);
    let own_shown = if own.is_empty() { "no known terms".to_owned() } else { own.join(", ") };
    let parent = format!(
        "{} is under {}{}",
        base.name,
        licence.id,
        base.digest.as_ref().map_or_else(String::new, |digest| format!(" ({digest})"))
    );
    let digest = subject.digest.map_or_else(String::new, |digest| format!(" ({digest})"));
    let mut add = |code, clause: &str, what: &str| {
        let detail =
            format!("{parent}; clause {clause}: {what}; this release{digest} is under {own_shown}");
        all.push(Problem::new(code, &base.name).detail(detail).into_finding());
    };
    let t = &licence.terms;
    let denied = |id: &String| {
        licence::lookup(id)
            .and_then(|it| it.terms.commercial_use.as_ref())
            .is_some_and(|term| term.value == Permission::Denied)
    };
    if let Some(term) = &t.commercial_use
        && term.value == Permission::Denied
        && !own.is_empty()
        && !own.iter().any(denied)
    {
        add(Code::NcDropped, &term.clause, "no commercial use");
    }
    if !kept && let Some(term) = &t.share_alike {
        match term.value {
            ShareAlike::SameLicence => add(
                Code::SaDropped,
                &term.clause,
                "adaptations are under the same licence (whether a trained model is one is unsettled)",
            ),
            ShareAlike::RestrictionsFlowDown => {
                add(Code::TermsDropped, &term.clause, "derivatives keep its restrictions");
            }
            ShareAlike::LicenceTravels => {
                add(Code::TermsDropped, &term.clause, "derivatives come with a copy of it");
            }
            ShareAlike::NoConflictingTerms => {
                add(Code::TermsDropped, &term.clause, "derivatives have no conflicting terms");
            }
            ShareAlike::None => {}
        }
    }
    let flows = t.share_alike.as_ref().is_some_and(|term| {
        matches!(term.value, ShareAlike::RestrictionsFlowDown | ShareAlike::LicenceTravels)
    });
    if !kept
        && !flows
        && let Some(term) = &t.use_restrictions
        && matches!(
            term.value,
            UseRestrictions::Embedded { .. } | UseRestrictions::ByReference { .. }
        )
    {
        add(Code::TermsDropped, &term.clause, "use is restricted");
    }
    if let Some(term) = &t.attribution
        && !subject.paths.is_empty()
    {
        let notice = |path: &String| last_part(path).to_ascii_lowercase().starts_with("notice");
        let file = matches!(&term.value, duties if duties.iter().any(|duty| {
            matches!(duty, Duty::NoticeFile | Duty::StateChangesInNotice)
        }));
        // Without a wording of its own, a licence asks only to keep a file that is there.
        if file && licence.notice.is_some() && !subject.paths.iter().any(notice) {
            add(Code::NoticeMissing, &term.clause, "a NOTICE file goes along, and none is here");
        }
    }
    if let Some(term) = &t.derivative_name_prefix
        && let Some(prefix) = term.value.has()
        && !begins(&subject.name, &prefix.is)
    {
        let what =
            format!("names of derivatives begin with {:?}, not {:?}", prefix.is, subject.name);
        add(Code::NamePrefix, &term.clause, &what);
    }
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// Whether a name begins with a prefix; only letters and digits count.
fn begins(name: &str, prefix: &str) -> bool {
    let plain = |text: &str| -> String {
        text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    plain(last_part(name)).starts_with(&plain(prefix))
}

/// The licences of a model that data was generated with: as declared with the data,
/// by a base model of that name, or by what is well known to be under a licence.
fn licences_of_generator(subject: &Subject, name: &str) -> Vec<&'static Licence> {
    let base = subject.base_models.iter().find(|base| base.name.eq_ignore_ascii_case(name));
    if let Some(expression) = base.and_then(|base| base.licence.as_deref()) {
        return terms::licences_of(expression);
    }
    let named = |licence: &&Licence| {
        let used = licence.used_by.iter().map(String::as_str);
        let all = used.chain(licence.aliases.iter().map(String::as_str));
        all.chain([licence.name.as_str(), licence.id.as_str()]).any(|known| {
            known.eq_ignore_ascii_case(name) || known.eq_ignore_ascii_case(last_part(name))
        })
    };
    licence::all().iter().filter(named).collect()
}

fn outputs(subject: &Subject, all: &mut Vec<Finding>) {
    for data in &subject.data {
        let Some(model) = &data.synthetic_from else { continue };
        let licences = licences_of_generator(subject, model);
        if licences.is_empty() {
            let detail = format!("made with {model}, whose terms for outputs are not known");
            let problem = Problem::new(Code::OutputTermsUnknown, &data.name);
            all.push(problem.detail(detail).into_finding());
        }
        for licence in licences {
            let Some(term) = &licence.terms.output_restriction else { continue };
            let what = match term.value {
                OutputRestriction::NoTraining => "its outputs may not improve other models",
                OutputRestriction::ResearchOnly => "its outputs are for research only",
                OutputRestriction::ImitationIsDerivative => {
                    "a model trained on its outputs to imitate it is a derivative under its terms"
                }
                OutputRestriction::TrainingNeedsName => {
                    let prefix = licence.terms.derivative_name_prefix.as_ref();
                    let prefix = prefix.and_then(|term| term.value.has());
                    if prefix.is_some_and(|prefix| begins(&subject.name, &prefix.is)) {
                        continue;
                    }
                    "a model trained on its outputs carries its name"
                }
                OutputRestriction::TrainingNeedsDisplay => {
                    "a model trained on its outputs displays where they are from"
                }
                OutputRestriction::None | OutputRestriction::RestrictionsReachOutputs => continue,
            };
            let detail = format!(
                "made with {model}, which is under {}; clause {}: {what}",
                licence.id, term.clause
            );
            let problem = Problem::new(Code::OutputTraining, &data.name);
            all.push(problem.detail(detail).into_finding());
        }
    }
}

/// Every licence that holds for a release: its own and those of what it was made
/// from, each once.
pub fn all_licences(subject: &Subject) -> Vec<&'static Licence> {
    let own = subject.parts.iter().filter(|part| part.evidence.is_some());
    let own = own.filter_map(|part| terms::effective(part).expression);
    let bases = subject.base_models.iter().filter_map(|base| base.licence.clone());
    let mut all: Vec<&'static Licence> = Vec::new();
    for licence in own.chain(bases).flat_map(|expression| terms::licences_of(&expression)) {
        if !all.iter().any(|known| known.id == licence.id) {
            all.push(licence);
        }
    }
    all
}

/// Policies that terms refer to and that can change, without a copy.
fn snapshots(subject: &Subject, all: &mut Vec<Finding>) {
    let mutable: Vec<(&Licence, &str, &str)> = all_licences(subject)
        .into_iter()
        .filter_map(|licence| {
            let term = licence.terms.use_restrictions.as_ref()?;
            match &term.value {
                UseRestrictions::ByReference { policy, mutable: true } => {
                    Some((licence, policy.as_str(), term.clause.as_str()))
                }
                _ => None,
            }
        })
        .collect();
    for (licence, policy, clause) in &mutable {
        let copied = subject.disclosure.snapshots.iter().any(|snapshot| match &snapshot.of {
            Some(id) => *id == licence.id,
            None => mutable.len() == 1,
        });
        if !copied {
            let detail = format!("clause {clause} refers to the {policy}, which can change");
            let problem = Problem::new(Code::PolicyNotKept, &licence.id);
            all.push(problem.detail(detail).into_finding());
        }
    }
}

#[cfg(test)]
#[path = "inherit_tests.rs"]
mod tests;
