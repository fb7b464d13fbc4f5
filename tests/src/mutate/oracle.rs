//! What an answer is worth, judged by the files themselves.

use std::collections::BTreeMap;
use std::io::Read as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::bench::{Answer, Said};
use super::material::{Case, Role, layout_roles};
use super::neutral::{self, Change};
use super::{Edit, Files, Mutation, json};
use crate::layout::digest;

/// What came of a mutation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Refused, by this code.
    Refused(String),
    /// Accepted, and nothing differs but this.
    Neutral(&'static str),
    /// Something that must not be.
    Wrong(String),
}

/// A verified signature: what it says, and what is said of it.
#[derive(Debug, Clone, PartialEq)]
struct Verified {
    name: String,
    payload: Vec<u8>,
    about: Value,
    who: Value,
    times: Vec<Value>,
    logged: bool,
    authority: Value,
}

impl Verified {
    /// Whether `other` says the same with no less evidence.
    fn no_more_than(&self, other: &Self) -> bool {
        self.payload == other.payload
            && self.about == other.about
            && self.who == other.who
            && self.authority == other.authority
            && self.logged <= other.logged
            // A log and an authority may say the same time; it is shown once, as the log's.
            && self
                .times
                .iter()
                .all(|time| other.times.iter().any(|proven| proven["time"] == time["time"]))
    }

    /// Whether both have the same evidence.
    fn same_evidence(&self, other: &Self) -> bool {
        self.logged == other.logged && self.times == other.times
    }
}

/// A path, and its bytes before and after.
type Pair<'a> = (String, Option<&'a Vec<u8>>, Option<&'a Vec<u8>>);

/// Judges an answer about a mutation of a case.
pub fn judge(case: &Case, before: &Said, mutation: &Mutation, answer: &Answer) -> Outcome {
    match answer {
        Answer::Panicked(message) => Outcome::Wrong(format!("it panicked: {message}")),
        Answer::Refused { codes, exit, message } => match codes.first() {
            None => Outcome::Wrong("refused without an error".to_owned()),
            // What the operating system says of a link that leads to itself.
            Some(code) if code == "unreadable-file" && message.contains("symbolic link") => {
                Outcome::Refused(code.clone())
            }
            Some(code) if *exit <= 1 || code == "internal" => {
                Outcome::Wrong(format!("refused with exit code {exit} as {code}: {message}"))
            }
            Some(code) => Outcome::Refused(code.clone()),
        },
        Answer::Accepted(after) => match accepted(case, before, mutation, after) {
            Ok(reason) => Outcome::Neutral(reason),
            Err(why) => Outcome::Wrong(format!("accepted, and {why}")),
        },
    }
}

fn accepted(
    case: &Case,
    before: &Said,
    mutation: &Mutation,
    after: &Said,
) -> Result<&'static str, String> {
    let (mut old, mut new) = (case.files.clone(), mutation.applied(&case.files));
    let mut roles = case.roles.clone();
    let mut archive = false;
    if case.files.contains_key("m.tar") {
        let read = |files: &Files| files.get("m.tar").and_then(|bytes| members(bytes));
        old = read(&old).ok_or("the archive could not be read before")?;
        new = read(&new).ok_or("the archive cannot be read")?;
        roles = layout_roles(&old);
        archive = true;
    }
    let role = |path: &str| match roles.get(path) {
        Some(role) => *role,
        None if archive => Role::Other,
        None => case.role(path),
    };
    // The content, byte for byte.
    let mut reasons: Vec<&'static str> = Vec::new();
    let empty = |files: &Files, path: &str| files.get(path).is_none_or(Vec::is_empty);
    for path in old.keys().chain(new.keys()) {
        if !role(path).is_release() || old.get(path) == new.get(path) {
            continue;
        }
        if !case.lists_empty_files && empty(&old, path) && empty(&new, path) {
            reasons.push("empty-file-under-shards");
            continue;
        }
        return Err(format!("{path} of the release differs"));
    }
    // The statements and the signers.
    let had = verified(&old, before)?;
    let has = verified(&new, after)?;
    let mut unused: Vec<&Verified> = had.iter().collect();
    let mut still: BTreeMap<&str, bool> = BTreeMap::new();
    for one in &has {
        let same = unused
            .iter()
            .position(|other| one.no_more_than(other) && one.same_evidence(other))
            .or_else(|| unused.iter().position(|other| one.no_more_than(other)));
        let Some(position) = same else {
            let twice = had.iter().any(|other| one.name == other.name && one.no_more_than(other));
            if twice {
                // The same document, named twice.
                reasons.push("named-twice");
                continue;
            }
            return Err(format!("{one:?} says what nobody signed before: {had:?}"));
        };
        let other = unused.remove(position);
        if !one.same_evidence(other) {
            reasons.push("evidence-withheld");
        }
        still.insert(&one.name, true);
    }
    if has.is_empty() {
        return Err("nothing in it is verified".to_owned());
    }
    if !unused.is_empty() {
        // One that everything hangs on must be left; the verifier asks for it, and so does this.
        let main = |one: &Verified| one.about == "release" || had.len() == 1;
        if had.iter().any(main) && !has.iter().any(main) {
            return Err("the statement about the release is gone".to_owned());
        }
        reasons.push("signature-withheld");
    }
    let withheld =
        reasons.contains(&"evidence-withheld") || reasons.contains(&"signature-withheld");
    let differs = json::differences(&before.facts, &after.facts);
    // Weights count as tested while an attestation says so.
    let less = |(pointer, old, new): &(String, Option<Value>, Option<Value>)| {
        let is = |value: &Option<Value>, text: &str| value.as_ref().is_some_and(|v| v == text);
        withheld && pointer.ends_with("/evidence") && is(old, "tested") && is(new, "verified")
    };
    if !differs.iter().all(less) {
        return Err(format!("the verdict differs: {differs:?}"));
    }
    // Every field that differs.
    let mut pairs: Vec<Pair<'_>> = Vec::new();
    for (path, bytes) in &new {
        let from = mutation.from.get(path).unwrap_or(path);
        pairs.push((path.clone(), old.get(from), Some(bytes)));
    }
    for path in old.keys().filter(|path| !new.contains_key(*path)) {
        if !mutation.from.values().any(|from| from == path) {
            pairs.push((path.clone(), old.get(path), None));
        }
    }
    for (path, one, other) in pairs {
        if one == other && !mutation.from.contains_key(&path) {
            continue;
        }
        let from = mutation.from.get(&path).unwrap_or(&path);
        if role(&path).is_release() || role(from).is_release() {
            // Compared above, byte for byte.
            continue;
        }
        let role = role(from);
        let moved = |new: &Vec<u8>| {
            let same =
                |(path, bytes): (&String, &Vec<u8>)| roles.get(path) == Some(&role) && bytes == new;
            old.iter().any(same)
        };
        if role == Role::Signature && one != other && other.is_some_and(moved) {
            reasons.push("moved");
            continue;
        }
        let name = match path.strip_prefix("blobs/sha256/") {
            Some(hex) => format!("sha256:{hex}"),
            None => path.clone(),
        };
        let verified =
            role != Role::Signature || still.contains_key(name.as_str()) || had.len() == 1;
        let case = neutral::Context { role, path: &path, verified, withheld };
        reasons.extend(explained(&case, one, other)?);
    }
    for edit in &mutation.edits {
        match edit {
            Edit::Mode(..) => reasons.push("mode"),
            Edit::Folder(path) if reasons.contains(&"empty-file-under-shards") => {
                debug_assert!(role(path).is_release());
            }
            Edit::Link(path, _) | Edit::Folder(path) => {
                let reason = neutral::link(role(path));
                reasons.push(reason.ok_or_else(|| format!("no file is at {path} any more"))?);
            }
            _ => {}
        }
    }
    if reasons.is_empty() && archive {
        reasons.push("archive-form");
    }
    // The gravest first: that is what the table counts.
    reasons.sort_by_key(|reason| neutral::rank(reason));
    reasons.first().copied().ok_or_else(|| "nothing was changed".to_owned())
}

/// Reasons for every difference of a document.
fn explained(
    case: &neutral::Context<'_>,
    before: Option<&Vec<u8>>,
    after: Option<&Vec<u8>>,
) -> Result<Vec<&'static str>, String> {
    let unlisted =
        |what: String| format!("{what} in {} ({:?}) is on no list", case.path, case.role);
    let (Some(before), Some(after)) = (before, after) else {
        let gone = after.is_none();
        let reason = if gone { neutral::gone(case) } else { neutral::added(case) };
        let what = if gone { "a file that is gone" } else { "a file more" };
        return reason.map(|reason| vec![reason]).ok_or_else(|| unlisted(what.to_owned()));
    };
    if !case.verified {
        return Ok(vec!["signature-withheld"]);
    }
    let parse = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).ok();
    let (Some(one), Some(other)) = (parse(before), parse(after)) else {
        return match neutral::bytes(case) {
            Some(reason) => Ok(vec![reason]),
            None => Err(unlisted("a change of bytes".to_owned())),
        };
    };
    if case.role == Role::Index && reordered(&one, &other) {
        return Ok(vec!["address"]);
    }
    let differences = json::differences(&one, &other);
    if differences.is_empty() {
        return Ok(vec![if before == after { "address" } else { "json-form" }]);
    }
    differences
        .into_iter()
        .map(|(pointer, before, after)| {
            let change = Change {
                pointer: &pointer,
                before: before.as_ref(),
                after: after.as_ref(),
                document: &one,
            };
            neutral::field(case, &change).ok_or_else(|| {
                let short = |value: Option<&Value>| {
                    let text = value.map_or("nothing".to_owned(), ToString::to_string);
                    text.chars().take(3000).collect::<String>()
                };
                unlisted(format!(
                    "{pointer}: {} -> {}",
                    short(before.as_ref()),
                    short(after.as_ref())
                ))
            })
        })
        .collect()
}

/// Whether nothing but the order of the entries of an index differs.
fn reordered(one: &Value, other: &Value) -> bool {
    let sorted = |index: &Value| {
        let mut index = index.clone();
        if let Some(Value::Array(entries)) = index.get_mut("manifests") {
            entries.sort_by_key(ToString::to_string);
        }
        index
    };
    one != other && sorted(one) == sorted(other)
}

/// The verified signatures, each with the payload that this code finds in its file.
fn verified(files: &Files, said: &Said) -> Result<Vec<Verified>, String> {
    let standing = |one: &&Value| one["standing"] == "verified";
    let all = said.signatures.iter().filter(standing).map(|one| {
        let name = one["name"].as_str().unwrap_or_default().to_owned();
        let path = match name.strip_prefix("sha256:") {
            Some(hex) => format!("blobs/sha256/{hex}"),
            None => name.clone(),
        };
        // A signature beside the folder is named by its whole path.
        let found = files.get(&path).or_else(|| {
            files.iter().find(|(file, _)| path.ends_with(&format!("/{file}"))).map(|(_, b)| b)
        });
        let bytes = found.ok_or_else(|| format!("{name} is verified and not there"))?;
        if let Some(hex) = name.strip_prefix("sha256:")
            && digest(bytes) != format!("sha256:{hex}")
        {
            return Err(format!("{name} is verified and has another digest"));
        }
        Ok(Verified {
            payload: payload(bytes).ok_or_else(|| format!("{name} has no payload"))?,
            about: one["about"].clone(),
            who: one["who"].clone(),
            times: one["times"].as_array().cloned().unwrap_or_default(),
            logged: one["logged"] == true,
            authority: one["authority"].clone(),
            name,
        })
    });
    all.collect()
}

/// What a bundle signs: the statement, or that it signs a file.
fn payload(bytes: &[u8]) -> Option<Vec<u8>> {
    let bundle: Value = serde_json::from_slice(bytes).ok()?;
    match bundle.pointer("/dsseEnvelope/payload") {
        Some(payload) => STANDARD.decode(payload.as_str()?).ok(),
        None => bundle.pointer("/messageSignature/signature").map(|_| Vec::new()),
    }
}

/// The files of a tar.
fn members(bytes: &[u8]) -> Option<Files> {
    let mut files = Files::new();
    let mut archive = tar::Archive::new(bytes);
    for entry in archive.entries().ok()? {
        let mut entry = entry.ok()?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let name = name.strip_prefix("./").unwrap_or(&name).to_owned();
        if entry.header().entry_type().is_dir() {
            continue;
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).ok()?;
        files.insert(name, content);
    }
    Some(files)
}
