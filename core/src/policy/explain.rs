//! A policy in words.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Demand, Mode, Policy, Proof, Rule, RuleKind, Signed};
use crate::trust::statement::predicate;

/// A policy in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    /// What the policy is for, as its author says.
    pub description: Option<String>,
    /// The rules.
    pub rules: Vec<ExplainedRule>,
    /// The groups of signers.
    pub groups: Vec<ExplainedGroup>,
}

/// A rule in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedRule {
    /// Name of the rule.
    pub id: String,
    /// Kind of the rule.
    pub kind: RuleKind,
    /// Whether it counts.
    pub mode: Mode,
    /// What it demands.
    pub demand: String,
}

/// A group of signers in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedGroup {
    /// Name of the group.
    pub name: String,
    /// Its members.
    pub members: Vec<String>,
}

/// Says in words what a policy demands.
pub fn explain(policy: &Policy) -> Explained {
    let rule = |rule: &Rule| ExplainedRule {
        id: rule.id.clone(),
        kind: rule.kind(),
        mode: rule.mode,
        demand: demand(policy, &rule.demand),
    };
    let groups = policy.groups.iter().map(|group| {
        let members = group.members.iter().map(|member| match &member.person {
            Some(person) => format!("{person}: {}", member.credential.describe()),
            None => member.credential.describe(),
        });
        ExplainedGroup { name: group.name.clone(), members: members.collect() }
    });
    Explained {
        description: policy.description.clone(),
        rules: policy.rules.iter().map(rule).collect(),
        groups: groups.collect(),
    }
}

fn demand(policy: &Policy, demand: &Demand) -> String {
    match demand {
        Demand::Signed(rule) => format!(
            "at least {} {} must have {}",
            rule.threshold,
            policy.signers_in_words(rule),
            rule.did_in_words()
        ),
        Demand::Component { selector, evidence } => {
            format!(
                "the release must have {selector}, and it must be known at least as {evidence}",
                evidence = evidence.as_str()
            )
        }
        Demand::ForbidFinding { codes, severity } => {
            let codes: Vec<&str> = codes.iter().map(|code| code.as_str()).collect();
            let severity =
                severity.map(|severity| format!("that weighs {} or more", severity.as_str()));
            let called = (!codes.is_empty()).then(|| format!("called {}", codes.join(" or ")));
            let which: Vec<String> = called.into_iter().chain(severity).collect();
            format!("verification must have found nothing {}", which.join(", and nothing "))
        }
        Demand::Plugin { id } => {
            format!("the plugin {id} must have looked at the release, and it must hold")
        }
        Demand::Rego(program) => {
            format!("`{}` in {} must allow it", program.query, program.file)
        }
    }
}

impl Policy {
    /// `signers of GROUP`, in the number that the threshold asks for.
    pub(super) fn signers_in_words(&self, rule: &Signed) -> String {
        let noun = if rule.threshold == 1 { "signer" } else { "different signers" };
        let names: Vec<&str> =
            rule.groups.iter().map(|group| self.groups[*group].name.as_str()).collect();
        if names.is_empty() { noun.to_owned() } else { format!("{noun} of {}", names.join(" or ")) }
    }
}

impl Signed {
    /// What the signers did: `signed ...`.
    pub(super) fn did_in_words(&self) -> String {
        let what = match self.predicate_type.as_str() {
            predicate::RELEASE => "the release".to_owned(),
            predicate::MODEL_SIGNATURE => "the model files".to_owned(),
            other => format!("a statement {other} about the release"),
        };
        let proof = match self.proof {
            Proof::None => String::new(),
            Proof::Log => ", with a proven entry in a transparency log".to_owned(),
            Proof::Time => ", at a proven time".to_owned(),
            Proof::MaxAge { days: 1 } => ", proven to be at most a day ago".to_owned(),
            Proof::MaxAge { days } => format!(", proven to be at most {days} days ago"),
        };
        let plugin = self.plugin.as_ref();
        let plugin = plugin.map(|id| format!(", by which the plugin {id} passed"));
        format!("signed {what}{}{proof}", plugin.unwrap_or_default())
    }
}
