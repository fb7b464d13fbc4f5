//! What the verification library found, in the words of this crate.

use std::collections::BTreeMap;

use serde::Deserialize;
use sigstore_verify::bundle::Error as BundleError;
use sigstore_verify::crypto::{CertificateInfo, parse_certificate_info};
use sigstore_verify::types::{ArtifactDigest, DerCertificate, HashAlgorithm, Sha256Hash};
use sigstore_verify::{
    CertificateError, Error, TimestampError, TransparencyLogError, VerificationResult,
};

use super::json;
use super::who::{CLAIMS, ProvenTime, TimeSource, Who};
use crate::finding::{Code, Problem, Result};
use crate::model::digest::Digest;

/// The finding that says why a bundle was refused.
pub(super) fn problem(error: Error, subject: &str) -> Problem {
    Problem::new(code(&error), subject).detail(error.to_string()).source(error)
}

fn code(error: &Error) -> Code {
    match error {
        Error::SignatureInvalid(_) => Code::SignatureInvalid,
        // The library says so too when it is the log entry that is about others.
        Error::ArtifactMismatch(why) if why.contains("entry") => Code::LogEntryMismatch,
        Error::ArtifactMismatch(_) => Code::SignatureOtherSubject,
        Error::Certificate(error) => match error {
            CertificateError::Malformed(_) => Code::CertificateMalformed,
            CertificateError::Expired { .. } => Code::CertificateExpired,
            CertificateError::NotYetValid { .. } => Code::CertificateNotYetValid,
            CertificateError::Sct(_) => Code::SctInvalid,
            // The library keeps only the text of what its path builder said.
            CertificateError::ChainInvalid(why) if why.contains("CertExpired") => {
                Code::CertificateExpired
            }
            CertificateError::ChainInvalid(why) if why.contains("CertNotValidYet") => {
                Code::CertificateNotYetValid
            }
            _ => Code::ChainUntrusted,
        },
        Error::TransparencyLog(error) => match error {
            TransparencyLogError::UnknownLog { .. } => Code::LogUnknown,
            TransparencyLogError::InclusionProof(_) => Code::LogProofInvalid,
            TransparencyLogError::Checkpoint(_) => Code::CheckpointInvalid,
            TransparencyLogError::InclusionPromise(_) => Code::LogPromiseInvalid,
            TransparencyLogError::EntryMismatch(_) => Code::LogEntryMismatch,
            TransparencyLogError::IntegratedTime(_) => Code::LogTimeInvalid,
            _ => Code::LogEntryMalformed,
        },
        Error::Timestamp(error) => match error {
            TimestampError::OutsideAuthorityValidity { .. } => Code::TimestampOutsideValidity,
            TimestampError::NoVerifiedTimestamp(_) => Code::NoProvenTime,
            _ => Code::TimestampInvalid,
        },
        Error::Bundle(error) => match error {
            BundleError::MissingInclusionProof(_) => Code::LogProofMissing,
            BundleError::MissingInclusionPromise(_) => Code::LogPromiseInvalid,
            BundleError::MissingSigningTimeEvidence => Code::NoProvenTime,
            BundleError::MissingCheckpoint | BundleError::CheckpointRootMismatch => {
                Code::CheckpointInvalid
            }
            BundleError::LogIndexOutOfRange { .. } => Code::LogProofInvalid,
            _ => Code::SignatureFormat,
        },
        Error::UnsupportedBundle(_) | Error::UnsupportedArtifact(_) | Error::Crypto(_) => {
            Code::EvidenceUnsupported
        }
        Error::InvalidTrustRoot(_) | Error::TrustRoot(_) | Error::TrustedCertificate(_) => {
            Code::TrustRootInvalid
        }
        _ => Code::SignatureFormat,
    }
}

/// The times that were proven, the log's first.
pub(super) fn times(result: &VerificationResult) -> Vec<ProvenTime> {
    proven(result.verified_timestamps(), result.integrated_time())
}

/// Proven times, of which one may be the log's.
pub(super) fn proven(all: &[jiff::Timestamp], log: Option<jiff::Timestamp>) -> Vec<ProvenTime> {
    let time = |time: jiff::Timestamp, source| ProvenTime { time: time.to_string(), source };
    let mut times: Vec<ProvenTime> = log.into_iter().map(|at| time(at, TimeSource::Log)).collect();
    for &at in all {
        let proven = time(at, TimeSource::Timestamp);
        if Some(at) != log && !times.contains(&proven) {
            times.push(proven);
        }
    }
    times
}

/// The identity of a verified certificate.
pub(super) fn identity(result: &VerificationResult, subject: &str) -> Result<Who> {
    match result.certificate() {
        Some(certificate) if result.certificate_verified() => Ok(who(certificate)),
        _ => Err(Problem::new(Code::Internal, subject)
            .detail("the certificate was not verified, and nothing said so")),
    }
}

/// Who a certificate claims to be for; nothing of it was checked.
pub(super) fn claimed_identity(certificate: &[u8]) -> Option<String> {
    let info = parse_certificate_info(&DerCertificate::from_bytes(certificate)).ok()?;
    info.identity.map(|identity| identity.to_string())
}

/// The same with issuer and claims, for a certificate of Fulcio's form.
pub(super) fn claimed_who(certificate: &[u8]) -> Option<Who> {
    let info = parse_certificate_info(&DerCertificate::from_bytes(certificate)).ok()?;
    info.identity.is_some().then(|| who(&info))
}

fn who(certificate: &CertificateInfo) -> Who {
    let ci = &certificate.ci_claims;
    let github = &ci.deprecated_github;
    let values = [
        &ci.build_signer_uri,
        &ci.build_signer_digest,
        &ci.runner_environment,
        &ci.source_repository_uri,
        &ci.source_repository_digest,
        &ci.source_repository_ref,
        &ci.source_repository_identifier,
        &ci.source_repository_owner_uri,
        &ci.source_repository_owner_identifier,
        &ci.build_config_uri,
        &ci.build_config_digest,
        &ci.build_trigger,
        &ci.run_invocation_uri,
        &ci.source_repository_visibility_at_signing,
        &ci.deployment_environment,
        &ci.token_subject,
        &github.workflow_trigger,
        &github.workflow_sha,
        &github.workflow_name,
        &github.workflow_repository,
        &github.workflow_ref,
    ];
    let claims: BTreeMap<String, String> = CLAIMS
        .iter()
        .zip(values)
        .filter_map(|(name, value)| Some(((*name).to_owned(), value.clone()?)))
        .collect();
    Who::Identity {
        identity: certificate.identity.as_ref().map(ToString::to_string).unwrap_or_default(),
        issuer: certificate.issuer.clone().unwrap_or_default(),
        claims,
    }
}

/// A digest as the library takes it.
pub(super) fn sha256(digest: &Digest) -> ArtifactDigest {
    ArtifactDigest::sha256(Sha256Hash::new(*digest.as_bytes()))
}

/// Statement types whose subjects are known to mean what they seem to.
const STATEMENT_TYPES: [&str; 2] =
    ["https://in-toto.io/Statement/v1", "https://in-toto.io/Statement/v0.1"];

#[derive(Deserialize)]
struct Statement {
    #[serde(rename = "_type")]
    statement_type: String,
    subject: Vec<Subject>,
}

#[derive(Deserialize)]
struct Subject {
    digest: BTreeMap<String, String>,
}

fn statement(payload: &[u8], subject: &str) -> Result<Statement> {
    let unreadable = |detail: String| Problem::new(Code::SignatureFormat, subject).detail(detail);
    let statement: Statement = json::from_slice_strict(payload).map_err(|error| {
        unreadable(format!("the signed payload is not an in-toto statement: {error}")).source(error)
    })?;
    if statement.subject.is_empty() {
        return Err(unreadable("the signed statement is about nothing".to_owned()));
    }
    Ok(statement)
}

/// Refuses statements of a type that is not known.
pub(super) fn check_statement_type(payload: &[u8], subject: &str) -> Result<()> {
    let statement_type = statement(payload, subject)?.statement_type;
    if STATEMENT_TYPES.contains(&&*statement_type) {
        return Ok(());
    }
    Err(Problem::new(Code::SignatureFormat, subject)
        .detail(format!("it signs a {statement_type:?}, which is no known statement")))
}

/// Whether a statement is about this artifact.
pub(super) fn names_subject(payload: &[u8], digest: &Digest, subject: &str) -> Result<bool> {
    let hex = digest.hex();
    let subjects = statement(payload, subject)?.subject;
    Ok(subjects.iter().any(|named| named.digest.get("sha256") == Some(&hex)))
}

/// A digest that the statement is about.
pub(super) fn any_subject(payload: &[u8], subject: &str) -> Result<ArtifactDigest> {
    for named in statement(payload, subject)?.subject {
        for (name, algorithm) in
            [("sha256", HashAlgorithm::Sha2256), ("sha512", HashAlgorithm::Sha2512)]
        {
            if let Some(bytes) = named.digest.get(name).and_then(|hex| from_hex(hex))
                && let Ok(digest) = ArtifactDigest::new(algorithm, bytes)
            {
                return Ok(digest);
            }
        }
    }
    Err(Problem::new(Code::EvidenceUnsupported, subject)
        .detail("no subject of the statement is named by SHA-256 or SHA-512"))
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}
