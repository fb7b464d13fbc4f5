//! Policies: what a caller demands of a release, and whether it is met.
//!
//! A policy is a file of the caller, never of a bundle. [`load`] reads it with
//! everything it names; [`decide`] applies it to [`Facts`], which are what
//! verification found out; [`explain`] says it in words. Nothing here reads a
//! clock or opens a socket: the same policy and facts give the same decision.
//!
//! - [`mod@file`]: the format of `policy.toml`.
//! - [`facts`]: what rules look at.

mod decide;
#[cfg(test)]
mod decide_tests;
mod explain;
pub mod facts;
pub mod file;
mod load;
mod rego;
#[cfg(test)]
#[cfg(feature = "rego")]
mod rego_tests;
mod signers;
#[cfg(test)]
mod tests;
mod worker;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

pub use decide::{Counted, Decision, Outcome, RuleDecision, decide};
pub use explain::{Explained, ExplainedGroup, ExplainedRule, explain};
pub use facts::Facts;
pub use file::Mode;
pub use load::{MAX_POLICY, load, load_with_worker};
pub use rego::Answer;
pub use worker::{Worker, serve};

use crate::finding::{Code, Severity};
use crate::model::digest::Digest;
use crate::model::kind::Selector;
use crate::model::release::Evidence;
use crate::trust::key::PublicKey;
use crate::trust::who::IdentityRule;
use signers::{Credential, Group};

/// A policy that was read and can be applied.
#[derive(Debug)]
pub struct Policy {
    description: Option<String>,
    groups: Vec<Group>,
    rules: Vec<Rule>,
    worker: Option<Worker>,
}

/// A rule.
#[derive(Debug)]
struct Rule {
    id: String,
    mode: Mode,
    demand: Demand,
}

/// What a rule demands.
#[derive(Debug)]
enum Demand {
    Signed(Signed),
    Component { selector: Selector, evidence: Evidence },
    ForbidFinding { codes: Vec<Code>, severity: Option<Severity> },
    Plugin { id: String },
    Rego(rego::Program),
}

/// Enough different signers of one kind of statement.
#[derive(Debug)]
struct Signed {
    kind: RuleKind,
    predicate_type: String,
    /// Positions of the groups that count; empty for every verified signer.
    groups: Vec<usize>,
    threshold: usize,
    proof: Proof,
    /// Only good test results of this plugin count.
    plugin: Option<String>,
}

/// What a signature must come with to count.
#[derive(Debug, Clone, Copy)]
enum Proof {
    None,
    Log,
    Time,
    MaxAge { days: u32 },
}

/// The kinds of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RuleKind {
    /// Signed by members of a group.
    SignedBy,
    /// A statement of another kind, signed by members of a group.
    Attestation,
    /// Proven to have been signed recently.
    MaxAge,
    /// Signed with an entry in a transparency log.
    RequireLog,
    /// Signed at a proven time.
    RequireTimeProof,
    /// A component is there.
    Component,
    /// Verification found nothing of a sort.
    ForbidFinding,
    /// A plugin looked, and it holds.
    Plugin,
    /// A rule written in Rego agrees.
    Rego,
}

impl RuleKind {
    /// The key in the policy file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SignedBy => "signed-by",
            Self::Attestation => "attestation",
            Self::MaxAge => "max-age",
            Self::RequireLog => "require-log",
            Self::RequireTimeProof => "require-time-proof",
            Self::Component => "component",
            Self::ForbidFinding => "forbid-finding",
            Self::Plugin => "plugin",
            Self::Rego => "rego",
        }
    }
}

impl Rule {
    fn kind(&self) -> RuleKind {
        match &self.demand {
            Demand::Signed(signed) => signed.kind,
            Demand::Component { .. } => RuleKind::Component,
            Demand::ForbidFinding { .. } => RuleKind::ForbidFinding,
            Demand::Plugin { .. } => RuleKind::Plugin,
            Demand::Rego(_) => RuleKind::Rego,
        }
    }
}

/// Whom a policy names, so that signatures can be checked against them.
///
/// That a signature was made by one of these decides nothing yet: the policy is
/// applied to the facts afterwards.
#[derive(Debug, Clone, Default)]
pub struct Accepted {
    /// Public keys that the policy brings along.
    pub keys: Vec<PublicKey>,
    /// Hints of keys that have to be given elsewhere.
    pub key_hints: Vec<String>,
    /// Identities in Fulcio certificates.
    pub identities: Vec<IdentityRule>,
    /// Fingerprints of single certificates.
    pub certificates: Vec<Digest>,
    /// Files with certificates of authorities, in PEM.
    pub authorities: Vec<PathBuf>,
}

impl Policy {
    /// Everybody that the groups of the policy name.
    pub fn accepted(&self) -> Accepted {
        let mut accepted = Accepted::default();
        for member in self.groups.iter().flat_map(|group| &group.members) {
            match &member.credential {
                Credential::Key { key, .. } => accepted.keys.push((**key).clone()),
                Credential::KeyHint(hint) => accepted.key_hints.push(hint.clone()),
                Credential::Identity(rule) => accepted.identities.push((**rule).clone()),
                Credential::Certificate(digest) => accepted.certificates.push(*digest),
                Credential::Authority { file, .. } => accepted.authorities.push(file.clone()),
            }
        }
        accepted
    }

    /// Plugins that rules ask for, each with whether such a rule is enforced.
    pub fn plugins(&self) -> Vec<(&str, bool)> {
        let asked = self.rules.iter().filter_map(|rule| match &rule.demand {
            Demand::Plugin { id } if rule.mode != Mode::Off => {
                Some((id.as_str(), rule.mode == Mode::Enforce))
            }
            _ => None,
        });
        asked.collect()
    }

    /// Number of rules that are not off.
    pub fn active_rules(&self) -> usize {
        self.rules.iter().filter(|rule| rule.mode != Mode::Off).count()
    }
}
