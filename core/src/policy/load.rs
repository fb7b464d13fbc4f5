//! From a policy file to a [`Policy`]: everything it names is read and checked
//! here, so that applying it cannot fail for reasons that lie in the policy.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use x509_cert::Certificate;
use x509_cert::der::{DecodePem as _, Encode as _};

use super::file::{
    DEMANDS, FORM, ForbidFindingFile, MemberFile, Mode, PolicyFile, RegoFile, RuleFile,
    SignersFile, VERSION,
};
use super::rego::Program;
use super::signers::{Credential, Group, Member};
use super::worker::{self, Worker};
use super::{Demand, Policy, Proof, Rule, RuleKind, Signed};
use crate::finding::{Code, Problem, Result};
use crate::fsx;
use crate::model::digest::Digest;
use crate::predicate::Kind;
use crate::tables;
use crate::trust::keyfile;
use crate::trust::statement::predicate;
use crate::trust::who::{CLAIMS, IdentityRule, Pattern};

/// Largest policy that is read, in bytes.
pub const MAX_POLICY: u64 = 1 << 20;

/// Largest file of certificates that is read, in bytes.
const MAX_CERTIFICATES: u64 = 1 << 20;

/// Most rules of a policy, and most members of all its groups.
const MAX_ENTRIES: usize = 1000;

/// Most regular expressions of a policy; each may take a megabyte.
const MAX_EXPRESSIONS: usize = 250;

/// Longest name of a rule, group or person, in bytes.
const MAX_NAME: usize = 100;

/// Reads a policy, and every file that it names.
///
/// Rules in Rego are compiled and evaluated in this process, where one that is
/// written to do harm can exhaust memory and stack; [`load_with_worker`] bounds
/// that too.
pub fn load(path: &Path) -> Result<Policy> {
    read(path, None).map_err(Problem::given)
}

/// Like [`load`], with rules in Rego evaluated in processes of their own.
pub fn load_with_worker(path: &Path, worker: Worker) -> Result<Policy> {
    read(path, Some(worker)).map_err(Problem::given)
}

fn read(path: &Path, worker: Option<Worker>) -> Result<Policy> {
    // Where policies are mounted, they are often links to the current one.
    let real = path.canonicalize().map_err(|error| Problem::reading(path, error))?;
    let subject = path.display().to_string();
    let text = String::from_utf8(fsx::read_given(path, MAX_POLICY)?).map_err(|error| {
        Problem::new(Code::PolicySyntax, &subject).detail("it is not UTF-8").source(error)
    })?;
    let folder = real.parent().unwrap_or(Path::new("/")).to_owned();
    Reader { subject, folder, expressions: 0, worker }.policy(&text)
}

/// The only thing that every version of the format has.
#[derive(Deserialize)]
struct Versioned {
    version: Option<i64>,
}

struct Reader {
    subject: String,
    folder: PathBuf,
    expressions: usize,
    worker: Option<Worker>,
}

impl Reader {
    fn policy(&mut self, text: &str) -> Result<Policy> {
        if let Ok(Versioned { version: Some(version) }) = toml::from_str(text)
            && version != i64::from(VERSION)
        {
            return Err(Problem::new(Code::PolicyVersion, &self.subject)
                .detail(format!("its version is {version}; this pkg reads version {VERSION}")));
        }
        let file: PolicyFile = tables::read(text, &self.subject, &FORM)?;
        let members: usize = file.signers.iter().map(|group| group.members.len()).sum();
        for (count, what) in [(file.rules.len(), "rules"), (members, "members of groups")] {
            if count > MAX_ENTRIES {
                return Err(self.invalid(format!("it has {count} {what}, more than {MAX_ENTRIES}")));
            }
        }
        let groups = self.groups(file.signers)?;
        let rules = self.rules(file.rules, &groups)?;
        if !rules.iter().any(|rule| rule.mode == Mode::Enforce) {
            return Err(Problem::new(Code::PolicyDecidesNothing, &self.subject));
        }
        let worker = self.worker.take();
        Ok(Policy { description: file.description, groups, rules, worker })
    }

    fn invalid(&self, detail: impl Into<String>) -> Problem {
        Problem::new(Code::PolicyInvalid, &self.subject).detail(detail)
    }

    /// Names appear in decisions and refer to each other, so they are plain.
    fn name(&self, name: &str, what: &str, seen: &mut BTreeSet<String>) -> Result<()> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
        if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(plain) {
            return Err(self.invalid(format!(
                "{name:?} cannot be the {what}; use up to {MAX_NAME} lower-case letters, digits, `.`, `_` and `-`"
            )));
        }
        if !seen.insert(name.to_owned()) {
            return Err(self.invalid(format!("`{name}` is the {what} twice")));
        }
        Ok(())
    }

    fn groups(&mut self, files: Vec<SignersFile>) -> Result<Vec<Group>> {
        let mut seen = BTreeSet::new();
        let mut groups = Vec::new();
        for SignersFile { name, members: files } in files {
            self.name(&name, "name of a group of signers", &mut seen)?;
            if files.is_empty() {
                return Err(self.invalid(format!("the group `{name}` has no member")));
            }
            let mut members = Vec::new();
            for (position, file) in files.into_iter().enumerate() {
                let at = format!("member {} of the group `{name}`", position + 1);
                members.push(self.member(file, &at)?);
            }
            groups.push(Group { name, members });
        }
        Ok(groups)
    }

    fn member(&mut self, file: MemberFile, at: &str) -> Result<Member> {
        let wrong = |detail: &str| self.invalid(format!("{at} {detail}"));
        let person = file.person.clone();
        if person.as_ref().is_some_and(|person| person.is_empty() || person.len() > MAX_NAME) {
            return Err(wrong(&format!("has a `person` of no or more than {MAX_NAME} bytes")));
        }
        let identity = file.identity.is_some()
            || file.identity_regexp.is_some()
            || file.issuer.is_some()
            || file.issuer_regexp.is_some()
            || !file.claims.is_empty()
            || !file.claims_regexp.is_empty();
        if file.subject.is_some() && file.authority.is_none() {
            return Err(wrong("has a `subject`, which belongs to an `authority`"));
        }
        let MemberFile { key, key_hint, certificate, authority, subject, .. } = &file;
        let credential = match (key, key_hint, certificate, authority, identity) {
            (Some(name), None, None, None, false) => {
                let key = keyfile::load_public_key(&self.find(name, at)?)?;
                Credential::Key { hint: key.hint(), key: Box::new(key) }
            }
            (None, Some(hint), None, None, false) => match Digest::from_hex(hint) {
                Ok(digest) => Credential::KeyHint(digest.hex()),
                Err(_) => {
                    return Err(wrong("has a `key-hint` that is not 64 lower-case hex digits"));
                }
            },
            (None, None, Some(text), None, false) => match text.parse() {
                Ok(digest) => Credential::Certificate(digest),
                Err(_) => {
                    return Err(wrong(
                        "has a `certificate` that is not `sha256:` and 64 hex digits",
                    ));
                }
            },
            (None, None, None, Some(name), false) => {
                let file = self.find(name, at)?;
                let certificates = certificates(&file)?;
                Credential::Authority { file, certificates, subject: subject.clone() }
            }
            (None, None, None, None, true) => {
                Credential::Identity(Box::new(self.identity(file, at)?))
            }
            _ => {
                return Err(wrong(
                    "needs exactly one of `key`, `key-hint`, `certificate`, `authority` and an identity",
                ));
            }
        };
        Ok(Member { person, credential })
    }

    fn identity(&mut self, file: MemberFile, at: &str) -> Result<IdentityRule> {
        let mut rule = IdentityRule {
            identity: self.pattern(file.identity, file.identity_regexp, at, "identity")?,
            issuer: self.pattern(file.issuer, file.issuer_regexp, at, "issuer")?,
            claims: BTreeMap::new(),
        };
        let exact = file.claims.into_iter().map(|(name, text)| (name, Some(text), None));
        let regexp = file.claims_regexp.into_iter().map(|(name, text)| (name, None, Some(text)));
        for (name, exact, regexp) in exact.chain(regexp) {
            if !CLAIMS.contains(&name.as_str()) {
                let meant = tables::meant(&name, CLAIMS.into_iter());
                let meant = meant.map(|meant| format!("; did you mean `{meant}`?"));
                let meant = meant.unwrap_or_default();
                return Err(self.invalid(format!("{at} has no claim `{name}`{meant}")));
            }
            if let Some(pattern) = self.pattern(exact, regexp, at, &name)?
                && rule.claims.insert(name.clone(), pattern).is_some()
            {
                return Err(self.invalid(format!("{at} has the claim `{name}` twice")));
            }
        }
        if !rule.names_somebody() {
            return Err(self.invalid(format!(
                "{at} names nobody; give an `identity`, or a claim that names a repository"
            )));
        }
        // Any issuer could vouch for any address.
        if rule.issuer.is_none() {
            return Err(self.invalid(format!("{at} needs an `issuer` or `issuer-regexp`")));
        }
        Ok(rule)
    }

    fn pattern(
        &mut self,
        exact: Option<String>,
        regexp: Option<String>,
        at: &str,
        what: &str,
    ) -> Result<Option<Pattern>> {
        match (exact, regexp) {
            (None, None) => Ok(None),
            (Some(text), None) if text.is_empty() => {
                Err(self.invalid(format!("{at} has an empty `{what}`")))
            }
            (Some(text), None) => Ok(Some(Pattern::Exact(text))),
            (None, Some(text)) => {
                self.expressions += 1;
                if self.expressions > MAX_EXPRESSIONS {
                    return Err(self.invalid(format!(
                        "it has more than {MAX_EXPRESSIONS} regular expressions"
                    )));
                }
                Pattern::expression(&text).map(Some).map_err(|problem| {
                    let detail =
                        format!("the `{what}-regexp` of {at}: {}", problem.finding().message);
                    Problem::new(problem.code(), &self.subject).detail(detail)
                })
            }
            (Some(_), Some(_)) => {
                Err(self.invalid(format!("{at} has both `{what}` and `{what}-regexp`")))
            }
        }
    }

    fn rules(&self, files: Vec<RuleFile>, groups: &[Group]) -> Result<Vec<Rule>> {
        let mut seen = BTreeSet::new();
        let mut rules = Vec::new();
        for file in files {
            self.name(&file.id, "id of a rule", &mut seen)?;
            let (id, mode) = (file.id.clone(), file.mode);
            let at = format!("the rule `{id}`");
            rules.push(Rule { demand: self.demand(file, &at, groups)?, id, mode });
        }
        Ok(rules)
    }

    fn demand(&self, file: RuleFile, at: &str, groups: &[Group]) -> Result<Demand> {
        let mut demands = Vec::new();
        let signed = |kind, predicate_type: &str, signers: &[String], threshold, proof| {
            let asked = Asked { kind, predicate_type, signers, threshold, proof };
            self.signed(&asked, at, groups).map(Demand::Signed)
        };
        if let Some(f) = file.signed_by {
            let kind = RuleKind::SignedBy;
            self.some_signers(&f.signers, at)?;
            demands.push(signed(kind, &f.predicate_type, &f.signers, f.threshold, Proof::None)?);
        }
        if let Some(f) = file.attestation {
            let kind = RuleKind::Attestation;
            self.some_signers(&f.signers, at)?;
            let mut demand = signed(kind, &f.predicate_type, &f.signers, f.threshold, Proof::None)?;
            if let Demand::Signed(rule) = &mut demand {
                rule.plugin = f.plugin;
                if rule.plugin.is_some() && rule.predicate_type != Kind::TestResult.uri() {
                    return Err(self.invalid(format!(
                        "{at} asks for a plugin; only {} is about one",
                        Kind::TestResult.uri()
                    )));
                }
            }
            demands.push(demand);
        }
        if let Some(f) = file.max_age {
            if f.days == 0 {
                return Err(self.invalid(format!("{at} needs at least one of `days`")));
            }
            let (kind, proof) = (RuleKind::MaxAge, Proof::MaxAge { days: f.days });
            demands.push(signed(kind, &f.predicate_type, &f.signers, f.threshold, proof)?);
        }
        for (kind, proof, file) in [
            (RuleKind::RequireLog, Proof::Log, file.require_log),
            (RuleKind::RequireTimeProof, Proof::Time, file.require_time_proof),
        ] {
            if let Some(f) = file {
                demands.push(signed(kind, &f.predicate_type, &f.signers, f.threshold, proof)?);
            }
        }
        if let Some(f) = file.component {
            demands.push(Demand::Component { selector: f.kind, evidence: f.evidence });
        }
        if let Some(f) = file.forbid_finding {
            demands.push(self.forbid_finding(&f, at)?);
        }
        if let Some(f) = file.plugin {
            demands.push(Demand::Plugin { id: f.id });
        }
        if let Some(f) = file.rego {
            demands.push(Demand::Rego(self.rego(&f, at)?));
        }
        match demands.pop() {
            Some(demand) if demands.is_empty() => Ok(demand),
            _ => {
                let demands = DEMANDS.join(", ");
                Err(self.invalid(format!("{at} needs exactly one demand; give one of {demands}")))
            }
        }
    }

    fn some_signers(&self, signers: &[String], at: &str) -> Result<()> {
        if signers.is_empty() {
            return Err(self.invalid(format!("{at} names no group of `signers`")));
        }
        Ok(())
    }

    fn signed(&self, asked: &Asked<'_>, at: &str, groups: &[Group]) -> Result<Signed> {
        let mut positions = Vec::new();
        for name in asked.signers {
            let Some(position) = groups.iter().position(|group| group.name == *name) else {
                let names = groups.iter().map(|group| group.name.as_str());
                let meant = tables::meant(name, names)
                    .map(|meant| format!("; did you mean `{meant}`?"))
                    .unwrap_or_default();
                return Err(self
                    .invalid(format!("{at} names the group `{name}`, which is not there{meant}")));
            };
            if !positions.contains(&position) {
                positions.push(position);
            }
        }
        let threshold = usize::try_from(asked.threshold).unwrap_or(usize::MAX);
        if threshold == 0 {
            return Err(self.invalid(format!("{at} has a `threshold` of 0, which demands nothing")));
        }
        let named: Vec<&Group> = positions.iter().map(|position| &groups[*position]).collect();
        if let Some(most) = most_signers(&named)
            && most < threshold
        {
            return Err(
                self.invalid(format!("{at} needs {threshold} signers, but its groups have {most}"))
            );
        }
        Ok(Signed {
            kind: asked.kind,
            predicate_type: self.predicate_type(asked.predicate_type, at)?,
            groups: positions,
            threshold,
            proof: asked.proof,
            plugin: None,
        })
    }

    fn predicate_type(&self, text: &str, at: &str) -> Result<String> {
        match text {
            "release" => Ok(predicate::RELEASE.to_owned()),
            "model-signature" => Ok(predicate::MODEL_SIGNATURE.to_owned()),
            // A predicate type is a URI (in-toto Statement v1).
            uri if uri.contains(':') => Ok(uri.to_owned()),
            _ => Err(self.invalid(format!(
                "{at} has the predicate type `{text}`; use `release`, `model-signature` or a URI"
            ))),
        }
    }

    fn forbid_finding(&self, file: &ForbidFindingFile, at: &str) -> Result<Demand> {
        if file.codes.is_empty() && file.severity.is_none() {
            return Err(self.invalid(format!("{at} forbids nothing; give `codes` or `severity`")));
        }
        let mut codes = Vec::new();
        for text in &file.codes {
            let known = || Code::ALL.iter().map(|code| code.as_str());
            let Some(code) = Code::ALL.iter().find(|code| code.as_str() == text) else {
                let meant = tables::meant(text, known())
                    .map(|meant| format!("; did you mean `{meant}`?"))
                    .unwrap_or_default();
                return Err(self
                    .invalid(format!("{at} forbids `{text}`, which no finding is called{meant}")));
            };
            codes.push(*code);
        }
        Ok(Demand::ForbidFinding { codes, severity: file.severity })
    }

    /// A Rego program that compiles and has the rule that decides.
    fn rego(&self, file: &RegoFile, at: &str) -> Result<Program> {
        let path = self.find(&file.file, at)?;
        let program = Program::read(&path, &file.file, file.query.clone())?;
        worker::run(self.worker.as_ref(), &program, None).map_err(|error| {
            let detail = format!("the query `{}`: {error}", program.query);
            Problem::new(Code::RegoInvalid, &program.file).detail(detail)
        })?;
        Ok(program)
    }

    /// A file that the policy names: absolute, or in the folder of the policy.
    fn find(&self, name: &str, at: &str) -> Result<PathBuf> {
        let path = Path::new(name);
        let joined = self.folder.join(path);
        let subject = |shown: &dyn Display| format!("{}: {shown}", self.subject);
        let real = joined.canonicalize().map_err(|error| {
            let problem = Problem::reading(&joined, error);
            let detail = format!("{at} names it: {}", problem.finding().message);
            let hint = "Correct the path in the policy; it counts from the policy's folder.";
            Problem::new(problem.code(), subject(&name)).detail(detail).hint(hint)
        })?;
        if path.is_relative() && !real.starts_with(&self.folder) {
            let detail = format!("{at} names it, and it lies outside the folder of the policy");
            return Err(Problem::new(Code::PolicyFileOutside, subject(&name)).detail(detail));
        }
        // Reading a pipe would wait for a writer.
        fsx::open_regular(&real).map_err(|problem| problem.about(subject(&name)))?;
        Ok(real)
    }
}

/// What a rule about signatures asks for, as written.
struct Asked<'f> {
    kind: RuleKind,
    predicate_type: &'f str,
    signers: &'f [String],
    threshold: u32,
    proof: Proof,
}

/// The most different signers that groups can have, where that is known.
fn most_signers(groups: &[&Group]) -> Option<usize> {
    let mut signers = BTreeSet::new();
    for member in groups.iter().flat_map(|group| &group.members) {
        signers.insert(match &member.person {
            Some(person) => (true, person.clone()),
            None => (false, member.credential.only()?),
        });
    }
    (!groups.is_empty()).then_some(signers.len())
}

/// Fingerprints of the certificates in a PEM file.
///
/// The file is cut into its blocks here: `load_pem_chain` of `x509-cert` 0.2
/// panics on an empty file.
fn certificates(path: &Path) -> Result<Vec<Digest>> {
    let invalid =
        |detail: &str| Problem::new(Code::CertificateInvalid, path.display()).detail(detail);
    let text = String::from_utf8(fsx::read_limited(path, MAX_CERTIFICATES)?)
        .map_err(|error| invalid("it is not PEM").source(error))?;
    let (_, blocks) = text.split_once(BEGIN).ok_or_else(|| invalid("it holds no certificate"))?;
    let fingerprint = |block: &str| {
        // What stands between blocks is for people (RFC 7468, section 5.2).
        let content = block.split_once(END).map_or(block, |(content, _)| content);
        let certificate = Certificate::from_pem(format!("{BEGIN}{content}{END}\n"))?;
        certificate.to_der().map(|der| Digest::of(&der))
    };
    blocks
        .split(BEGIN)
        .map(fingerprint)
        .collect::<Result<_, _>>()
        .map_err(|error| invalid(&format!("a certificate cannot be read: {error}")).source(error))
}

/// First and last line of a certificate in PEM.
const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";
