//! Arguments that say whose signatures count, and by which root.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use crate::finding::{Code, Problem, Result};
use crate::policy::Policy;
use crate::trust::chain::Authority;
use crate::trust::judge::{Accepted, Judge};
use crate::trust::keyfile;
use crate::trust::root::RootChoice;
use crate::trust::who::{CLAIMS, IdentityRule, Pattern};

/// Issuer of GitHub's workflows.
const GITHUB: &str = "https://token.actions.githubusercontent.com";

/// Whose signatures are accepted.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Whose signature counts")]
pub struct TrustArgs {
    /// Public key of the publisher, PEM; may be repeated, one must match
    #[arg(long, value_name = "FILE")]
    pub key: Vec<PathBuf>,
    /// Certificates of the publisher's own authority, PEM; may be repeated
    #[arg(long, value_name = "FILE")]
    pub certificate_chain: Vec<PathBuf>,
    /// Identity of the publisher: the e-mail address or URI in the certificate
    #[arg(long, value_name = "IDENTITY", visible_alias = "certificate-identity")]
    pub identity: Option<String>,
    /// Regular expression that the whole identity must match
    #[arg(long, value_name = "REGEX", visible_alias = "certificate-identity-regexp")]
    #[arg(conflicts_with = "identity")]
    pub identity_regexp: Option<String>,
    /// OIDC issuer that vouched for the identity
    #[arg(long, value_name = "URL", visible_alias = "certificate-oidc-issuer")]
    pub issuer: Option<String>,
    /// Regular expression that the whole issuer must match
    #[arg(long, value_name = "REGEX", visible_alias = "certificate-oidc-issuer-regexp")]
    #[arg(conflicts_with = "issuer")]
    pub issuer_regexp: Option<String>,
    /// Claim that the certificate must carry, such as build-trigger=release; may be repeated
    #[arg(long, value_name = "NAME=VALUE", value_parser = claim)]
    pub claim: Vec<(String, String)>,
    /// GitHub repository that signed, as OWNER/NAME; the issuer is GitHub's unless given
    #[arg(long, value_name = "OWNER/NAME")]
    pub repository: Option<String>,
    /// Git ref that the GitHub workflow ran on, such as refs/tags/v1.0
    #[arg(long = "ref", value_name = "REF")]
    pub git_ref: Option<String>,
    /// Name of the GitHub workflow
    #[arg(long, value_name = "NAME")]
    pub workflow: Option<String>,
    /// Event that started the GitHub workflow, such as release
    #[arg(long, value_name = "EVENT")]
    pub trigger: Option<String>,
    /// Accept every identity: says who signed, decides nothing
    #[arg(long, conflicts_with_all = ["identity", "identity_regexp", "issuer", "issuer_regexp"])]
    pub any_identity: bool,
    /// Trusted root of the Sigstore instance (`trusted_root.json`)
    #[arg(long, value_name = "FILE")]
    pub trusted_root: Option<PathBuf>,
    /// Oldest trusted root to accept, in days; what was given as a file has no age
    #[arg(long, value_name = "DAYS")]
    pub max_root_age: Option<u32>,
    /// Open no socket at all, whatever else is asked for
    #[arg(long)]
    pub offline: bool,
}

fn claim(text: &str) -> std::result::Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("write it as NAME=VALUE")?;
    if CLAIMS.contains(&name) {
        return Ok((name.to_owned(), value.to_owned()));
    }
    Err(format!("there is no claim {name:?}; there are {}", CLAIMS.join(", ")))
}

/// The certificates in these files, which the caller trusts.
fn authority(paths: &[PathBuf]) -> Result<Option<Authority>> {
    if paths.is_empty() {
        return Ok(None);
    }
    let texts: Vec<(String, String)> =
        paths.iter().map(|path| keyfile::load_certificates(path)).collect::<Result<_>>()?;
    let texts = texts.iter().map(|(text, name)| (text.as_str(), name.as_str()));
    Authority::from_pems(texts).map(Some)
}

impl TrustArgs {
    /// A judge for what was asked.
    pub(super) fn judge(&self) -> Result<Judge> {
        Ok(Judge::new(self.accepted()?, self.root()).with_root_age(self.max_root_age))
    }

    /// The same; what a policy names counts as well.
    pub(super) fn judge_with(&self, policy: Option<&Policy>) -> Result<Judge> {
        let mut accepted = self.accepted()?;
        if let Some(policy) = policy {
            let named = policy.accepted();
            accepted.keys.extend(named.keys);
            accepted.identities.extend(named.identities);
            let files: Vec<PathBuf> =
                self.certificate_chain.iter().chain(&named.authorities).cloned().collect();
            accepted.authority = authority(&files)?;
        }
        Ok(Judge::new(accepted, self.root()).with_root_age(self.max_root_age))
    }

    /// The root to judge by.
    pub(super) fn root(&self) -> RootChoice {
        self.trusted_root.clone().map_or_else(RootChoice::default, RootChoice::File)
    }

    /// Whose signatures count.
    pub(super) fn accepted(&self) -> Result<Accepted> {
        let keys = self.key.iter().map(|path| keyfile::load_public_key(path));
        Ok(Accepted {
            keys: keys.collect::<Result<_>>()?,
            identities: self.identity_rule()?.into_iter().collect(),
            authority: authority(&self.certificate_chain)?,
            any_identity: self.any_identity,
        })
    }

    fn identity_rule(&self) -> Result<Option<IdentityRule>> {
        let one = |exact: &Option<String>, expression: &Option<String>| match (exact, expression) {
            (Some(exact), _) => Ok(Some(Pattern::Exact(exact.clone()))),
            (None, Some(expression)) => Pattern::expression(expression).map(Some),
            (None, None) => Ok(None),
        };
        let mut claims: BTreeMap<String, Pattern> = BTreeMap::new();
        let short = [
            ("github-workflow-repository", &self.repository),
            ("github-workflow-ref", &self.git_ref),
            ("github-workflow-name", &self.workflow),
            ("github-workflow-trigger", &self.trigger),
        ];
        let short = short.iter().filter_map(|(name, value)| Some((*name, value.as_ref()?)));
        let long = self.claim.iter().map(|(name, value)| (name.as_str(), value));
        for (name, value) in short.chain(long) {
            let before = claims.insert(name.to_owned(), Pattern::Exact(value.clone()));
            if before.is_some() {
                return Err(
                    Problem::new(Code::UsageError, name).detail("the claim is asked for twice")
                );
            }
        }
        let mut issuer = one(&self.issuer, &self.issuer_regexp)?;
        // Another issuer could put a repository of the same name into its claims.
        let github = [&self.repository, &self.git_ref, &self.workflow, &self.trigger];
        if issuer.is_none() && github.iter().any(|value| value.is_some()) {
            issuer = Some(Pattern::Exact(GITHUB.to_owned()));
        }
        let identity = one(&self.identity, &self.identity_regexp)?;
        let rule = IdentityRule { identity, issuer, claims };
        let says_nothing =
            rule.identity.is_none() && rule.issuer.is_none() && rule.claims.is_empty();
        if says_nothing {
            return Ok(None);
        }
        if !rule.names_somebody() && !self.any_identity {
            return Err(Problem::new(Code::IdentityNeeded, "the command line").detail(
                "an issuer or a claim alone names nobody: everyone with an account there has it",
            ));
        }
        Ok(Some(rule))
    }
}
