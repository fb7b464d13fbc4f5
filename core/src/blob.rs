//! Signing and verifying single artifacts, as other Sigstore clients do.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::finding::{Code, Finding, Problem, Result};
use crate::fsx;
use crate::model::digest::Digest;
use crate::trust::bundle;
use crate::trust::judge::{Artifact, Judge, Judgement, Proof};
use crate::trust::who::{ProvenTime, Who};

/// Largest artifact that is read, in bytes. Its bytes are kept in memory: not
/// every algorithm can verify a digest.
const MAX_ARTIFACT: u64 = 2 << 30;

/// An artifact, as a caller names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// By its path.
    File(PathBuf),
    /// By its SHA-256.
    Digest(Digest),
}

impl From<&str> for Named {
    /// A digest after `sha256:`, unless a file of that name is there.
    fn from(text: &str) -> Self {
        let path = Path::new(text);
        match text.strip_prefix("sha256:").map(Digest::from_hex) {
            Some(Ok(digest)) if !fsx::exists(path) => Self::Digest(digest),
            _ => Self::File(path.to_owned()),
        }
    }
}

/// What a bundle proves about an artifact.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Blob {
    /// The bundle.
    pub bundle: PathBuf,
    /// SHA-256 of the artifact.
    pub digest: Digest,
    /// Who signed.
    pub who: Who,
    /// When the signature is proven to have existed.
    pub times: Vec<ProvenTime>,
    /// Whether a transparency log has it.
    pub logged: bool,
}

/// Verifies a bundle over an artifact.
pub fn verify(path: &Path, artifact: &Named, judge: &Judge) -> Result<(Blob, Vec<Finding>)> {
    let subject = path.display().to_string();
    let signed = bundle::parse(&fsx::read_given(path, bundle::MAX_SIZE)?, &subject)?;
    let bytes;
    let (artifact, digest) = match artifact {
        Named::Digest(digest) => (Artifact::Digest(*digest), *digest),
        Named::File(file) => {
            bytes = fsx::read_given(file, MAX_ARTIFACT)?;
            (Artifact::Bytes(&bytes), Digest::of(&bytes))
        }
    };
    let Proof { who, times, logged, mut findings, .. } = match judge
        .artifact(&signed, artifact, &subject)?
    {
        Judgement::Accepted(proof) => proof,
        Judgement::Other { why: Some(why), .. } => return Err(why),
        Judgement::Other { claimed, .. } => {
            let claimed = claimed.unwrap_or_else(|| "nobody".to_owned());
            return Err(Problem::new(Code::WrongKey, &subject)
                .detail(format!("not signed by anybody who was asked for; it names {claimed}")));
        }
    };
    if times.is_empty() {
        findings.push(Problem::new(Code::TimeNotProven, &subject).into_finding());
    }
    Ok((Blob { bundle: path.to_owned(), digest, who, times, logged }, findings))
}

/// What to sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum As {
    /// The bytes of the file.
    Message,
    /// The file is an in-toto statement.
    Statement,
}

/// Signs a file by identity into a new bundle, and verifies the result.
#[cfg(feature = "network")]
pub fn sign(
    keyless: &crate::trust::net::keyless::Keyless,
    judge: &Judge,
    file: &Path,
    how: As,
    output: &Path,
) -> Result<(Blob, Vec<Finding>)> {
    let bytes = fsx::read_given(file, MAX_ARTIFACT)?;
    let digest = Digest::of(&bytes);
    let subject = output.display().to_string();
    let text = match how {
        As::Message => keyless.sign_digest(&digest)?,
        As::Statement => keyless.sign_statement(&bytes)?,
    };
    let signed = bundle::parse(&text, &subject)?;
    let judgement = match how {
        As::Message => judge.artifact(&signed, Artifact::Digest(digest), &subject)?,
        As::Statement => judge.statement(&signed, &subject)?,
    };
    let Proof { who, times, logged, .. } = match judgement {
        Judgement::Accepted(proof) => proof,
        Judgement::Other { why, .. } => {
            return Err(why.unwrap_or_else(|| Problem::new(Code::SignatureInvalid, &subject)));
        }
    };
    fsx::replace_file(output, &text)?;
    Ok((Blob { bundle: output.to_owned(), digest, who, times, logged }, Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::Named;
    use crate::model::digest::Digest;

    #[test]
    fn a_digest_is_what_looks_like_one_exactly() {
        let hex = Digest::of(b"").hex();
        assert_eq!(Named::from(&*format!("sha256:{hex}")), Named::Digest(Digest::of(b"")));
        for path in
            [hex.clone(), format!("sha512:{hex}"), format!("sha256:{hex}0"), "sha256:".into()]
        {
            assert_eq!(Named::from(&*path), Named::File(path.into()));
        }
    }
}
