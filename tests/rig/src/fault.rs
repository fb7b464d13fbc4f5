//! What the rig can be told to do wrong.

use std::time::Duration;

/// A service of the rig.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The certificate authority with its certificate transparency log.
    Fulcio,
    /// The transparency log with Rekor's first interface.
    RekorV1,
    /// The transparency log with Rekor's second interface.
    RekorV2,
    /// The RFC 3161 timestamp authority.
    Tsa,
    /// The OIDC issuer and the ambient token services.
    Oidc,
    /// The TUF repository.
    Tuf,
}

/// One thing done wrong, while all else stays genuine.
///
/// Each says what a client that checks everything has to refuse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The certificate has no signed certificate timestamp.
    SctMissing,
    /// The certificate timestamp is by a log that is not in the trusted root.
    SctUnknownLog,
    /// The certificate timestamp is a genuine one, over other bytes.
    SctOtherBytes,
    /// The certificate was over ten minutes before it was issued.
    LeafExpired,
    /// The certificate begins an hour after it was issued.
    LeafNotYetValid,
    /// The certificate is for server authentication, not for code signing.
    LeafNotForCodeSigning,
    /// The certificate is by an authority that is not in the trusted root.
    LeafUnknownAuthority,
    /// The certificate names the genuine authority and is signed by another.
    LeafForged,

    /// The log answers with an entry of another artifact, genuinely logged.
    OtherEntry,
    /// One bit of one hash of the inclusion proof is flipped.
    ProofHashFlipped,
    /// The inclusion proof is one hash short.
    ProofHashMissing,
    /// The inclusion proof is for another index than it says.
    ProofWrongIndex,
    /// The proof names another root than its hashes lead to. Rekor v2 answers
    /// carry the root only as an unsigned copy, which many clients ignore.
    ProofRootWrong,
    /// The checkpoint has no signature line.
    CheckpointUnsigned,
    /// The checkpoint is signed by a key that is not in the trusted root.
    CheckpointOtherKey,
    /// The checkpoint carries the hint of the log's key and the signature of another.
    CheckpointForged,
    /// The checkpoint is genuinely signed, over another root.
    CheckpointOtherRoot,
    /// The log shows the head that it had one entry ago, genuinely signed.
    HeadOlder,
    /// An entry that is read from the log is not the one that its tree is over.
    EntryChanged,
    /// The entry names a log that is not in the trusted root; all else is
    /// by the genuine log.
    LogIdUnknown,
    /// The entry, its checkpoint and its promise are all by a log that is not
    /// in the trusted root.
    LogUnknown,
    /// The inclusion promise is left out (Rekor v1).
    SetMissing,
    /// The inclusion promise is signed by another key (Rekor v1).
    SetWrong,
    /// The inclusion promise is over another time than the entry says (Rekor v1).
    SetOtherTime,
    /// The log says, and signs, that the entry came an hour ago, before its
    /// certificate was issued (Rekor v1).
    IntegratedTimeOutsideLeaf,

    /// The timestamp is over other bytes than were sent.
    TimestampOtherBytes,
    /// The timestamp is by an authority that is not in the trusted root.
    TimestampUnknownAuthority,
    /// The timestamp names the genuine authority and is signed by another.
    TimestampForged,
    /// The timestamp lies before its authority's certificate began.
    TimestampOutsideAuthority,
    /// The timestamp is genuine, but an hour after the signer's certificate was issued.
    TimestampOutsideLeaf,
    /// The timestamp repeats another nonce than was sent.
    TimestampWrongNonce,
    /// The authority answers that it refuses the request.
    TimestampRefused,

    /// HTTP 429 with `Retry-After: 1`.
    TooManyRequests,
    /// HTTP 500.
    ServerError,
    /// The connection ends in the middle of the answer.
    CutBody,
    /// The answer does not end; the rig gives up after 256 MiB.
    EndlessBody,
    /// HTTP 307 to the same path on another host name, where the genuine
    /// answer would be had.
    Redirect,
    /// The answer comes this much later.
    SlowAnswer(Duration),
    /// HTTP 200 with a page of HTML.
    NotJson,
}

impl Fault {
    /// Whether a request to `service` can show this fault.
    pub(crate) fn concerns(self, service: Service) -> bool {
        match self {
            Self::SctMissing
            | Self::SctUnknownLog
            | Self::SctOtherBytes
            | Self::LeafExpired
            | Self::LeafNotYetValid
            | Self::LeafNotForCodeSigning
            | Self::LeafUnknownAuthority
            | Self::LeafForged => service == Service::Fulcio,
            Self::OtherEntry
            | Self::ProofHashFlipped
            | Self::ProofHashMissing
            | Self::ProofWrongIndex
            | Self::ProofRootWrong
            | Self::CheckpointUnsigned
            | Self::CheckpointOtherKey
            | Self::CheckpointForged
            | Self::CheckpointOtherRoot
            | Self::HeadOlder
            | Self::EntryChanged
            | Self::LogIdUnknown
            | Self::LogUnknown => matches!(service, Service::RekorV1 | Service::RekorV2),
            Self::SetMissing
            | Self::SetWrong
            | Self::SetOtherTime
            | Self::IntegratedTimeOutsideLeaf => service == Service::RekorV1,
            Self::TimestampOtherBytes
            | Self::TimestampUnknownAuthority
            | Self::TimestampForged
            | Self::TimestampOutsideAuthority
            | Self::TimestampOutsideLeaf
            | Self::TimestampWrongNonce
            | Self::TimestampRefused => service == Service::Tsa,
            Self::TooManyRequests
            | Self::ServerError
            | Self::CutBody
            | Self::EndlessBody
            | Self::Redirect
            | Self::SlowAnswer(_)
            | Self::NotJson => true,
        }
    }
}

/// A fault, where and how often it shows.
///
/// ```
/// use pkg_rig::{Failure, Fault, Service};
/// // The first two requests to the timestamp authority fail.
/// let failure = Failure::new(Fault::ServerError).at(Service::Tsa).times(2);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure {
    fault: Fault,
    service: Option<Service>,
    left: Option<u32>,
}

impl Failure {
    /// At every service that can show `fault`, at every request.
    pub fn new(fault: Fault) -> Self {
        Self { fault, service: None, left: None }
    }

    /// Only at `service`.
    #[must_use]
    pub fn at(mut self, service: Service) -> Self {
        self.service = Some(service);
        self
    }

    /// Only at the next `count` requests it concerns.
    #[must_use]
    pub fn times(mut self, count: u32) -> Self {
        self.left = Some(count);
        self
    }

    /// The fault to show at this request, which is counted.
    pub(crate) fn next(&mut self, service: Service) -> Option<Fault> {
        let here = self.service.is_none_or(|only| only == service);
        if !here || !self.fault.concerns(service) || self.left == Some(0) {
            return None;
        }
        self.left = self.left.map(|left| left - 1);
        Some(self.fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_is_limited_to_its_service_and_count() {
        let mut failure = Failure::new(Fault::ServerError).at(Service::Tsa).times(2);
        assert_eq!(failure.next(Service::Fulcio), None);
        assert_eq!(failure.next(Service::Tsa), Some(Fault::ServerError));
        assert_eq!(failure.next(Service::Tsa), Some(Fault::ServerError));
        assert_eq!(failure.next(Service::Tsa), None);
    }

    #[test]
    fn a_fault_of_material_shows_only_where_the_material_is_made() {
        let mut failure = Failure::new(Fault::SetWrong);
        assert_eq!(failure.next(Service::RekorV2), None);
        assert_eq!(failure.next(Service::RekorV1), Some(Fault::SetWrong));
    }
}
