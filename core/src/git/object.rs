//! Commits and tags as objects: what is signed, and how far a signature was checked.
//!
//! Sources: gitformat-signature(5); `gpg-interface.c` and `tag.c` of git.

use std::path::Path;

use git2::{Object, ObjectType, Oid, Repository};

use crate::finding::{Code, Problem, Result};
use crate::fsx;
use crate::model::git::{GitSignature, GitSignatureKind, GitSignatureLevel, GitTag};
use crate::model::spec::GitSpec;
use crate::sshsig::{Signature, Signers, Unusable, WrongLine};

/// Largest commit or tag that is looked at, in bytes.
const MAX_OBJECT: usize = 4 << 20;

/// Largest list of signers, in bytes.
const MAX_SIGNERS: u64 = 4 << 20;

/// The namespace of signatures on git objects.
const NAMESPACE: &str = "git";

/// First lines of signatures, and what they are.
const MARKS: [(&str, GitSignatureKind); 4] = [
    ("-----BEGIN SSH SIGNATURE-----", GitSignatureKind::Ssh),
    ("-----BEGIN PGP SIGNATURE-----", GitSignatureKind::Openpgp),
    ("-----BEGIN PGP MESSAGE-----", GitSignatureKind::Openpgp),
    ("-----BEGIN SIGNED MESSAGE-----", GitSignatureKind::X509),
];

/// Reads a list of allowed signers.
pub fn read_signers(path: &Path) -> Result<Signers> {
    let invalid = |why: String| Problem::new(Code::GitSigners, path.display()).detail(why);
    let bytes = fsx::read_given(path, MAX_SIGNERS).map_err(Problem::given)?;
    let text =
        String::from_utf8(bytes).map_err(|_| invalid("it is no text in UTF-8".to_owned()))?;
    Signers::parse(&text).map_err(|WrongLine { line, why }| invalid(format!("line {line}: {why}")))
}

/// The list by which a component's signatures are judged: the given one, or that of
/// `pkg.toml`.
pub fn signers(folder: &Path, spec: &GitSpec, given: Option<&Path>) -> Result<Option<Signers>> {
    let named = || spec.allowed_signers.as_ref().map(|name| folder.join(name));
    given.map(Path::to_owned).or_else(named).map(|path| read_signers(&path)).transpose()
}

/// The signature of a commit, if it has one.
pub(super) fn of_commit(
    repository: &Repository,
    commit: &git2::Commit<'_>,
    signers: Option<&Signers>,
) -> Result<Option<GitSignature>> {
    let raw = read(repository, commit.id(), ObjectType::Commit)?;
    let head = raw.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty());
    let mut fields = head.filter_map(|line| line.split(|byte| *byte == b' ').next());
    if !fields.any(|field| field.starts_with(b"gpgsig")) {
        return Ok(None);
    }
    let time = commit.committer().when().seconds();
    Ok(Some(match split_commit(&raw) {
        Some((signature, payload)) => judge(&signature, &payload, time, signers),
        None => unchecked(GitSignatureKind::Other, "the commit has several signatures"),
    }))
}

/// Signature and signed bytes of a commit; none if it has more than one.
///
/// A commit is signed without its `gpgsig` field, whose further lines begin with a blank.
pub fn split_commit(raw: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let (mut signature, mut payload) = (Vec::new(), Vec::with_capacity(raw.len()));
    let (mut in_head, mut in_field, mut seen) = (true, false, 0);
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if in_head && line == b"\n" {
            (in_head, in_field) = (false, false);
        } else if in_head && line.starts_with(b"gpgsig") {
            seen += 1;
            in_field = true;
            let value = line.strip_prefix(b"gpgsig ")?;
            signature.extend_from_slice(value);
            continue;
        } else if in_field && line.starts_with(b" ") {
            signature.extend_from_slice(&line[1..]);
            continue;
        } else {
            in_field = false;
        }
        payload.extend_from_slice(line);
    }
    (seen == 1).then_some((signature, payload))
}

/// The annotated tag that a revision names, if it names one.
pub(super) fn tag(
    repository: &Repository,
    named: &Object<'_>,
    signers: Option<&Signers>,
) -> Result<Option<GitTag>> {
    let Some(tag) = named.as_tag() else { return Ok(None) };
    let raw = read(repository, tag.id(), ObjectType::Tag)?;
    let when = tag.tagger().map(|tagger| tagger.when().seconds());
    let signature = split_tag(&raw).map(|(signature, payload)| {
        // Without a date, nothing that is bound to one holds.
        judge(signature, payload, when.unwrap_or(i64::MIN), signers)
    });
    let name = String::from_utf8_lossy(tag.name_bytes()).into_owned();
    let tagged = when.and_then(|when| u64::try_from(when).ok());
    Ok(Some(GitTag { name, id: tag.id().to_string(), tagged, signature }))
}

/// Signature and signed bytes of a tag: the signature is at the end of its message.
pub fn split_tag(raw: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut at = 0;
    let mut begin = None;
    for line in raw.split_inclusive(|byte| *byte == b'\n') {
        if MARKS.iter().any(|(mark, _)| line.starts_with(mark.as_bytes())) {
            begin = Some(at);
        }
        at += line.len();
    }
    begin.map(|begin| (&raw[begin..], &raw[..begin]))
}

fn read(repository: &Repository, id: Oid, kind: ObjectType) -> Result<Vec<u8>> {
    let subject = id.to_string();
    let unreadable = |error| super::unreadable(&subject, error);
    let odb = repository.odb().map_err(unreadable)?;
    let (size, found) = odb.read_header(id).map_err(unreadable)?;
    if found != kind || size > MAX_OBJECT {
        let detail = format!("a {kind} of {size} bytes; at most {MAX_OBJECT} are read");
        return Err(Problem::new(Code::GitRepository, subject).detail(detail));
    }
    Ok(odb.read(id).map_err(unreadable)?.data().to_vec())
}

fn unchecked(kind: GitSignatureKind, why: &str) -> GitSignature {
    let level = GitSignatureLevel::PresentNotChecked;
    GitSignature { kind, level, key: None, signer: None, why: Some(why.to_owned()) }
}

fn judge(text: &[u8], payload: &[u8], time: i64, signers: Option<&Signers>) -> GitSignature {
    let kind = MARKS.iter().find(|(mark, _)| text.starts_with(mark.as_bytes()));
    match kind.map_or(GitSignatureKind::Other, |(_, kind)| *kind) {
        GitSignatureKind::Ssh => judge_ssh(text, payload, time, signers),
        kind @ GitSignatureKind::Openpgp => {
            unchecked(kind, "OpenPGP signatures are not checked by pkg; use `git verify-tag`")
        }
        kind @ GitSignatureKind::X509 => {
            unchecked(kind, "X.509 signatures of git are not checked by pkg")
        }
        kind @ GitSignatureKind::Other => unchecked(kind, "it is of no kind that is known"),
    }
}

fn judge_ssh(text: &[u8], payload: &[u8], time: i64, signers: Option<&Signers>) -> GitSignature {
    let kind = GitSignatureKind::Ssh;
    let stopped = |key: Option<String>, reason: Unusable| {
        let level = match reason {
            Unusable::Damaged(_) => GitSignatureLevel::Bad,
            Unusable::Unsupported(_) => GitSignatureLevel::PresentNotChecked,
        };
        GitSignature { kind, level, key, signer: None, why: Some(reason.to_string()) }
    };
    let parsed = std::str::from_utf8(text).map_err(|_| Unusable::Damaged("it is no text"));
    let signature = match parsed.and_then(Signature::parse) {
        Ok(signature) => signature,
        Err(reason) => return stopped(None, reason),
    };
    let key = Some(signature.key.fingerprint());
    let bad = |why: String| GitSignature {
        kind,
        level: GitSignatureLevel::Bad,
        key: key.clone(),
        signer: None,
        why: Some(why),
    };
    if signature.namespace != NAMESPACE {
        return bad(format!("it is made for {:?}, not for git", signature.namespace));
    }
    match signature.verify(payload) {
        Err(reason) => stopped(key, reason),
        Ok(false) => bad("it is not a signature over this object".to_owned()),
        Ok(true) => {
            let signer = signers.and_then(|list| list.who(&signature.key, NAMESPACE, time));
            let level = match signer {
                Some(_) => GitSignatureLevel::VerifiedTimeNotProven,
                None => GitSignatureLevel::ValidUnknownKey,
            };
            GitSignature { kind, level, key, signer: signer.map(str::to_owned), why: None }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{split_commit, split_tag};

    #[test]
    fn what_is_signed_is_the_object_without_its_signature() {
        let raw = b"tree 1\nauthor a\ngpgsig -----BEGIN X-----\n line\n -----END X-----\nencoding u\n\nm\n gpgsig x\n";
        let (signature, payload) = split_commit(raw).unwrap();
        assert_eq!(signature, b"-----BEGIN X-----\nline\n-----END X-----\n");
        assert_eq!(payload, b"tree 1\nauthor a\nencoding u\n\nm\n gpgsig x\n");
        assert!(split_commit(b"gpgsig a\ngpgsig-sha256 b\n\nm\n").is_none());
        assert!(split_commit(b"tree 1\n\ngpgsig a\n").is_none());
        let tag = b"object 1\n\nm\n-----BEGIN SSH SIGNATURE-----\nx\n-----END SSH SIGNATURE-----\n";
        let (signature, payload) = split_tag(tag).unwrap();
        assert!(signature.starts_with(b"-----BEGIN SSH"));
        assert_eq!(payload, b"object 1\n\nm\n");
        assert!(split_tag(b"object 1\n\nm\n").is_none());
    }
}
