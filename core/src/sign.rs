//! Signing a bundle: one release statement, one model signature.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::bundle::{self, Loaded, NewSignature};
use crate::finding::{Code, Finding, Problem, Result};
use crate::model::digest::Digest;
use crate::signatures::{self, About, IGNORE_PATHS, ReleasePredicate, Standing, Tool};
use crate::trust::bundle as sigstore_bundle;
use crate::trust::judge::{Accepted, Judge};
use crate::trust::key::{Algorithm, SigningKey};
use crate::trust::oms::{self, Method};
use crate::trust::root::RootChoice;
use crate::trust::statement::{self, predicate};

/// What was signed.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Signed {
    /// Name of the release.
    pub name: String,
    /// Version of the release.
    pub version: String,
    /// Digest that was signed.
    pub digest: Digest,
    /// Hint of the key: SHA-256 of its PEM text.
    pub key_hint: String,
    /// Algorithm of the key.
    pub algorithm: String,
    /// Predicate types of the statements that were added.
    pub added: Vec<String>,
    /// Method of the model signature, when one was made.
    pub model_signature: Option<String>,
}

/// Which model signature is made beside the release statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ModelSignature {
    /// Over whole files: what the command line of the reference tool verifies.
    #[default]
    Files,
    /// Over shards, as the file index has them.
    Shards,
    /// None.
    None,
}

impl ModelSignature {
    /// The method; none when no signature is wanted.
    fn method(self, loaded: &Loaded) -> Result<Option<Method>> {
        match (self, loaded.files.shard_size) {
            (Self::None, _) => Ok(None),
            (Self::Files, _) => Ok(Some(Method::Files)),
            (Self::Shards, Some(size)) => Ok(Some(Method::Shards { size })),
            (Self::Shards, None) => Err(Problem::new(Code::UsageError, "--model-signature shards")
                .detail("the bundle was packed without shard digests")
                .hint("Pack it with `--shards always`.")),
        }
    }
}

/// Signs the bundle at `path`.
///
/// The statements are made from the bundle's documents, which are checked
/// against its digest; the content is not read again (`verify` does that).
pub fn sign(
    path: &Path,
    key: &SigningKey,
    model: ModelSignature,
) -> Result<(Signed, Vec<Finding>)> {
    let loaded = bundle::load(path)?;
    let public = key.public()?;
    let mut findings = loaded.findings.clone();
    let accepted = Accepted::from(vec![public.clone()]);
    let present = signatures::check(&loaded, &Judge::new(accepted, RootChoice::default()));
    let has = |about| {
        present.reports.iter().any(|r| r.about == about && r.standing == Standing::Verified)
    };
    let mut method = model.method(&loaded)?;
    if method.is_some() && key.algorithm() == Algorithm::Ed25519 {
        let note = Problem::new(Code::OmsSkipped, "model.sig")
            .detail("tools of the OpenSSF model signing format accept no Ed25519 keys");
        findings.push(note.into_finding());
        method = None;
    }
    let mut new = Vec::new();
    if !has(About::Release) {
        let predicate = ReleasePredicate { release: loaded.release.clone(), tool: Tool::this() };
        let name = &loaded.release.name;
        let payload = statement::build(name, loaded.digest, predicate::RELEASE, &predicate)?;
        new.push(signature(key, predicate::RELEASE, &payload)?);
    }
    if let Some(method) = method.filter(|_| !has(About::Model)) {
        let ignored: Vec<String> = IGNORE_PATHS.iter().map(ToString::to_string).collect();
        let resources = signatures::resources(&loaded.files, method, &ignored);
        let payload = oms::build(&loaded.release.name, method, resources, &IGNORE_PATHS)?;
        new.push(signature(key, predicate::MODEL_SIGNATURE, &payload)?);
    }
    if !new.is_empty() {
        bundle::attach(&loaded, &new)?;
    }
    let signed = Signed {
        name: loaded.release.name.clone(),
        version: loaded.release.version.clone(),
        digest: loaded.digest,
        key_hint: public.hint(),
        algorithm: key.algorithm().to_string(),
        added: new.into_iter().map(|signature| signature.predicate_type).collect(),
        model_signature: method.map(|method| method.to_string()),
    };
    Ok((signed, findings))
}

fn signature(key: &SigningKey, predicate_type: &str, payload: &[u8]) -> Result<NewSignature> {
    let bytes = sigstore_bundle::sign_statement(key, payload)?;
    Ok(NewSignature { predicate_type: predicate_type.to_owned(), bytes })
}
