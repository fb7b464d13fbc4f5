//! Attaching attestations that were made elsewhere.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::bundle::{self, Loaded, NewSignature, limits};
use crate::finding::{Code, Problem, Result};
use crate::fsx;
use crate::model::digest::Digest;
use crate::signatures;
use crate::trust::bundle as sigstore_bundle;
use crate::trust::json;
use crate::trust::key::PublicKey;
use crate::trust::statement;

/// What was imported.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Imported {
    /// Digest of the release.
    pub digest: Digest,
    /// Predicate types of what was attached.
    pub attached: Vec<String>,
    /// How many were there already.
    pub present: usize,
}

/// Attaches Sigstore bundles and DSSE envelopes from files: one document, or one
/// on each line.
///
/// A bundle is attached byte for byte. An envelope says nothing that leads to its
/// key, so it is put into a bundle that names `key`, which must have signed it. All
/// must be about this release; nothing is attached when one is not.
pub fn import(target: &Path, files: &[PathBuf], key: Option<&PublicKey>) -> Result<Imported> {
    let loaded = bundle::load(target)?;
    let mut present: Vec<Digest> =
        loaded.signatures.iter().map(|document| Digest::of(&document.bytes)).collect();
    let mut new = Vec::new();
    let mut repeated = 0;
    for file in files {
        let name = file.display().to_string();
        for (subject, bytes) in documents(&fsx::read_given(file, limits::SIGNATURE)?, &name)? {
            let signature = one(&loaded, bytes, key, &subject)?;
            let digest = Digest::of(&signature.bytes);
            if present.contains(&digest) {
                repeated += 1;
            } else {
                present.push(digest);
                new.push(signature);
            }
        }
    }
    if !new.is_empty() {
        bundle::attach(&loaded, &new, &[])?;
    }
    Ok(Imported {
        digest: loaded.digest,
        attached: new.into_iter().map(|signature| signature.predicate_type).collect(),
        present: repeated,
    })
}

/// The documents of a file, each with a name for problems.
fn documents(bytes: &[u8], name: &str) -> Result<Vec<(String, Vec<u8>)>> {
    if serde_json::from_slice::<serde::de::IgnoredAny>(bytes).is_ok() {
        return Ok(vec![(name.to_owned(), bytes.to_vec())]);
    }
    let mut lines = Vec::new();
    for (index, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if !line.is_empty() {
            lines.push((format!("{name}, line {}", index + 1), line.to_vec()));
        }
    }
    if lines.is_empty() || lines.len() > limits::REFERRERS {
        return Err(Problem::new(Code::SignatureFormat, name).detail(format!(
            "it holds {} documents; at most {} fit",
            lines.len(),
            limits::REFERRERS
        )));
    }
    Ok(lines)
}

fn one(
    loaded: &Loaded,
    bytes: Vec<u8>,
    key: Option<&PublicKey>,
    subject: &str,
) -> Result<NewSignature> {
    let value: Value = json::from_slice_strict(&bytes).map_err(|error| {
        Problem::new(Code::SignatureFormat, subject)
            .detail(format!("it is no JSON document: {error}"))
            .source(error)
    })?;
    let bytes = if value.get("mediaType").is_none() && value.get("payload").is_some() {
        let key = key.ok_or_else(|| {
            Problem::new(Code::KeyNeeded, subject)
                .detail("it is a bare DSSE envelope, which does not say who signed it")
                .hint("Name the public key with `--signed-by FILE`.")
        })?;
        sigstore_bundle::wrap_envelope(&bytes, key, subject)?
    } else {
        bytes
    };
    let bundle = sigstore_bundle::parse(&bytes, subject)?;
    let envelope = bundle.statement(subject)?;
    signatures::check_content(loaded, envelope, subject)?;
    let predicate_type = statement::peek_predicate_type(&envelope.payload)?;
    Ok(NewSignature { predicate_type, bytes })
}
