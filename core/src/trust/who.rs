//! Who signed, as proven, and whom a caller accepts.
//!
//! Identities come from certificates that Fulcio issued (Fulcio's
//! `oid-info.md`): the subject alternative name, the OIDC issuer, and for
//! pipelines the claims of the run. They are worth something only after the
//! certificate was verified; [`Who`] is made by nothing else.

use std::collections::BTreeMap;
use std::fmt;

use regex::Regex;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{Code, Problem, Result};
use crate::model::digest::Digest;

/// Longest expression that is compiled, in bytes.
const MAX_EXPRESSION: usize = 4096;

/// Most memory a compiled expression may take, in bytes.
const MAX_COMPILED: usize = 1 << 20;

/// The signer of a verified signature.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Who {
    /// The holder of a key that the caller named.
    Key {
        /// SHA-256 of the key's PEM text.
        hint: String,
        /// Algorithm of the key.
        algorithm: String,
    },
    /// Somebody an OIDC issuer vouched for, through a certificate of Fulcio.
    Identity {
        /// Subject alternative name: an e-mail address or a URI.
        identity: String,
        /// The OIDC issuer.
        issuer: String,
        /// Claims of the pipeline run, by name (see [`CLAIMS`]).
        claims: BTreeMap<String, String>,
    },
    /// The holder of a certificate below an authority that the caller named.
    Certificate {
        /// Distinguished name of the subject (RFC 4514).
        subject: String,
        /// Distinguished name of the issuer (RFC 4514).
        issuer: String,
        /// SHA-256 of the certificate in DER.
        fingerprint: Digest,
    },
}

impl Who {
    /// The identity, key hint or subject in one line.
    pub fn name(&self) -> &str {
        match self {
            Self::Key { hint, .. } => hint,
            Self::Identity { identity, .. } => identity,
            Self::Certificate { subject, .. } => subject,
        }
    }
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key { hint, algorithm } => write!(f, "{algorithm} key {hint}"),
            Self::Identity { identity, issuer, .. } => write!(f, "{identity} (by {issuer})"),
            Self::Certificate { subject, .. } => write!(f, "certificate of {subject}"),
        }
    }
}

/// How the time of a signature is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TimeSource {
    /// A transparency log says when it took the entry (Rekor v1).
    Log,
    /// A timestamp authority signed the time (RFC 3161).
    Timestamp,
}

/// A time at which a signature is proven to have existed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProvenTime {
    /// RFC 3339, in UTC.
    pub time: String,
    /// Who says so.
    pub source: TimeSource,
}

/// Names under which the claims of a certificate are shown and matched, in the
/// order of Fulcio's `oid-info.md` (1.3.6.1.4.1.57264.1.9 to .24, then the older
/// ones of GitHub, .2 to .6).
pub const CLAIMS: [&str; 21] = [
    "build-signer-uri",
    "build-signer-digest",
    "runner-environment",
    "source-repository-uri",
    "source-repository-digest",
    "source-repository-ref",
    "source-repository-identifier",
    "source-repository-owner-uri",
    "source-repository-owner-identifier",
    "build-config-uri",
    "build-config-digest",
    "build-trigger",
    "run-invocation-uri",
    "source-repository-visibility",
    "deployment-environment",
    "token-subject",
    "github-workflow-trigger",
    "github-workflow-sha",
    "github-workflow-name",
    "github-workflow-repository",
    "github-workflow-ref",
];

/// A text that must fit.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// Exactly this text.
    Exact(String),
    /// A regular expression that must match the whole text.
    Expression(Regex),
}

impl Pattern {
    /// Compiles an expression. It is anchored: a part of a text is no match,
    /// because `github.com/me` must not accept `github.com/meanwhile`.
    pub fn expression(text: &str) -> Result<Self> {
        let invalid = |detail: String| Problem::new(Code::PatternInvalid, text).detail(detail);
        if text.len() > MAX_EXPRESSION {
            return Err(invalid(format!("it is longer than {MAX_EXPRESSION} bytes")));
        }
        let compile = |text: &str| {
            regex::RegexBuilder::new(text)
                .size_limit(MAX_COMPILED)
                .build()
                .map_err(|error| invalid(error.to_string()).source(error))
        };
        // By itself first: `a)|(?:b` would otherwise break out of its group.
        compile(text)?;
        compile(&format!(r"\A(?:{text})\z")).map(Self::Expression)
    }

    /// Whether `text` fits.
    pub fn fits(&self, text: &str) -> bool {
        match self {
            Self::Exact(expected) => expected == text,
            Self::Expression(expression) => expression.is_match(text),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(text) => f.write_str(text),
            Self::Expression(expression) => write!(f, "/{expression}/"),
        }
    }
}

/// An identity that a caller accepts. What is not said is not asked for; a rule
/// that says nothing accepts every identity.
#[derive(Debug, Clone, Default)]
pub struct IdentityRule {
    /// The subject alternative name.
    pub identity: Option<Pattern>,
    /// The OIDC issuer.
    pub issuer: Option<Pattern>,
    /// Claims, by the names of [`CLAIMS`].
    pub claims: BTreeMap<String, Pattern>,
}

impl IdentityRule {
    /// Whether it names anybody at all.
    pub fn names_somebody(&self) -> bool {
        const NAMING: [&str; 5] = [
            "build-signer-uri",
            "source-repository-uri",
            "source-repository-identifier",
            "github-workflow-repository",
            "token-subject",
        ];
        self.identity.is_some() || NAMING.iter().any(|name| self.claims.contains_key(*name))
    }

    /// Nothing when `who` is accepted, otherwise the first thing that differs.
    pub fn refuses(&self, who: &Who) -> Option<Refusal> {
        let Who::Identity { identity, issuer, claims } = who else {
            return Some(Refusal::NoIdentity);
        };
        let differs = |pattern: &Option<Pattern>, text: &str| {
            pattern.as_ref().filter(|pattern| !pattern.fits(text)).map(ToString::to_string)
        };
        if let Some(expected) = differs(&self.identity, identity) {
            return Some(Refusal::Identity { expected, actual: identity.clone() });
        }
        if let Some(expected) = differs(&self.issuer, issuer) {
            return Some(Refusal::Issuer { expected, actual: issuer.clone() });
        }
        self.claims.iter().find_map(|(name, pattern)| {
            let actual = claims.get(name);
            if actual.is_some_and(|text| pattern.fits(text)) {
                return None;
            }
            let (name, expected) = (name.clone(), pattern.to_string());
            Some(Refusal::Claim { name, expected, actual: actual.cloned() })
        })
    }
}

/// Why an identity is not the one that was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// It was signed with a key or a certificate of another kind.
    NoIdentity,
    /// Another identity.
    Identity {
        /// What was asked for.
        expected: String,
        /// What the certificate says.
        actual: String,
    },
    /// Another issuer.
    Issuer {
        /// What was asked for.
        expected: String,
        /// What the certificate says.
        actual: String,
    },
    /// Another claim, or none.
    Claim {
        /// Name of the claim.
        name: String,
        /// What was asked for.
        expected: String,
        /// What the certificate says, if it does.
        actual: Option<String>,
    },
}

impl Refusal {
    /// The finding about the signature called `subject`.
    pub fn problem(&self, subject: &str) -> Problem {
        match self {
            Self::NoIdentity => Problem::new(Code::IdentityMismatch, subject)
                .detail("it was not made by an identity, but with a key or another certificate"),
            Self::Identity { expected, actual } => Problem::new(Code::IdentityMismatch, subject)
                .detail(format!("expected the identity {expected}, but it is {actual}")),
            Self::Issuer { expected, actual } => Problem::new(Code::IssuerMismatch, subject)
                .detail(format!("expected the issuer {expected}, but it is {actual}")),
            Self::Claim { name, expected, actual } => {
                let actual = actual.as_deref().unwrap_or("not stated");
                Problem::new(Code::ClaimMismatch, subject)
                    .detail(format!("expected the {name} {expected}, but it is {actual}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{IdentityRule, Pattern, Refusal, Who};
    use crate::finding::Code;

    fn workflow() -> Who {
        Who::Identity {
            identity: "https://github.com/lab/model/.github/workflows/release.yml@refs/tags/v1"
                .to_owned(),
            issuer: "https://token.actions.githubusercontent.com".to_owned(),
            claims: BTreeMap::from([(
                "github-workflow-repository".to_owned(),
                "lab/model".to_owned(),
            )]),
        }
    }

    #[test]
    fn expressions_match_the_whole_text_only() {
        let rule = |text: &str| IdentityRule {
            identity: Some(Pattern::expression(text).unwrap()),
            ..IdentityRule::default()
        };
        assert_eq!(rule("https://github.com/lab/model/.*@refs/tags/v1").refuses(&workflow()), None);
        for wrong in
            ["https://github.com/lab", "refs/tags/v1", "x|https", "", "(?i)HTTPS:", ".*\\n"]
        {
            assert!(rule(wrong).refuses(&workflow()).is_some(), "{wrong}");
        }
    }

    #[test]
    fn expressions_that_cost_too_much_or_break_out_are_refused() {
        for text in ["(", "a)|(?:b", ".*)|(", "(?x)a # x", "a{1000}{1000}{1000}", &"a".repeat(5000)]
        {
            assert_eq!(Pattern::expression(text).unwrap_err().code(), Code::PatternInvalid);
        }
    }

    #[test]
    fn every_part_of_a_rule_must_fit_and_is_named_when_it_does_not() {
        let exact = |text: &str| Some(Pattern::Exact(text.to_owned()));
        let who = workflow();
        let mut rule = IdentityRule { identity: exact(who.name()), ..IdentityRule::default() };
        assert_eq!(rule.refuses(&who), None);
        rule.issuer = exact("https://accounts.example.org");
        assert!(matches!(rule.refuses(&who), Some(Refusal::Issuer { .. })));
        rule.issuer = None;
        rule.claims
            .insert("github-workflow-ref".to_owned(), Pattern::Exact("refs/heads/main".to_owned()));
        let Some(refusal) = rule.refuses(&who) else { panic!("a missing claim passed") };
        assert_eq!(refusal.problem("x").code(), Code::ClaimMismatch);
        assert!(refusal.problem("x").to_string().contains("not stated"));
        let key = Who::Key { hint: "00".to_owned(), algorithm: "ed25519".to_owned() };
        assert_eq!(IdentityRule::default().refuses(&key), Some(Refusal::NoIdentity));
    }
}
