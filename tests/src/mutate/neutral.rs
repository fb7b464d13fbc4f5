//! What may be accepted, and why. `docs/neutral-mutations.md` has a section for each name, and
//! a test holds the two against each other.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::material::Role;

/// Names of all reasons, the gravest first: a mutation is counted under the first that holds.
pub const REASONS: &[&str] = &[
    "signature-withheld",
    "evidence-withheld",
    "moved",
    "named-twice",
    "empty-file-under-shards",
    "timestamp-unsigned",
    "witness-line",
    "spare-certificate",
    "log-entry-repeated",
    "number-form",
    "key-hint",
    "keyid",
    "key-copy",
    "message-digest",
    "generation",
    "file-beside",
    "git-folder",
    "empty-config",
    "index-field",
    "referrer-field",
    "layout-field",
    "address",
    "archive-form",
    "json-form",
    "mode",
];

/// Where a change is.
#[derive(Debug)]
pub struct Context<'a> {
    /// What the file is.
    pub role: Role,
    /// Its path.
    pub path: &'a str,
    /// Whether what it signs still counts, where it is a signature.
    pub verified: bool,
    /// Whether less is verified than before.
    pub withheld: bool,
}

/// A field that differs.
#[derive(Debug)]
pub struct Change<'a> {
    /// Its place.
    pub pointer: &'a str,
    /// What it was; none when it was not there.
    pub before: Option<&'a Value>,
    /// What it is; none when it is gone.
    pub after: Option<&'a Value>,
    /// The document before.
    pub document: &'a Value,
}

/// Position of a reason in the list.
pub fn rank(reason: &str) -> usize {
    REASONS.iter().position(|one| *one == reason).unwrap_or(REASONS.len())
}

/// Why a file may be gone.
pub fn gone(case: &Context<'_>) -> Option<&'static str> {
    match case.role {
        Role::Signature if !case.verified => Some("signature-withheld"),
        // The manifest of what was withheld, and its evidence.
        Role::Referrer | Role::Evidence if case.withheld => Some("signature-withheld"),
        Role::Empty => Some("empty-config"),
        _ => None,
    }
}

/// Why a file may be there that was not.
pub fn added(case: &Context<'_>) -> Option<&'static str> {
    match case.role {
        Role::Other if case.path.starts_with(".git/") => Some("git-folder"),
        Role::Other => Some("file-beside"),
        _ => None,
    }
}

/// Why bytes of a file that is no JSON may differ.
pub fn bytes(case: &Context<'_>) -> Option<&'static str> {
    (case.role == Role::Empty).then_some("empty-config")
}

/// Why a link may be in place of a file.
pub fn link(role: Role) -> Option<&'static str> {
    (role == Role::Empty).then_some("empty-config")
}

/// Why a field may differ.
pub fn field(case: &Context<'_>, change: &Change<'_>) -> Option<&'static str> {
    match case.role {
        Role::Version => (change.pointer != "/imageLayoutVersion").then_some("layout-field"),
        Role::Index => index(case, change),
        Role::Referrer => referrer(change),
        Role::Signature => signature(change),
        Role::Empty => Some("empty-config"),
        _ => None,
    }
}

/// `index.json` only says where things are: each is checked by what it is.
fn index(case: &Context<'_>, change: &Change<'_>) -> Option<&'static str> {
    let parts: Vec<&str> = change.pointer.split('/').skip(1).collect();
    match parts.as_slice() {
        ["manifests", "0", "digest" | "size"] => None,
        ["manifests", _, "digest" | "size"] => Some("address"),
        ["manifests"] if case.withheld || same_digests(change) => Some("address"),
        // Which fields must hold is decided by the verifier: an entry that is no release, or
        // no signature, is not taken for one.
        ["mediaType" | "annotations" | "x-more", ..] => Some("index-field"),
        ["manifests", _, field, ..] if !matches!(*field, "digest" | "size") => Some("index-field"),
        [_] if change.before.is_none() => Some("index-field"),
        _ => None,
    }
}

/// The manifest of a signature says where the signature is, and which release it is for.
fn referrer(change: &Change<'_>) -> Option<&'static str> {
    let parts: Vec<&str> = change.pointer.split('/').skip(1).collect();
    match parts.as_slice() {
        ["subject", "digest"] => None,
        ["layers", _, "digest" | "size"] => Some("address"),
        ["layers"] | ["subject"] | ["layers", _] => None,
        _ => Some("referrer-field"),
    }
}

/// Whether the elements after are those before, some of them twice or in another order.
fn repeats(change: &Change<'_>) -> bool {
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    let (before, after) = (list(change.before), list(change.after));
    !after.is_empty()
        && after.iter().all(|one| before.contains(one))
        && before.iter().all(|one| after.contains(one))
}

/// Whether the entries of an index after name what those before name, and nothing else.
fn same_digests(change: &Change<'_>) -> bool {
    let named = |value: Option<&Value>| -> BTreeSet<String> {
        let entries = value.and_then(Value::as_array).into_iter().flatten();
        entries.map(|entry| entry["digest"].to_string()).collect()
    };
    named(change.before) == named(change.after)
}

/// Whether a list is empty, in any of the ways in which protobuf's JSON says so.
fn none(list: Option<&Value>) -> bool {
    list.is_none_or(|list| list.is_null() || list.as_array().is_some_and(Vec::is_empty))
}

fn signature(change: &Change<'_>) -> Option<&'static str> {
    let parts: Vec<&str> = change.pointer.split('/').skip(1).collect();
    let text = |value: Option<&Value>| value.and_then(Value::as_str).map(str::to_owned);
    let by_key = change.document.pointer("/verificationMaterial/publicKey").is_some();
    match parts.as_slice() {
        ["mediaType"] => Some("generation"),
        ["dsseEnvelope", "signatures", "0", "keyid"] => Some("keyid"),
        ["messageSignature", "messageDigest"] if change.after.is_none_or(Value::is_null) => {
            Some("message-digest")
        }
        ["verificationMaterial", "publicKey", "hint"] => Some("key-hint"),
        ["verificationMaterial", "publicKey", "rawBytes" | "keyDetails" | "validFor", ..] => {
            Some("key-copy")
        }
        ["verificationMaterial", "x509CertificateChain", "certificates", number, ..]
            if *number != "0" =>
        {
            Some("spare-certificate")
        }
        ["verificationMaterial", "x509CertificateChain", "certificates"] => {
            let first = |value: Option<&Value>| value.and_then(|list| list.get(0)).cloned();
            (first(change.before) == first(change.after)).then_some("spare-certificate")
        }
        [
            "verificationMaterial",
            "timestampVerificationData",
            "rfc3161Timestamps",
            _,
            "signedTimestamp",
        ] => {
            let same = timestamp_same(&text(change.before)?, &text(change.after)?)?;
            same.then_some("timestamp-unsigned")
        }
        // The first generation asks for the promise of the log only, later ones for the proof.
        ["verificationMaterial", "tlogEntries", _, "inclusionProof"] => {
            let first = change.document["mediaType"].as_str().is_some_and(|t| t.ends_with("0.1"));
            (first && change.after.is_none_or(Value::is_null)).then_some("evidence-withheld")
        }
        ["verificationMaterial", "tlogEntries", _, "inclusionPromise"] => {
            change.after.is_none_or(Value::is_null).then_some("evidence-withheld")
        }
        // What they proved is compared in the verdict: no time is there that was not.
        ["verificationMaterial", "timestampVerificationData", ..] => Some("evidence-withheld"),
        ["verificationMaterial", "tlogEntries"] if none(change.before) && none(change.after) => {
            Some("json-form")
        }
        ["verificationMaterial", "tlogEntries"] if repeats(change) => Some("log-entry-repeated"),
        ["verificationMaterial", "tlogEntries"] if by_key => Some("evidence-withheld"),
        ["verificationMaterial", "tlogEntries", _, "inclusionProof", "checkpoint", "envelope"] => {
            let same = checkpoint_same(&text(change.before)?, &text(change.after)?);
            same.then_some("witness-line")
        }
        [
            "verificationMaterial",
            "tlogEntries",
            _,
            ..,
            "logIndex" | "integratedTime" | "treeSize",
        ] => {
            let digits =
                |value: Option<&Value>| value.map(|value| value.to_string().replace('"', ""));
            (digits(change.before) == digits(change.after)).then_some("number-form")
        }
        _ => None,
    }
}

/// Whether everything that a timestamp authority signs is in both replies, byte for byte: the
/// time and what it is about (TSTInfo), the signed attributes, and the signature.
fn timestamp_same(before: &str, after: &str) -> Option<bool> {
    let (before, after) = (STANDARD.decode(before).ok()?, STANDARD.decode(after).ok()?);
    // id-ct-TSTInfo in the content, and the attributes and the signature at the end.
    let signed = [0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x10, 0x01, 0x04];
    let at = before.windows(signed.len()).position(|window| window == signed)? + signed.len();
    let content = element(&before, at)?;
    // [0] of the signer, which holds the attribute contentType first.
    let first = [0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x09, 0x03];
    let inside = before.windows(first.len()).position(|window| window == first)?;
    let start = (2..=4)
        .map(|header| inside.checked_sub(2 + header))
        .find_map(|at| at.filter(|at| before[*at] == 0xa0 && element(&before, *at).is_some()))?;
    let attributes = element(&before, start)?;
    let algorithm = start + attributes.len();
    let signature = element(&before, algorithm + element(&before, algorithm)?.len())?;
    let there = |part: &[u8]| after.windows(part.len()).any(|window| window == part);
    Some(there(content) && there(attributes) && there(signature))
}

/// The DER element that begins here.
fn element(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let first = usize::from(*bytes.get(at + 1)?);
    let (header, len) = match first {
        0..=0x7f => (2, first),
        0x81..=0x83 => {
            let digits = bytes.get(at + 2..at + 2 + (first - 0x80))?;
            (2 + digits.len(), digits.iter().fold(0, |len, digit| (len << 8) | usize::from(*digit)))
        }
        _ => return None,
    };
    bytes.get(at..at + header + len)
}

/// Whether the text that a log signed is the same in both notes, and each signature of the
/// first is still in the second, whatever the name before it.
fn checkpoint_same(before: &str, after: &str) -> bool {
    let (Some((text, signatures)), Some((other, others))) =
        (before.rsplit_once("\n\n"), after.rsplit_once("\n\n"))
    else {
        return false;
    };
    let last = |line: &str| line.rsplit(' ').next().unwrap_or_default().to_owned();
    let has: Vec<String> = others.lines().map(last).collect();
    let first = signatures.lines().next().map(last).unwrap_or_default();
    text == other && !first.is_empty() && has.contains(&first)
}
