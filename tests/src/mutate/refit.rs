//! A change with every digest and size above it made to fit, as far as nobody signed them:
//! what somebody on the way can do who has no key.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Edit, Files, Mutation};
use crate::layout::digest;

const BLOBS: &str = "blobs/sha256/";

/// Replaces files and makes the documents that name them fit.
pub fn refitted(
    kind: &'static str,
    what: String,
    files: &Files,
    changed: &[(String, Vec<u8>)],
) -> Mutation {
    let mut names: BTreeMap<String, (String, usize)> = BTreeMap::new();
    let mut contents: BTreeMap<String, Vec<u8>> = changed.iter().cloned().collect();
    for (path, bytes) in changed {
        names.insert(digest(&files[path]), (digest(bytes), bytes.len()));
    }
    // Deep enough for every document: layer, file index, description, configuration, manifest.
    for _ in 0..8 {
        let before = names.clone();
        for (path, bytes) in files {
            let Ok(text) = std::str::from_utf8(bytes) else { continue };
            let primary = changed.iter().any(|(changed, _)| changed == path);
            if primary || !names.keys().any(|name| text.contains(name)) {
                continue;
            }
            let Ok(mut document) = serde_json::from_str::<Value>(text) else { continue };
            if !renamed(&mut document, &names) {
                continue;
            }
            let bytes = document.to_string().into_bytes();
            names.insert(digest(text.as_bytes()), (digest(&bytes), bytes.len()));
            contents.insert(path.clone(), bytes);
        }
        if names == before {
            break;
        }
    }
    let mut mutation = Mutation::new(kind, what, Vec::new());
    for (path, bytes) in contents {
        match path.strip_prefix(BLOBS) {
            None => mutation.edits.push(Edit::Write(path, bytes)),
            Some(_) => {
                let new = format!("{BLOBS}{}", &digest(&bytes)["sha256:".len()..]);
                if new != path {
                    mutation.edits.push(Edit::Remove(path.clone()));
                    mutation.from.insert(new.clone(), path);
                }
                mutation.edits.push(Edit::Write(new, bytes));
            }
        }
    }
    // A blob that is gone under one name may be there under it again.
    mutation.edits.sort_by_key(|edit| !matches!(edit, Edit::Remove(_)));
    mutation
}

fn renamed(value: &mut Value, names: &BTreeMap<String, (String, usize)>) -> bool {
    match value {
        Value::String(text) => match names.get(text) {
            Some((new, _)) => {
                let differs = new != text;
                new.clone_into(text);
                differs
            }
            None => false,
        },
        Value::Array(elements) => {
            elements.iter_mut().fold(false, |any, value| renamed(value, names) | any)
        }
        Value::Object(members) => {
            let size = members.get("digest").and_then(Value::as_str).and_then(|d| names.get(d));
            let size = size.map(|(_, size)| *size);
            let mut any = false;
            for (_, value) in members.iter_mut() {
                any |= renamed(value, names);
            }
            if let (Some(size), Some(old)) = (size, members.get_mut("size")) {
                *old = json!(size);
            }
            any
        }
        _ => false,
    }
}
