//! Chains of certificates below an authority that the caller trusts.
//!
//! For signatures whose bundle brings the signer's certificate and the
//! intermediates (`x509CertificateChain`, as the OpenSSF model signing tools
//! write them). What is trusted comes from the caller alone. Sources: RFC 5280,
//! section 6; for what a signer's certificate must allow, model-signing 1.1.1.
//!
//! Stricter than that tool in three points. Validity is judged at a proven time,
//! never at the certificate's own `notBefore`. An extended key usage limits a
//! certificate to what it lists, that of an authority included. A root that the
//! bundle brings is refused unless the caller trusts the very same.

use std::collections::BTreeMap;

use jiff::Timestamp;
use x509_cert::der::Encode as _;
use x509_cert::name::Name;

use super::certificate::Certificate;
use super::constraints;
use super::key::PublicKey;
use super::who::Who;
use crate::finding::{Code, Finding, Problem, Result};
use crate::model::digest::Digest;

/// Most certificates of a signature that are looked at.
pub const MAX_CERTIFICATES: usize = 32;

/// Most certificates that a caller may trust at once.
pub const MAX_TRUSTED: usize = 256;

/// Most certificates in a path, the signer's and the trusted one included.
pub const MAX_PATH: usize = 8;

/// Most signatures that are checked in the search for a path.
const MAX_CHECKS: u32 = 128;

/// Most steps of that search.
const MAX_STEPS: u32 = 512;

/// Most comparisons of names with name constraints.
const MAX_COMPARISONS: u32 = 250_000;

/// Reads the certificates of a signature, in DER, the signer's first.
pub fn read<'d>(
    certificates: impl ExactSizeIterator<Item = &'d [u8]>,
    subject: &str,
) -> Result<Vec<Certificate>> {
    check_count(certificates.len(), || Problem::new(Code::ChainTooLong, subject))?;
    certificates.map(|der| Certificate::from_der(der, subject)).collect()
}

fn check_count(count: usize, problem: impl FnOnce() -> Problem) -> Result<()> {
    if count > MAX_CERTIFICATES {
        return Err(problem().detail(format!(
            "the signature brings {count} certificates, more than {MAX_CERTIFICATES}"
        )));
    }
    Ok(())
}

/// Certificates that a caller trusts.
#[derive(Debug, Clone)]
pub struct Authority {
    trusted: Vec<Certificate>,
}

/// The common validity of all certificates of a path, ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// First moment.
    pub from: Timestamp,
    /// Last moment.
    pub until: Timestamp,
}

impl Window {
    /// Whether a moment lies in it.
    pub fn contains(&self, moment: Timestamp) -> bool {
        self.from <= moment && moment <= self.until
    }

    fn of(certificate: &Certificate) -> Self {
        Self { from: certificate.not_before(), until: certificate.not_after() }
    }

    /// What both have in common, if anything.
    fn and(self, other: Self) -> Option<Self> {
        let common = Self { from: self.from.max(other.from), until: self.until.min(other.until) };
        (common.from <= common.until).then_some(common)
    }
}

/// A signer's certificate for which a path was found.
#[derive(Debug, Clone)]
pub struct Verified {
    /// The signer's certificate first, the trusted one last.
    pub path: Vec<Certificate>,
    /// The signer's key.
    pub key: PublicKey,
    /// Who the signer is.
    pub who: Who,
    /// When all certificates of the path are valid.
    pub window: Window,
    /// The proven time at which they were found valid. Without one, nothing says
    /// that the signature was made within [`Self::window`].
    pub at: Option<Timestamp>,
    /// What should be looked at.
    pub findings: Vec<Finding>,
}

impl Authority {
    /// Reads the certificates of a PEM text that the caller trusts: roots,
    /// intermediates, or the signer's own certificate.
    pub fn from_pem(text: &str, subject: &str) -> Result<Self> {
        Self::from_pems([(text, subject)])
    }

    /// Reads several PEM texts, each with the name that problems give it.
    pub fn from_pems<'t>(texts: impl IntoIterator<Item = (&'t str, &'t str)>) -> Result<Self> {
        let mut trusted: Vec<Certificate> = Vec::new();
        for (text, subject) in texts {
            let room = MAX_TRUSTED - trusted.len();
            let read = Certificate::all_from_pem(text, room, subject).map_err(|problem| {
                let message = problem.finding().message.clone();
                Problem::new(Code::AuthorityInvalid, subject).detail(message).source(problem)
            })?;
            for certificate in read {
                if !trusted.contains(&certificate) {
                    trusted.push(certificate);
                }
            }
        }
        if trusted.is_empty() {
            return Err(
                Problem::new(Code::AuthorityInvalid, "").detail("no trusted certificate was given")
            );
        }
        Ok(Self { trusted })
    }

    /// Trusts one certificate.
    pub fn of(certificate: Certificate) -> Self {
        Self { trusted: vec![certificate] }
    }

    /// Trusts several certificates.
    pub(super) fn of_all(trusted: Vec<Certificate>) -> Self {
        Self { trusted }
    }

    /// What is trusted.
    pub fn certificates(&self) -> &[Certificate] {
        &self.trusted
    }

    /// Finds a path from the signer's certificate, the first of `chain`, to a
    /// trusted one. The others of `chain` may be used in any order.
    ///
    /// `at` is the time at which the signature is proven to have existed. Without
    /// one, the certificates must have been valid together at some time, and
    /// [`Verified::window`] says when: the caller has to say that the time is not
    /// proven.
    pub fn verify(&self, chain: &[Certificate], at: Option<Timestamp>) -> Result<Verified> {
        let Some((leaf, others)) = chain.split_first() else {
            return Err(Problem::new(Code::CertificateMalformed, "")
                .detail("the signature brings no certificate"));
        };
        check_count(chain.len(), || leaf.problem(Code::ChainTooLong))?;
        let key = leaf.public_key()?.clone();
        let findings = check_leaf(leaf, at)?;
        let mut search = Search::new(&self.trusted, chain, at);
        search.refuse_foreign_roots(others)?;
        let (path, window) = search.run()?;
        let who = Who::Certificate {
            subject: leaf.subject(),
            issuer: leaf.issuer(),
            fingerprint: leaf.fingerprint(),
        };
        Ok(Verified { path, key, who, window, at, findings })
    }
}

/// What a signer's certificate must be by itself.
fn check_leaf(leaf: &Certificate, at: Option<Timestamp>) -> Result<Vec<Finding>> {
    check_extensions(leaf)?;
    let usage = leaf.usage();
    let unusable = |why: &str| Err(leaf.problem(Code::CertificateUsage).detail(why));
    if usage.stated && !usage.digital_signature {
        return unusable("its key usage does not allow digital signatures");
    }
    if usage.purposes_stated && !usage.any_code_signing {
        return unusable("its extended key usage does not list code signing");
    }
    if !usage.digital_signature && !usage.code_signing {
        return unusable("it has neither the key usage digitalSignature nor codeSigning");
    }
    check_time(leaf, at)?;
    let mut findings = Vec::new();
    if leaf.is_authority() {
        findings.push(leaf.problem(Code::LeafIsAuthority).into_finding());
    }
    Ok(findings)
}

fn check_extensions(certificate: &Certificate) -> Result<()> {
    match certificate.unknown_critical() {
        Some(oid) => Err(certificate
            .problem(Code::CertificateUnknownExtension)
            .detail(format!("its critical extension {oid} is not understood"))),
        None => Ok(()),
    }
}

fn check_time(certificate: &Certificate, at: Option<Timestamp>) -> Result<()> {
    let Some(at) = at else {
        return Ok(());
    };
    let (from, until) = (certificate.not_before(), certificate.not_after());
    if at < from {
        return Err(certificate
            .problem(Code::CertificateNotYetValid)
            .detail(format!("it is valid from {from}, but the signature is of {at}")));
    }
    if at > until {
        return Err(certificate
            .problem(Code::CertificateExpired)
            .detail(format!("it was valid until {until}, but the signature is of {at}")));
    }
    Ok(())
}

/// A certificate, and what it is compared by: names may be long, and made to
/// differ at their ends only.
struct Node<'c> {
    certificate: &'c Certificate,
    fingerprint: Digest,
    subject: Digest,
    issuer: Digest,
}

impl<'c> Node<'c> {
    fn of(certificate: &'c Certificate) -> Self {
        let digest = |name: &Name| Digest::of(&name.to_der().unwrap_or_default());
        Self {
            certificate,
            fingerprint: certificate.fingerprint(),
            subject: digest(certificate.subject_name()),
            issuer: digest(certificate.issuer_name()),
        }
    }
}

/// A search for a path, in depth and with limits to all that it does.
struct Search<'c> {
    /// The signer's certificate, the others of the bundle, the trusted ones.
    all: Vec<Node<'c>>,
    /// Place of the first trusted one.
    trusted: usize,
    at: Option<Timestamp>,
    /// Whether the second signed the first, as far as that was checked.
    signed: BTreeMap<(usize, usize), bool>,
    checks: u32,
    steps: u32,
    comparisons: u32,
    /// The problem that says most about why there is no path.
    refusal: Option<(Weight, Problem)>,
}

/// How much a problem says about why there is no path.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weight {
    /// A certificate has the right name only.
    Name,
    /// A certificate did sign, but may not have.
    Rule,
    /// The search ended early.
    Limit,
}

impl<'c> Search<'c> {
    fn new(trusted: &'c [Certificate], chain: &'c [Certificate], at: Option<Timestamp>) -> Self {
        Self {
            all: chain.iter().chain(trusted).map(Node::of).collect(),
            trusted: chain.len(),
            at,
            signed: BTreeMap::new(),
            checks: MAX_CHECKS,
            steps: MAX_STEPS,
            comparisons: MAX_COMPARISONS,
            refusal: None,
        }
    }

    /// A bundle must not bring its own trust, nor look as if it could.
    fn refuse_foreign_roots(&mut self, others: &[Certificate]) -> Result<()> {
        for (index, other) in others.iter().enumerate() {
            if self.is_trusted(index + 1) || !other.is_self_issued() {
                continue;
            }
            // One whose signature cannot be checked is taken for a root: a
            // certificate in the middle of a path is of no use either then.
            if self.is_signed_by(index + 1, index + 1).unwrap_or(true) {
                return Err(other.problem(Code::ChainForeignRoot).detail(format!(
                    "the signature brings this root (SHA-256 {}), which is not trusted",
                    other.fingerprint().hex()
                )));
            }
        }
        Ok(())
    }

    fn is_trusted(&self, index: usize) -> bool {
        let wanted = self.all[index].fingerprint;
        self.all[self.trusted..].iter().any(|node| node.fingerprint == wanted)
    }

    fn run(mut self) -> Result<(Vec<Certificate>, Window)> {
        let leaf = self.all[0].certificate;
        let mut path = vec![0];
        if let Some(window) = self.extend(&mut path, Window::of(leaf)) {
            let path = path.into_iter().map(|index| self.all[index].certificate.clone()).collect();
            return Ok((path, window));
        }
        let refusal = self.refusal.map(|(_, problem)| problem);
        Err(refusal.unwrap_or_else(|| leaf.problem(Code::ChainUntrusted)))
    }

    /// Says that nobody is there to vouch for a certificate.
    fn dead_end(&mut self, index: usize) -> Problem {
        let certificate = self.all[index].certificate;
        let alone = certificate.is_self_issued() && self.is_signed_by(index, index).unwrap_or(true);
        certificate.problem(Code::ChainUntrusted).detail(if alone {
            "it vouches for itself and is not trusted".to_owned()
        } else {
            let issuer = certificate.issuer();
            format!("its issuer is neither trusted nor among those in the signature: {issuer}")
        })
    }

    /// Goes on from the last certificate of `path`; gives the common validity of
    /// the finished path.
    fn extend(&mut self, path: &mut Vec<usize>, window: Window) -> Option<Window> {
        let end = *path.last()?;
        if self.is_trusted(end) {
            return Some(window);
        }
        // Trusted ones first: the shortest way out.
        let order = (self.trusted..self.all.len()).chain(1..self.trusted);
        let mut alone = true;
        for candidate in order {
            let issuer = &self.all[candidate];
            let used = path.iter().any(|index| self.all[*index].fingerprint == issuer.fingerprint);
            if used || issuer.subject != self.all[end].issuer {
                continue;
            }
            alone = false;
            match self.step(path, candidate, window) {
                Ok(window) => {
                    path.push(candidate);
                    if let Some(window) = self.extend(path, window) {
                        return Some(window);
                    }
                    path.pop();
                }
                Err((weight, problem)) => self.note(weight, problem),
            }
            if self.refusal.as_ref().is_some_and(|(weight, _)| *weight == Weight::Limit) {
                return None;
            }
        }
        if alone {
            let problem = self.dead_end(end);
            self.note(Weight::Name, problem);
        }
        None
    }

    fn note(&mut self, weight: Weight, problem: Problem) {
        if self.refusal.as_ref().is_none_or(|(known, _)| *known < weight) {
            self.refusal = Some((weight, problem));
        }
    }

    /// Whether `candidate` may be the issuer of the last certificate of `path`.
    fn step(
        &mut self,
        path: &[usize],
        candidate: usize,
        window: Window,
    ) -> Result<Window, (Weight, Problem)> {
        let rule = |problem| (Weight::Rule, problem);
        let last = *path.last().unwrap_or(&0);
        let (certificate, issuer) = (self.all[last].certificate, self.all[candidate].certificate);
        if path.len() == MAX_PATH {
            return Err(rule(
                self.all[0]
                    .certificate
                    .problem(Code::ChainTooLong)
                    .detail(format!("its path has more than {MAX_PATH} certificates")),
            ));
        }
        self.steps = self.steps.checked_sub(1).ok_or_else(|| self.limit())?;
        match self.is_signed_by(last, candidate) {
            Ok(true) => {}
            Ok(false) => {
                let detail = format!(
                    "the certificate with the name of its issuer did not sign it: {}",
                    issuer.subject()
                );
                return Err((
                    Weight::Name,
                    certificate.problem(Code::ChainUntrusted).detail(detail),
                ));
            }
            Err(problem) if problem.code() == Code::ChainSearchLimit => {
                return Err((Weight::Limit, problem));
            }
            Err(problem) => return Err(rule(problem)),
        }
        check_issuer(issuer).map_err(rule)?;
        check_time(issuer, self.at).map_err(rule)?;
        self.check_path_length(path, issuer).map_err(rule)?;
        self.check_names(path, issuer)?;
        window.and(Window::of(issuer)).ok_or_else(|| {
            rule(issuer.problem(Code::CertificateTimes).detail(format!(
                "it is valid from {} until {}, those below it from {} until {}",
                issuer.not_before(),
                issuer.not_after(),
                window.from,
                window.until
            )))
        })
    }

    fn is_signed_by(&mut self, certificate: usize, issuer: usize) -> Result<bool> {
        if let Some(known) = self.signed.get(&(certificate, issuer)) {
            return Ok(*known);
        }
        self.checks = self.checks.checked_sub(1).ok_or_else(|| self.limit().1)?;
        let signed =
            self.all[certificate].certificate.is_signed_by(self.all[issuer].certificate)?;
        self.signed.insert((certificate, issuer), signed);
        Ok(signed)
    }

    fn limit(&self) -> (Weight, Problem) {
        (Weight::Limit, self.all[0].certificate.problem(Code::ChainSearchLimit))
    }

    /// Only authorities between the signer and `issuer` count, and those that
    /// merely renew themselves do not.
    fn check_path_length(&self, path: &[usize], issuer: &Certificate) -> Result<()> {
        let between =
            path.iter().skip(1).filter(|index| !self.all[**index].certificate.is_self_issued());
        let count = between.count();
        match issuer.path_length() {
            Some(most) if count > usize::from(most) => {
                Err(issuer.problem(Code::ChainPathLength).detail(format!(
                    "it allows {most} authorities below itself, and there are {count}"
                )))
            }
            _ => Ok(()),
        }
    }

    fn check_names(
        &mut self,
        path: &[usize],
        issuer: &Certificate,
    ) -> Result<(), (Weight, Problem)> {
        for (place, index) in path.iter().enumerate() {
            let certificate = self.all[*index].certificate;
            if place > 0 && certificate.is_self_issued() {
                continue;
            }
            constraints::check(issuer, certificate, &mut self.comparisons).map_err(|problem| {
                let limit = problem.code() == Code::ChainSearchLimit;
                (if limit { Weight::Limit } else { Weight::Rule }, problem)
            })?;
        }
        Ok(())
    }
}

/// What the certificate of an authority must be by itself.
fn check_issuer(issuer: &Certificate) -> Result<()> {
    if !issuer.is_authority() {
        return Err(issuer.problem(Code::CertificateNotAuthority));
    }
    check_extensions(issuer)?;
    let usage = issuer.usage();
    let unusable = |why: &str| Err(issuer.problem(Code::CertificateUsage).detail(why));
    if usage.stated && !usage.cert_sign {
        return unusable("its key usage does not allow it to sign certificates (keyCertSign)");
    }
    if usage.purposes_stated && !usage.any_code_signing {
        return unusable("its extended key usage does not list code signing");
    }
    Ok(())
}

#[cfg(test)]
#[path = "chain_tests.rs"]
mod tests;
