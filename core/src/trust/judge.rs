//! What a signature is worth: who made it, when, and whether that is somebody
//! the caller accepts.
//!
//! `sigstore-verify` decides about certificates, logs and timestamps; bare keys
//! are checked with `sigstore::crypto`; `compare` adds what neither
//! reads. A bundle never brings its own judge: keys, identities and the trusted
//! root come from the caller.

use std::sync::OnceLock;

use sigstore_verify::types::{ArtifactDigest, Bundle, DerPublicKey};
use sigstore_verify::{PublicKeyVerificationPolicy, VerificationPolicy, VerificationResult};

use super::bundle::{Content, Material, SignedBundle};
use super::certificate::Certificate;
use super::chain::Authority;
use super::compare;
use super::evidence;
use super::key::PublicKey;
use super::oms;
use super::root::{Root, RootChoice};
use super::who::{IdentityRule, ProvenTime, Refusal, Who};
use crate::finding::{Code, Finding, Problem, Result};
use crate::model::digest::Digest;

/// Whose signatures a caller accepts.
#[derive(Debug, Clone, Default)]
pub struct Accepted {
    /// Holders of these keys.
    pub keys: Vec<PublicKey>,
    /// Identities that fit one of these rules.
    pub identities: Vec<IdentityRule>,
    /// Holders of certificates below these, without any Sigstore instance.
    pub authority: Option<Authority>,
    /// Every identity: says who signed, and decides nothing.
    pub any_identity: bool,
}

impl Accepted {
    /// Nobody at all.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && !self.identity() && self.authority.is_none()
    }

    /// Whether any identity could be accepted.
    pub fn identity(&self) -> bool {
        self.any_identity || !self.identities.is_empty()
    }

    /// Why `who` is not accepted; nothing when it is.
    fn refuses(&self, who: &Who) -> Option<Refusal> {
        if self.any_identity {
            return None;
        }
        let mut refusals = Vec::new();
        for rule in &self.identities {
            refusals.push(rule.refuses(who)?);
        }
        Some(refusals.into_iter().next().unwrap_or(Refusal::NoIdentity))
    }

    /// Whether a signature of `who` would be accepted.
    pub fn accepts(&self, who: &Who) -> bool {
        self.refuses(who).is_none()
    }

    /// Whether `who` is accepted only because nobody said who must vouch for them.
    fn leaves_issuer_open(&self, who: &Who) -> bool {
        let fitting = |rule: &&IdentityRule| rule.refuses(who).is_none();
        !self.any_identity
            && self.identities.iter().filter(fitting).all(|rule| rule.issuer.is_none())
    }
}

impl From<Vec<PublicKey>> for Accepted {
    fn from(keys: Vec<PublicKey>) -> Self {
        Self { keys, ..Self::default() }
    }
}

/// What an accepted signature proves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// Who made it.
    pub who: Who,
    /// When it existed; nothing when only the signer could say.
    pub times: Vec<ProvenTime>,
    /// Whether a transparency log has it.
    pub logged: bool,
    /// The trusted certificate at the end of the path, for a certificate that no
    /// Sigstore instance issued.
    pub authority: Option<Digest>,
    /// What should be looked at.
    pub findings: Vec<Finding>,
}

/// The outcome for a signature that is not wrong.
#[derive(Debug)]
pub enum Judgement {
    /// Somebody the caller accepts made it.
    Accepted(Proof),
    /// Somebody else did, or who it was cannot be told with what was given.
    Other {
        /// Who it claims to be from.
        claimed: Option<String>,
        /// Why it does not count, when there is more to say than that nobody
        /// asked for it.
        why: Option<Problem>,
    },
}

/// The bytes that a message signature is about.
#[derive(Debug, Clone, Copy)]
pub enum Artifact<'a> {
    /// The bytes themselves.
    Bytes(&'a [u8]),
    /// Their SHA-256.
    Digest(Digest),
}

/// Judges signatures by what a caller accepts.
#[derive(Debug, Default)]
pub struct Judge {
    accepted: Accepted,
    choice: RootChoice,
    max_root_age: Option<u32>,
    root: OnceLock<Root>,
}

impl Judge {
    /// A judge; the root is read when a signature first needs it.
    pub fn new(accepted: Accepted, root: RootChoice) -> Self {
        Self { accepted, choice: root, max_root_age: None, root: OnceLock::new() }
    }

    /// Takes no root that is older than this, in days.
    #[must_use]
    pub fn with_root_age(mut self, days: Option<u32>) -> Self {
        self.max_root_age = days;
        self
    }

    /// Whom it accepts.
    pub fn accepted(&self) -> &Accepted {
        &self.accepted
    }

    /// Which root it judges by.
    pub fn choice(&self) -> &RootChoice {
        &self.choice
    }

    /// The root.
    pub fn root(&self) -> Result<&Root> {
        if let Some(root) = self.root.get() {
            return Ok(root);
        }
        let root = Root::load(&self.choice)?;
        if let Some(days) = self.max_root_age {
            root.check_age(days)?;
        }
        Ok(self.root.get_or_init(|| root))
    }

    /// Reads what will be needed to judge identities, so that what is wrong with
    /// it is not said of a signature.
    pub fn prepare(&self) -> Result<()> {
        if self.accepted.identity() { self.root().map(|_| ()) } else { Ok(()) }
    }

    /// Judges the signature of a statement. An error means that it is wrong, or
    /// that it cannot be judged; it never counts then.
    pub fn statement(&self, bundle: &SignedBundle, subject: &str) -> Result<Judgement> {
        bundle.statement(subject)?;
        Case { judge: self, bundle, artifact: None, encoding: Encoding::Dsse, subject }.judge()
    }

    /// Judges the signature of a statement as model-signing 0.2 made it, over an
    /// encoding of its own; of other statements it is never accepted.
    pub fn old_model_signature(&self, bundle: &SignedBundle, subject: &str) -> Result<Judgement> {
        if !oms::is_old(&bundle.statement(subject)?.payload) {
            return Err(Problem::new(Code::SignatureInvalid, subject)
                .detail("only statements of model-signing 0.2 may be signed in its way"));
        }
        let encoding = Encoding::ModelSigning02;
        Case { judge: self, bundle, artifact: None, encoding, subject }.judge()
    }

    /// Judges a signature over `artifact`: of a message, or of a statement that
    /// must be about it.
    pub fn artifact(
        &self,
        bundle: &SignedBundle,
        artifact: Artifact<'_>,
        subject: &str,
    ) -> Result<Judgement> {
        if let Content::Envelope(envelope) = &bundle.content {
            bundle.statement(subject)?;
            evidence::check_statement_type(&envelope.payload, subject)?;
        }
        let encoding = Encoding::Dsse;
        Case { judge: self, bundle, artifact: Some(artifact), encoding, subject }.judge()
    }
}

/// The bytes that stand for an envelope when it is signed.
#[derive(Debug, Clone, Copy)]
enum Encoding {
    /// The pre-authentication encoding of DSSE.
    Dsse,
    /// [`oms::compat_pae`], and SHA-256 for keys of every kind.
    ModelSigning02,
}

/// One signature before the judge.
struct Case<'a> {
    judge: &'a Judge,
    bundle: &'a SignedBundle,
    artifact: Option<Artifact<'a>>,
    encoding: Encoding,
    subject: &'a str,
}

impl Case<'_> {
    fn judge(&self) -> Result<Judgement> {
        match &self.bundle.material {
            Material::Key { hint } => self.by_key(hint.as_deref()),
            Material::Certificates(chain) => self.by_certificate(chain),
        }
    }

    /// A key fits when it verifies the signature and, where the bundle names a
    /// key, is the one named: the hint is not signed.
    fn by_key(&self, hint: Option<&str>) -> Result<Judgement> {
        let keys = &self.judge.accepted.keys;
        let named = |key: &&PublicKey| hint.is_none_or(|hint| compare::hint_names(hint, key));
        let mut found = None;
        for key in keys.iter().filter(named) {
            if self.signed_with(key)? {
                found = Some(key);
                break;
            }
        }
        let Some(key) = found else {
            if hint.is_some() && keys.iter().any(|key| named(&key)) {
                return Err(Problem::new(Code::SignatureInvalid, self.subject)
                    .detail("it names a given key, but the signature does not fit"));
            }
            let why = (keys.is_empty() && self.judge.accepted.identity())
                .then(|| Refusal::NoIdentity.problem(self.subject));
            return Ok(Judgement::Other { claimed: hint.map(|hint| format!("key {hint}")), why });
        };
        let who = Who::Key { hint: key.hint(), algorithm: key.algorithm().to_string() };
        let (times, logged) = self.evidence_of(key)?;
        let (authority, findings) = (None, Vec::new());
        Ok(Judgement::Accepted(Proof { who, times, logged, authority, findings }))
    }

    fn signed_with(&self, key: &PublicKey) -> Result<bool> {
        match (&self.bundle.content, self.artifact) {
            (Content::Envelope(envelope), _) => Ok(match self.encoding {
                Encoding::Dsse => key.verify(&envelope.message(), &envelope.signature),
                Encoding::ModelSigning02 => {
                    let message = oms::compat_pae(&envelope.payload_type, &envelope.payload);
                    key.verify_with_sha256(&message, &envelope.signature)
                }
            }),
            (Content::Message { signature, .. }, Some(Artifact::Bytes(bytes))) => {
                Ok(key.verify(bytes, signature))
            }
            (Content::Message { signature, .. }, Some(Artifact::Digest(digest))) => {
                key.verify_digest(&digest, signature).ok_or_else(|| {
                    Problem::new(Code::EvidenceUnsupported, self.subject).detail(format!(
                        "a signature by a key of the kind {} cannot be checked by SHA-256 alone",
                        key.algorithm()
                    ))
                })
            }
            (Content::Message { .. }, None) => {
                Err(Problem::new(Code::SignatureFormat, self.subject)
                    .detail("it signs a bare message, not a statement"))
            }
        }
    }

    /// What logs and timestamp authorities say about the signature of a key.
    fn evidence_of(&self, key: &PublicKey) -> Result<(Vec<ProvenTime>, bool)> {
        if !self.bundle.has_evidence() {
            self.check_artifact()?;
            return Ok((Vec::new(), false));
        }
        let root = self.judge.root()?;
        let mut policy = PublicKeyVerificationPolicy::new(DerPublicKey::from_bytes(key.spki()));
        let logged = !self.bundle.entries().is_empty();
        if !logged {
            // Timestamps without a log: what is there is still verified.
            policy = policy.skip_tlog_unsafe();
        }
        let result = self.verify(root, &policy)?;
        Ok((evidence::times(&result), logged && result.tlog_verified()))
    }

    /// A bare key over an artifact: what is said about the artifact must be so.
    fn check_artifact(&self) -> Result<()> {
        let actual = match self.artifact {
            Some(Artifact::Bytes(bytes)) => Digest::of(bytes),
            Some(Artifact::Digest(digest)) => digest,
            None => return Ok(()),
        };
        let stated = match &self.bundle.content {
            Content::Envelope(envelope) => {
                evidence::names_subject(&envelope.payload, &actual, self.subject)?
            }
            Content::Message { digest: None, .. } => true,
            Content::Message { digest: Some((algorithm, digest)), .. }
                if algorithm == "SHA2_256" =>
            {
                actual.as_bytes() == digest.as_slice()
            }
            Content::Message { digest: Some((algorithm, _)), .. } => {
                return Err(Problem::new(Code::EvidenceUnsupported, self.subject)
                    .detail(format!("its message digest is of the kind {algorithm:?}")));
            }
        };
        if stated {
            return Ok(());
        }
        Err(Problem::new(Code::SignatureOtherSubject, self.subject)
            .detail("it is about another artifact"))
    }

    fn by_certificate(&self, chain: &[Vec<u8>]) -> Result<Judgement> {
        let claimed = || chain.first().and_then(|leaf| evidence::claimed_identity(leaf));
        let mut foreign = None;
        if let Some(authority) = &self.judge.accepted.authority {
            match self.by_authority(authority, chain) {
                Ok(proof) => return Ok(Judgement::Accepted(proof)),
                // Of another authority: that is not known to be wrong.
                Err(why) if why.code() == Code::ChainUntrusted => foreign = Some(why),
                Err(wrong) => return Err(wrong),
            }
        }
        if !self.judge.accepted.identity() {
            return Ok(Judgement::Other { claimed: claimed(), why: foreign });
        }
        match self.identity() {
            Ok(mut proof) => match self.judge.accepted.refuses(&proof.who) {
                None => {
                    if self.judge.accepted.leaves_issuer_open(&proof.who) {
                        let warning = Problem::new(Code::AnyIssuer, self.subject)
                            .detail(format!("signed by {}", proof.who));
                        proof.findings.push(warning.into_finding());
                    }
                    Ok(Judgement::Accepted(proof))
                }
                Some(refusal) => Ok(Judgement::Other {
                    claimed: Some(proof.who.to_string()),
                    why: Some(refusal.problem(self.subject)),
                }),
            },
            // Of another instance: that is not known to be wrong.
            Err(why) if matches!(why.code(), Code::ChainUntrusted | Code::LogUnknown) => {
                Ok(Judgement::Other { claimed: claimed(), why: Some(why) })
            }
            Err(wrong) => Err(wrong),
        }
    }

    /// Verifies a signature by a certificate of Fulcio, whoever made it.
    fn identity(&self) -> Result<Proof> {
        let root = self.judge.root()?;
        let mut policy = VerificationPolicy::any_identity();
        // Some instances have no logs: then there is nothing to ask of them,
        // and times come from their timestamp authority.
        if root.trusted.tlogs.is_empty() {
            policy = policy.skip_tlog_unsafe();
        }
        if root.trusted.ctlogs.is_empty() {
            policy = policy.skip_sct();
        }
        let result = self.verify(root, &policy)?;
        Ok(Proof {
            who: evidence::identity(&result, self.subject)?,
            times: evidence::times(&result),
            logged: result.tlog_verified(),
            authority: None,
            findings: Vec::new(),
        })
    }

    /// Verifies a signature by a certificate below an authority of the caller.
    fn by_authority(&self, authority: &Authority, chain: &[Vec<u8>]) -> Result<Proof> {
        let chain: Vec<Certificate> = chain
            .iter()
            .map(|der| Certificate::from_der(der, self.subject))
            .collect::<Result<_>>()?;
        // Whether the certificate counts comes first: the key of a stranger says
        // nothing about a signature.
        let untimed = authority.verify(&chain, None)?;
        if !self.signed_with(&untimed.key)? {
            return Err(Problem::new(Code::SignatureInvalid, self.subject)
                .detail("it was not made with the key of its certificate"));
        }
        let (proven, log) = self.evidence_of_certificate(&chain)?;
        let mut verified = untimed;
        for &at in &proven {
            verified = authority.verify(&chain, Some(at))?;
        }
        let now = jiff::Timestamp::now();
        if proven.is_empty() && !verified.window.contains(now) {
            return Err(Problem::new(Code::CertificateTimeUnknown, self.subject).detail(format!(
                "its certificate is valid from {} until {}, and nothing proves that the signature is as old",
                verified.window.from, verified.window.until
            )));
        }
        Ok(Proof {
            who: verified.who,
            times: evidence::proven(&proven, log),
            logged: !self.bundle.entries().is_empty(),
            authority: verified.path.last().map(Certificate::fingerprint),
            findings: verified.findings,
        })
    }

    /// The times that are proven for a signature by such a certificate, and the
    /// log's among them.
    fn evidence_of_certificate(
        &self,
        chain: &[Certificate],
    ) -> Result<(Vec<jiff::Timestamp>, Option<jiff::Timestamp>)> {
        if !self.bundle.has_evidence() {
            self.check_artifact()?;
            return Ok((Vec::new(), None));
        }
        let root = self.judge.root()?;
        let mut policy = VerificationPolicy::any_identity().skip_certificate_chain();
        if self.bundle.entries().is_empty() {
            policy = policy.skip_tlog_unsafe();
        }
        // The path is verified here, not by the library, which wants one
        // certificate only in newer bundles.
        let alone = self.bundle.with_certificate(chain.first().map_or(&[], Certificate::der));
        let case = Case {
            judge: self.judge,
            bundle: &alone,
            artifact: self.artifact,
            encoding: self.encoding,
            subject: self.subject,
        };
        let result = case.verify(root, &policy)?;
        Ok((result.verified_timestamps().to_vec(), result.integrated_time()))
    }

    fn verify(
        &self,
        root: &Root,
        policy: &dyn sigstore_verify::Policy,
    ) -> Result<VerificationResult> {
        let text = serde_json::to_string(&self.bundle.wire()).map_err(|error| {
            Problem::new(Code::Internal, self.subject).detail(error.to_string()).source(error)
        })?;
        let bundle = Bundle::from_json(&text).map_err(|error| {
            Problem::new(Code::SignatureFormat, self.subject)
                .detail(format!("it is not a Sigstore bundle: {error}"))
                .source(error)
        })?;
        compare::check_logs(self.bundle, &root.trusted, self.subject)?;
        let refused = |error| evidence::problem(error, self.subject);
        let result = match self.artifact {
            Some(Artifact::Bytes(bytes)) => root.verifier.verify(bytes, &bundle, policy),
            Some(Artifact::Digest(digest)) => {
                root.verifier.verify(evidence::sha256(&digest), &bundle, policy)
            }
            None => root.verifier.verify(self.first_subject()?, &bundle, policy),
        };
        let result = result.map_err(refused)?;
        compare::check(self.bundle, &root.trusted, self.subject)?;
        Ok(result)
    }

    /// The library wants an artifact that the statement is about. Which one is
    /// meant is compared by the caller, so any subject of its own will do here.
    fn first_subject(&self) -> Result<ArtifactDigest> {
        let envelope = self.bundle.statement(self.subject)?;
        evidence::any_subject(&envelope.payload, self.subject)
    }
}

#[cfg(test)]
#[path = "judge_tests.rs"]
mod tests;
