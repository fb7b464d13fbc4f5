//! Signing a bundle: one release statement, one model signature.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::bundle::{self, Loaded, NewSignature};
use crate::finding::{Code, Finding, Problem, Result};
use crate::model::content::ContentHash;
use crate::model::digest::Digest;
use crate::signatures::{self, About, IGNORE_PATHS, ReleasePredicate, Standing, Tool};
use crate::trust::judge::Proof;
use crate::trust::oms::{self, Described, IgnoreSet, Method};
use crate::trust::sealer::{Sealer, sealed};
use crate::trust::statement::{self, predicate};
use crate::trust::who::{ProvenTime, Who};

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
    /// Who signed, as a verifier will see it.
    pub who: Who,
    /// Times that were proven for the new signatures.
    pub times: Vec<ProvenTime>,
    /// Whether a transparency log has the new signatures.
    pub logged: bool,
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
        let size = loaded.files.shard_size;
        if self == Self::Shards
            && let Some(file) = loaded.files.without_shards(size.unwrap_or(0))
        {
            return Err(Problem::new(Code::UsageError, "--model-signature shards")
                .detail(format!("{} is stored in parts, and has no shard digests", file.path))
                .hint("Leave it away, or pack without `--shard`."));
        }
        match (self, size) {
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
    sealer: &dyn Sealer,
    model: ModelSignature,
) -> Result<(Signed, Vec<Finding>)> {
    let loaded = bundle::load(path)?;
    let mut findings = loaded.findings.clone();
    let judge = sealer.judge();
    let present = signatures::check(&loaded, &judge);
    let own = |about: About| {
        let mut own = present.reports.iter().filter(|_| sealer.knows_its_own());
        own.find(|report| (report.about, report.standing) == (about, Standing::Verified))
    };
    let mut method = model.method(&loaded)?;
    if method.is_some() && !sealer.signs_models() {
        let note = Problem::new(Code::OmsSkipped, "model.sig")
            .detail("tools of the OpenSSF model signing format accept no Ed25519 keys");
        findings.push(note.into_finding());
        method = None;
    }
    let mut new = Vec::new();
    let mut proof = None;
    let mut seal = |predicate_type: &str, payload: &[u8]| -> Result<()> {
        let (bytes, proven) = sealed(sealer, &judge, payload)?;
        new.push(NewSignature { predicate_type: predicate_type.to_owned(), bytes });
        proof.get_or_insert(proven);
        Ok(())
    };
    let earlier = own(About::Release);
    if earlier.is_none() {
        let predicate = ReleasePredicate { release: loaded.release.clone(), tool: Tool::this() };
        let name = &loaded.release.name;
        let payload = statement::build(name, loaded.digest, predicate::RELEASE, &predicate)?;
        seal(predicate::RELEASE, &payload)?;
    }
    if let Some(method) = method.filter(|_| own(About::Model).is_none()) {
        let ignored = IgnoreSet::new(IGNORE_PATHS);
        let resources = signatures::resources(&loaded.files, method, &ignored);
        let about = Described {
            name: &loaded.release.name,
            method,
            hash: ContentHash::Sha256,
            ignore_paths: &IGNORE_PATHS,
            allow_symlinks: false,
        };
        let payload = oms::build(about, resources)?;
        seal(predicate::MODEL_SIGNATURE, &payload)?;
    }
    if !new.is_empty() {
        bundle::attach(&loaded, &new, &[])?;
    }
    let earlier =
        earlier.and_then(|report| Some((report.who.clone()?, report.times.clone(), report.logged)));
    let new_proof = proof.map(|proof: Proof| (proof.who, proof.times, proof.logged));
    let Some((who, times, logged)) = new_proof.or(earlier) else {
        return Err(Problem::new(Code::Internal, path.display()).detail("nothing was signed"));
    };
    let signed = Signed {
        name: loaded.release.name.clone(),
        version: loaded.release.version.clone(),
        digest: loaded.digest,
        who,
        times,
        logged,
        added: new.into_iter().map(|signature| signature.predicate_type).collect(),
        model_signature: method.map(|method| method.to_string()),
    };
    Ok((signed, findings))
}
