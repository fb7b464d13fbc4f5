//! Mutations of whole files: exchanged, added, removed, renamed, replayed and rolled back.

use serde_json::Value;

use super::material::{Case, Role, Target};
use super::refit::refitted;
use super::{Edit, Mutation, Rng, json, spots};
use crate::layout::digest;

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Op {
    /// Two files have each other's content.
    Exchanged,
    /// Two files have each other's content, and what names them fits.
    ExchangedFitting,
    /// Two signatures have each other's place.
    Signatures,
    /// Not there.
    Removed,
    /// One more.
    Added,
    /// By another name.
    Renamed,
    /// Another mode.
    Mode,
    /// A symbolic link in place of a file.
    Linked,
    /// A folder in place of a file.
    Folder,
    /// The signature of something else.
    Replayed,
    /// One field of the signature of something else.
    Transplanted,
}

/// All of them.
pub const OPS: [Op; 11] = [
    Op::Exchanged,
    Op::ExchangedFitting,
    Op::Signatures,
    Op::Removed,
    Op::Added,
    Op::Renamed,
    Op::Mode,
    Op::Linked,
    Op::Folder,
    Op::Replayed,
    Op::Transplanted,
];

impl Op {
    /// Row of the table.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Exchanged | Self::ExchangedFitting => "file: two exchanged",
            Self::Signatures => "signature: two exchanged",
            Self::Removed => "file: removed",
            Self::Added => "file: added",
            Self::Renamed => "file: renamed",
            Self::Mode => "file: mode",
            Self::Linked | Self::Folder => "file: link or folder in its place",
            Self::Replayed => "signature: replayed from another release",
            Self::Transplanted => "signature: a field of another one",
        }
    }
}

/// Signature documents of all cases.
#[derive(Debug)]
pub struct Donors(Vec<(String, Vec<u8>)>);

impl Donors {
    /// Those of these cases.
    pub fn of(cases: &[Case]) -> Self {
        let all = cases.iter().flat_map(|case| {
            let paths = case.of(Role::Signature);
            paths.into_iter().map(|path| (case.identity.clone(), case.files[path].clone()))
        });
        Self(all.collect())
    }

    /// One that is of something else.
    fn other(&self, case: &Case, rng: &mut Rng) -> Option<&[u8]> {
        // Another signature by the same signer over the same statement would be as good.
        let paths = case.of(Role::Signature);
        let known: Vec<Value> = paths.iter().map(|path| payload(&case.files[*path])).collect();
        let others: Vec<&[u8]> = self
            .0
            .iter()
            .filter(|(identity, bytes)| {
                *identity != case.identity && !known.contains(&payload(bytes))
            })
            .map(|(_, bytes)| bytes.as_slice())
            .collect();
        (!others.is_empty()).then(|| *rng.pick(&others))
    }
}

/// The payload of an envelope, as it is written.
fn payload(bundle: &[u8]) -> Value {
    let bundle: Value = serde_json::from_slice(bundle).expect("a bundle");
    bundle.pointer("/dsseEnvelope/payload").cloned().unwrap_or_default()
}

/// A mutation of a case; none where it has no meaning there.
pub fn mutate(case: &Case, donors: &Donors, op: Op, rng: &mut Rng) -> Option<Mutation> {
    let paths: Vec<&String> = case.files.keys().collect();
    let path = (*rng.pick(&paths)).clone();
    let layout = case.files.contains_key("index.json");
    let one = |what: String, edit: Edit| Some(Mutation::new(op.kind(), what, vec![edit]));
    match op {
        Op::Exchanged | Op::ExchangedFitting => {
            let other = (*rng.pick(&paths)).clone();
            exchange(case, op, path, other, op == Op::ExchangedFitting)
        }
        Op::Signatures => {
            let all = case.of(Role::Signature);
            if all.len() < 2 {
                return None;
            }
            let (path, other) = ((*rng.pick(&all)).clone(), (*rng.pick(&all)).clone());
            // In a layout each blob keeps its name, or else the documents are made to fit.
            exchange(case, op, path, other, layout && rng.below(2) == 0)
        }
        Op::Removed => one(path.clone(), Edit::Remove(path)),
        Op::Added => {
            let bytes = rng.number().to_le_bytes().to_vec();
            let blob = format!("blobs/sha256/{}", &digest(&bytes)["sha256:".len()..]);
            let names = [
                "more.bin",
                "code/more.py",
                ".pkg/more",
                ".pkg/signatures/more.sigstore.json",
                ".pkg/evidence/more",
                "model.sig.bak",
                "README.md ",
                "readme.md",
                "blobs/more",
                "model/more",
                "blobs/sha256/more",
                ".hidden",
                "code/README.md/x",
                ".git/config",
                "index.json.bak",
                blob.as_str(),
            ];
            let name = rng.pick(&names);
            // A file cannot be below a file.
            let above = |at: &str| case.files.contains_key(at);
            if above(name) || name.starts_with("code/README.md/") && above("code/README.md") {
                return None;
            }
            one((*name).to_owned(), Edit::Write((*name).to_owned(), bytes))
        }
        Op::Renamed => {
            let new = match rng.below(4) {
                0 => format!("{path}x"),
                1 => path.to_uppercase(),
                2 => format!("{path}.bak"),
                _ => format!("more/{path}"),
            };
            if new == path || case.files.contains_key(&new) {
                return None;
            }
            let bytes = case.files[&path].clone();
            let what = format!("{path} to {new}");
            let edits = vec![Edit::Remove(path.clone()), Edit::Write(new.clone(), bytes)];
            let mut mutation = Mutation::new(op.kind(), what, edits);
            mutation.from.insert(new, path);
            Some(mutation)
        }
        Op::Mode => {
            let mode = *rng.pick(&[0o600, 0o400, 0o444, 0o755, 0o777, 0o4755, 0o666]);
            one(format!("{path} {mode:o}"), Edit::Mode(path, mode))
        }
        Op::Linked => {
            let inside = (*rng.pick(&paths)).rsplit('/').next().unwrap_or_default().to_owned();
            let to = match rng.below(4) {
                0 => "/dev/null".to_owned(),
                1 => inside,
                2 => "../outside".to_owned(),
                _ => path.rsplit('/').next().unwrap_or_default().to_owned(),
            };
            one(format!("{path} to {to}"), Edit::Link(path, to))
        }
        Op::Folder => one(path.clone(), Edit::Folder(path)),
        Op::Replayed | Op::Transplanted => {
            let all = case.of(Role::Signature);
            if all.is_empty() {
                return None;
            }
            let path = (*rng.pick(&all)).clone();
            let (what, new) = if op == Op::Replayed {
                ("all of it".to_owned(), donors.other(case, rng)?.to_vec())
            } else {
                transplanted(&case.files[&path], donors.other(case, rng)?, rng)?
            };
            let changed = [(path.clone(), new)];
            if changed[0].1 == case.files[&path] {
                return None;
            }
            let what = format!("{path} {what}");
            Some(refitted(op.kind(), what, &case.files, &changed))
        }
    }
}

fn exchange(case: &Case, op: Op, one: String, other: String, fitting: bool) -> Option<Mutation> {
    let (first, second) = (case.files[&one].clone(), case.files[&other].clone());
    if first == second {
        return None;
    }
    let what = format!("{one} and {other}{}", if fitting { ", fitting" } else { "" });
    let changed = [(one, second), (other, first)];
    if fitting {
        return Some(refitted(op.kind(), what, &case.files, &changed));
    }
    let edits = changed.into_iter().map(|(path, bytes)| Edit::Write(path, bytes)).collect();
    Some(Mutation::new(op.kind(), what, edits))
}

/// A signature with the value at one place of another one.
fn transplanted(into: &[u8], from: &[u8], rng: &mut Rng) -> Option<(String, Vec<u8>)> {
    let from: Value = serde_json::from_slice(from).ok()?;
    let mut document: Value = serde_json::from_slice(into).ok()?;
    let pointers: Vec<String> =
        json::pointers(&from).into_iter().filter(|at| document.pointer(at).is_some()).collect();
    let pointer = rng.pick(&pointers).clone();
    let value = from.pointer(&pointer)?.clone();
    let place = document.pointer_mut(&pointer)?;
    if *place == value {
        return None;
    }
    *place = value;
    let what = spots::shown(&[spots::Step::Json(pointer)]);
    Some((what, document.to_string().into_bytes()))
}

/// The older of two releases in place of the newer, whose digest is known.
pub fn roll_backs(newer: &Case, older: &Case) -> Vec<Mutation> {
    assert!(matches!(newer.target, Target::Release { digest: Some(_), .. }), "nothing is known");
    const KIND: &str = "release: rolled back to an older one";
    let blobs = |keep: bool| -> Vec<Edit> {
        let old = older.files.iter().filter(|(path, _)| !newer.files.contains_key(*path));
        let mut edits: Vec<Edit> =
            old.map(|(path, bytes)| Edit::Write(path.clone(), bytes.clone())).collect();
        if !keep {
            let gone = newer.files.keys().filter(|path| !older.files.contains_key(*path));
            edits.extend(gone.map(|path| Edit::Remove(path.clone())));
        }
        edits
    };
    let index = |index: Vec<u8>| Edit::Write("index.json".to_owned(), index);
    let read = |case: &Case| -> Value {
        serde_json::from_slice(&case.files["index.json"]).expect("an index")
    };
    let entries = |case: &Case| read(case)["manifests"].as_array().cloned().unwrap_or_default();
    let with = |manifests: Vec<Value>| {
        let mut index = read(newer);
        index["manifests"] = Value::Array(manifests);
        index.to_string().into_bytes()
    };
    let old_index = older.files["index.json"].clone();
    let (old, new) = (entries(older), entries(newer));
    let signatures = |entries: &[Value]| entries[1..].to_vec();
    let cases = [
        ("all of it", false, old_index.clone()),
        ("the index", true, old_index),
        (
            "the release, with the signatures of both",
            true,
            with([old.clone(), signatures(&new)].concat()),
        ),
        (
            "the release, with the signatures of the newer",
            true,
            with([vec![old[0].clone()], signatures(&new)].concat()),
        ),
        ("the signatures", true, with([vec![new[0].clone()], signatures(&old)].concat())),
        ("both, the older first", true, with([old.clone(), new.clone()].concat())),
        ("both, the newer first", true, with([new.clone(), old.clone()].concat())),
    ];
    cases
        .into_iter()
        .map(|(what, keep, bytes)| {
            let edits = blobs(keep).into_iter().chain([index(bytes)]).collect();
            Mutation::new(KIND, what, edits)
        })
        .collect()
}
