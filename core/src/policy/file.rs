//! The policy file, as written: the types are the format.
//!
//! Text around the types is shown by editors that know the schema, so it says
//! what a person who writes a policy needs to know.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{Code, Severity};
use crate::model::kind::Selector;
use crate::model::release::Evidence;
use crate::tables::Value::{self, Plain, Table, Word};
use crate::tables::{Form, Shape};

/// The usual name of the file.
pub const FILE_NAME: &str = "policy.toml";

/// Version of the format that is read.
pub const VERSION: u32 = 1;

/// What a caller demands of a release before using it.
///
/// A policy comes from whoever verifies, never from a bundle.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PolicyFile {
    /// Version of this format: 1.
    pub version: u32,
    /// What the policy is for, in a sentence. Shown, not judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Named groups of signers, which rules refer to.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signers: Vec<SignersFile>,
    /// The rules, one table each. At least one must be enforced.
    #[serde(default, rename = "rule", skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RuleFile>,
}

/// A named group of signers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SignersFile {
    /// Name by which rules refer to the group.
    pub name: String,
    /// Who belongs to it.
    #[serde(rename = "member")]
    pub members: Vec<MemberFile>,
}

/// A member of a group.
///
/// Exactly one of `key`, `key-hint`, `certificate`, `authority` and an identity
/// (`identity` or `identity-regexp`, or claims that name a pipeline, together
/// with `issuer` or `issuer-regexp`) says who it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MemberFile {
    /// Name of the person or machine. Members of one name, in any group, count
    /// as one signer, however many keys and identities they have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// File with a public key (PEM), relative to the policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Hint of a public key: SHA-256 of its PEM text in hex, as `pkg keygen`
    /// prints it. The key itself must be given to `pkg verify` with `--key`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_hint: Option<String>,
    /// Identity in a Fulcio certificate: exactly this e-mail address or URI.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Identity in a Fulcio certificate: a regular expression (Rust syntax)
    /// that must match the whole of it. Every identity that fits is a signer
    /// of its own, unless `person` says that it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity_regexp: Option<String>,
    /// OIDC issuer that vouched for the identity: exactly this URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// OIDC issuer that vouched for the identity: a regular expression that
    /// must match the whole of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer_regexp: Option<String>,
    /// Claims of the certificate that must be exactly so, such as
    /// `source-repository-ref`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub claims: BTreeMap<String, String>,
    /// Claims of the certificate that a regular expression must match in whole.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub claims_regexp: BTreeMap<String, String>,
    /// One certificate, as `sha256:` and the SHA-256 of its DER form in hex.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// File with the certificates of an authority (PEM), relative to the
    /// policy. Whoever has a certificate below one of them is a signer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// With `authority`: the subject's distinguished name (RFC 4514), exactly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
}

/// Whether a rule counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// It is not looked at.
    Off,
    /// When it is not met, that is said, and nothing more.
    Warn,
    /// When it is not met, the release is refused.
    #[default]
    Enforce,
}

impl Mode {
    /// The word in the policy file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Warn => "warn",
            Self::Enforce => "enforce",
        }
    }
}

/// A rule: an id, a mode, and exactly one demand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
#[schemars(extend("oneOf" = one_demand()))]
pub struct RuleFile {
    /// Name of the rule in decisions: lower-case letters, digits, `.`, `_`, `-`.
    pub id: String,
    /// `off`, `warn` or `enforce`; `enforce` unless said otherwise.
    #[serde(default)]
    pub mode: Mode,
    /// The release is signed by enough members of the groups.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<SignedByFile>,
    /// There is a signed statement of another kind about the release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestation: Option<AttestationFile>,
    /// A signature was proven to exist not longer ago than this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<MaxAgeFile>,
    /// A signature is in a transparency log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_log: Option<ProofFile>,
    /// It is proven when a signature was there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub require_time_proof: Option<ProofFile>,
    /// A component is part of the release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub component: Option<ComponentFile>,
    /// Verification found nothing of this sort.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forbid_finding: Option<ForbidFindingFile>,
    /// A plugin looked at the release, and it holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<PluginFile>,
    /// A rule written in Rego agrees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rego: Option<RegoFile>,
}

/// The release is signed by enough members of the groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SignedByFile {
    /// Groups whose members count.
    pub signers: Vec<String>,
    /// How many different signers are needed.
    #[serde(default = "one")]
    pub threshold: u32,
    /// What they signed: `release`, `model-signature` or a predicate type.
    #[serde(default = "release")]
    pub predicate_type: String,
}

/// There is a signed statement of a certain kind about the release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct AttestationFile {
    /// Predicate type of the statement (in-toto), such as
    /// `https://slsa.dev/provenance/v1`.
    pub predicate_type: String,
    /// Groups whose members count.
    pub signers: Vec<String>,
    /// How many different signers are needed.
    #[serde(default = "one")]
    pub threshold: u32,
    /// Only test results of this plugin count, and only good ones: its id, with `:cpu`
    /// behind it for runs on the processor of a plugin that is made for GPUs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
}

/// A plugin is run when the release is verified, and it must hold what it looks at. A
/// skip does not meet the rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PluginFile {
    /// Id of the plugin, as `pkg plugin list` shows it.
    pub id: String,
}

/// A signature was proven to exist not longer ago than this.
///
/// Age counts from the earliest proven time of a signature. A signature whose
/// time is not proven never counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct MaxAgeFile {
    /// Days of 24 hours.
    pub days: u32,
    /// What was signed: `release`, `model-signature` or a predicate type.
    #[serde(default = "release")]
    pub predicate_type: String,
    /// Groups whose members count; every verified signer if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signers: Vec<String>,
    /// How many different signers are needed.
    #[serde(default = "one")]
    pub threshold: u32,
}

/// A signature comes with a proof.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ProofFile {
    /// What was signed: `release`, `model-signature` or a predicate type.
    #[serde(default = "release")]
    pub predicate_type: String,
    /// Groups whose members count; every verified signer if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signers: Vec<String>,
    /// How many different signers are needed.
    #[serde(default = "one")]
    pub threshold: u32,
}

/// A component is part of the release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ComponentFile {
    /// A component kind, or one of the groups `weights`, `config`, `code`,
    /// `docs`, `data`, of which one kind is enough.
    pub kind: Selector,
    /// How well its presence must be known, at least.
    #[serde(default = "packed")]
    pub evidence: Evidence,
}

/// Verification found nothing of this sort. At least one of the two is set; a
/// finding is forbidden if it fits either.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ForbidFindingFile {
    /// Codes of findings, as `pkg explain` lists them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<Code>")]
    pub codes: Vec<String>,
    /// Findings that weigh this much or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
}

/// A rule written in Rego agrees.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct RegoFile {
    /// File with the Rego (version 1), relative to the policy.
    pub file: String,
    /// Path of the Rego rule that decides: a boolean, or an object with a
    /// boolean `allow` and, if it likes, a list of texts `reasons`.
    #[serde(default = "query")]
    pub query: String,
}

const fn one() -> u32 {
    1
}

fn release() -> String {
    "release".to_owned()
}

const fn packed() -> Evidence {
    Evidence::Packed
}

fn query() -> String {
    "data.pkg.allow".to_owned()
}

/// Keys of [`RuleFile`] of which exactly one is set.
pub(super) const DEMANDS: [&str; 9] = [
    "signed-by",
    "attestation",
    "max-age",
    "require-log",
    "require-time-proof",
    "component",
    "forbid-finding",
    "plugin",
    "rego",
];

fn one_demand() -> serde_json::Value {
    DEMANDS.iter().map(|name| serde_json::json!({ "required": [name] })).collect()
}

/// The policy, as a file.
pub(super) const FORM: Form = Form {
    name: FILE_NAME,
    root: &Shape {
        keys: &[
            ("version", Plain),
            ("description", Plain),
            ("signers", Table(&SIGNERS)),
            ("rule", Table(&RULE)),
        ],
    },
    syntax: Code::PolicySyntax,
    unknown_key: Code::PolicyUnknownKey,
    repeated_key: Code::PolicyRepeatedKey,
    invalid: Code::PolicyInvalid,
};

const SIGNERS: Shape = Shape { keys: &[("name", Plain), ("member", Table(&MEMBER))] };

const MEMBER: Shape = Shape {
    keys: &[
        ("person", Plain),
        ("key", Plain),
        ("key-hint", Plain),
        ("identity", Plain),
        ("identity-regexp", Plain),
        ("issuer", Plain),
        ("issuer-regexp", Plain),
        ("claims", Plain),
        ("claims-regexp", Plain),
        ("certificate", Plain),
        ("authority", Plain),
        ("subject", Plain),
    ],
};

const RULE: Shape = Shape {
    keys: &[
        ("id", Plain),
        ("mode", Word(&["off", "warn", "enforce"])),
        ("signed-by", Table(&COUNTED)),
        ("attestation", Table(&ATTESTATION)),
        ("max-age", Table(&MAX_AGE)),
        ("require-log", Table(&COUNTED)),
        ("require-time-proof", Table(&COUNTED)),
        ("component", Table(&COMPONENT)),
        ("forbid-finding", Table(&FORBID_FINDING)),
        ("plugin", Table(&Shape { keys: &[("id", Plain)] })),
        ("rego", Table(&Shape { keys: &[("file", Plain), ("query", Plain)] })),
    ],
};

const COUNTED: Shape =
    Shape { keys: &[("signers", Plain), ("threshold", Plain), ("predicate-type", Plain)] };

const ATTESTATION: Shape = Shape {
    keys: &[("signers", Plain), ("threshold", Plain), ("predicate-type", Plain), ("plugin", Plain)],
};

const MAX_AGE: Shape = Shape {
    keys: &[("days", Plain), ("signers", Plain), ("threshold", Plain), ("predicate-type", Plain)],
};

const EVIDENCE: Value = Word(&["claimed", "linked", "packed", "verified", "tested"]);

const COMPONENT: Shape = Shape { keys: &[("kind", Value::Selector), ("evidence", EVIDENCE)] };

const FORBID_FINDING: Shape =
    Shape { keys: &[("codes", Plain), ("severity", Word(&["note", "warning", "error"]))] };

#[cfg(test)]
mod tests {
    use super::{DEMANDS, FORM, PolicyFile, RULE};

    #[test]
    fn the_keys_are_those_of_the_types() {
        crate::tables::same_keys::assert::<PolicyFile>(&FORM);
    }

    #[test]
    fn every_key_of_a_rule_but_id_and_mode_is_a_demand() {
        let keys: Vec<&str> = RULE.keys.iter().map(|(key, _)| *key).collect();
        assert_eq!(keys[2..], DEMANDS);
    }
}
