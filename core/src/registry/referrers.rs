//! What refers to a manifest: the referrers API of the distribution specification 1.1,
//! and the tag that stands in for it.
//!
//! Lists are checked for their form only. Who wrote an entry and whether it is true is
//! judged above.

use std::collections::HashSet;
use std::sync::PoisonError;

use reqwest::{Method, Url};
use serde_json::{Map, Value, json};

use super::address::{self, Origin, printable};
use super::found::Referrers;
use super::http::Access;
use super::repository::{Head, INDEX, MAX_MANIFEST, Repository};
use crate::finding::{Code, Result};
use crate::model::digest::Digest;

/// Pages of a list that are read.
const MAX_PAGES: usize = 200;

/// Bytes of a list over all its pages.
const MAX_LIST: u64 = 16 << 20;

/// Longest entry, in bytes.
const MAX_ENTRY: usize = 32 << 10;

/// Longest media type, in bytes (RFC 6838, section 4.2: two names of 127).
const MAX_TYPE: usize = 255;

/// How often a list is written anew because somebody else wrote it at the same time.
const MAX_WRITES: u32 = 8;

/// How often a list that was written is read again.
const LOOKS: u32 = 2;

/// The tag of what refers to a digest, where there is no list.
pub(super) fn fallback_tag(subject: &Digest) -> String {
    format!("sha256-{}", subject.hex())
}

impl Repository {
    /// What refers to `subject`, at most `limit` entries.
    pub fn referrers(&self, subject: &Digest, limit: usize) -> Result<Referrers> {
        if let Some(manifests) = self.listed(subject, limit)? {
            return Ok(Referrers { manifests, by_tag: false });
        }
        let index = self.tagged(subject)?;
        let manifests = index.map_or_else(Vec::new, |index| index.entries);
        self.check_count(manifests.len(), limit)?;
        Ok(Referrers { manifests, by_tag: true })
    }

    /// The list of a registry that keeps one.
    fn listed(&self, subject: &Digest, limit: usize) -> Result<Option<Vec<Value>>> {
        let first = self.session().url(&format!("referrers/{subject}"));
        let mut url = first.clone();
        let (mut seen, mut found, mut known) = (HashSet::new(), Vec::new(), HashSet::new());
        let mut left = MAX_LIST;
        loop {
            if !seen.insert(url.clone()) {
                return Err(self.invalid("its list of referrers goes in a circle"));
            }
            if seen.len() > MAX_PAGES {
                return Err(
                    self.invalid(format!("its list of referrers has over {MAX_PAGES} pages"))
                );
            }
            let call = super::http::Call::new(Method::GET, url.as_str(), Access::Pull)
                .header("accept", INDEX);
            let Some((head, bytes)) = self.whole(&call, "the list of referrers", left)? else {
                if url == first {
                    return Ok(None);
                }
                return Err(self.invalid("a page of its list of referrers is missing"));
            };
            left = left.saturating_sub(bytes.len() as u64);
            for entry in self.index(&bytes, "its list of referrers")?.entries {
                // Pages may overlap where something was added between them.
                if known.insert(entry.to_string()) {
                    self.check_count(found.len() + 1, limit)?;
                    found.push(entry);
                }
            }
            match self.next_page(&head)? {
                Some(next) => url = next,
                None => return Ok(Some(found)),
            }
        }
    }

    /// Where a list goes on.
    fn next_page(&self, head: &Head) -> Result<Option<String>> {
        let Some(next) = head.link.iter().find_map(|link| next_link(link)) else {
            return Ok(None);
        };
        let url =
            head.url.join(next).ok().filter(|next| Origin::of(next) == *self.session().origin());
        let url = url.ok_or_else(|| {
            let next = printable(next.split('?').next().unwrap_or_default());
            self.invalid(format!("its list of referrers goes on elsewhere, at {next}"))
        })?;
        address::check(url.as_str(), self.session().options()).map(Url::into).map(Some)
    }

    fn check_count(&self, count: usize, limit: usize) -> Result<()> {
        if count > limit {
            return Err(self.invalid(format!("more than {limit} manifests refer to one")));
        }
        Ok(())
    }

    /// The index under the tag that stands in for a list.
    fn tagged(&self, subject: &Digest) -> Result<Option<Index>> {
        let tag = fallback_tag(subject);
        let Some(fetched) = self.manifest(&tag, MAX_MANIFEST)? else { return Ok(None) };
        let what = format!("what is under the tag {tag}");
        if !fetched.media_type.is_empty() && fetched.media_type != INDEX {
            return Err(self.invalid(format!("{what} is no index but {}", fetched.media_type)));
        }
        self.index(&fetched.bytes, &what).map(Some)
    }

    /// Puts `descriptor` into the index that stands in for a list, and keeps what others
    /// put there.
    ///
    /// Registries cannot exchange a tag only if nobody else did. So the index is read
    /// again after it was written, and written anew when an entry is gone that was seen.
    pub fn add_referrer(&self, subject: &Digest, descriptor: &Value) -> Result<()> {
        check_entry(descriptor).map_err(|why| {
            self.session().problem(Code::Internal).detail(format!("a descriptor {why}"))
        })?;
        let _alone = self.listing.lock().unwrap_or_else(PoisonError::into_inner);
        let pace = self.session().pace();
        let mut wanted = vec![descriptor.clone()];
        let mut writes = 0;
        let mut looks = 0;
        loop {
            let index = self.tagged(subject)?;
            let here = index.as_ref().map_or(&[][..], |index| &index.entries);
            let missing: Vec<Value> =
                wanted.iter().filter(|entry| !here.contains(entry)).cloned().collect();
            // What was seen once is kept, whoever put it there.
            let others: Vec<Value> =
                here.iter().filter(|entry| !wanted.contains(entry)).cloned().collect();
            wanted.extend(others);
            if missing.is_empty() {
                if writes == 0 || looks == LOOKS {
                    return Ok(());
                }
                looks += 1;
                // Who read before this was written has written by then.
                pace.sleep(pace.backoff(looks));
                continue;
            }
            if writes == MAX_WRITES {
                return Err(self.session().problem(Code::RegistryRefused).detail(format!(
                    "an entry under the tag {} was lost {MAX_WRITES} times; others write it at the same time",
                    fallback_tag(subject)
                )));
            }
            if writes > 0 {
                pace.sleep(pace.backoff(writes));
            }
            writes += 1;
            looks = 0;
            let mut fields = index.map_or_else(new_index, |index| index.fields);
            if let Some(Value::Array(entries)) = fields.get_mut("manifests") {
                entries.extend(missing);
            }
            let bytes = Value::Object(fields).to_string().into_bytes();
            if bytes.len() as u64 > MAX_MANIFEST {
                return Err(self.invalid(format!(
                    "the index of what refers to {subject} would have over {MAX_MANIFEST} bytes"
                )));
            }
            self.put_manifest(&fallback_tag(subject), INDEX, &bytes)?;
        }
    }

    /// Reads an index and checks the form of each entry.
    fn index(&self, bytes: &[u8], what: &str) -> Result<Index> {
        let wrong = |why: &str| self.invalid(format!("{what} {why}"));
        let fields: Map<String, Value> = serde_json::from_slice(bytes)
            .map_err(|error| wrong("is no JSON object").source(error))?;
        if fields.get("schemaVersion").and_then(Value::as_u64) != Some(2) {
            return Err(wrong("is no index: schemaVersion is not 2"));
        }
        if fields.get("mediaType").is_some_and(|kind| kind != INDEX) {
            return Err(wrong("is no index: it has another media type"));
        }
        let Some(entries) = fields.get("manifests").and_then(Value::as_array).cloned() else {
            return Err(wrong("is no index: it has no manifests"));
        };
        for (number, entry) in entries.iter().enumerate() {
            check_entry(entry)
                .map_err(|why| wrong(&format!("has an entry {number} that {why}")))?;
        }
        Ok(Index { fields, entries })
    }
}

struct Index {
    fields: Map<String, Value>,
    entries: Vec<Value>,
}

fn new_index() -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("schemaVersion".to_owned(), json!(2));
    fields.insert("mediaType".to_owned(), json!(INDEX));
    fields.insert("manifests".to_owned(), json!([]));
    fields
}

/// Whether an entry is a descriptor (image specification, "OCI Content Descriptors"). The
/// error says why it is none.
pub fn check_entry(entry: &Value) -> Result<(), &'static str> {
    let Some(fields) = entry.as_object() else { return Err("is no object") };
    let text = |name: &str| fields.get(name).and_then(Value::as_str);
    let is_type = |text: &str| {
        text.len() <= MAX_TYPE
            && text.bytes().all(|byte| byte.is_ascii_graphic())
            && text.split_once('/').is_some_and(|(kind, rest)| !kind.is_empty() && !rest.is_empty())
    };
    if !text("mediaType").is_some_and(is_type) {
        return Err("has no media type");
    }
    if !text("digest").is_some_and(is_digest) {
        return Err("has no digest");
    }
    if fields.get("size").and_then(Value::as_u64).is_none_or(|size| i64::try_from(size).is_err()) {
        return Err("has no size");
    }
    if fields.get("artifactType").is_some_and(|kind| !kind.as_str().is_some_and(is_type)) {
        return Err("has an artifact type that is none");
    }
    let is_text =
        |notes: &Value| notes.as_object().is_some_and(|notes| notes.values().all(Value::is_string));
    if fields.get("annotations").is_some_and(|notes| !is_text(notes)) {
        return Err("has annotations that are no text");
    }
    if entry.to_string().len() > MAX_ENTRY {
        return Err("is too long");
    }
    Ok(())
}

/// Whether a text is a digest of some algorithm (image specification, "Digests"). Others
/// may refer to a release by algorithms that are not ours; SHA-256 must be one.
fn is_digest(text: &str) -> bool {
    let Some((algorithm, encoded)) = text.split_once(':') else { return false };
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if algorithm == "sha256" {
        return text.parse::<Digest>().is_ok();
    }
    !algorithm.is_empty()
        && algorithm.bytes().all(|byte| plain(byte) || matches!(byte, b'+' | b'.' | b'_' | b'-'))
        && !encoded.is_empty()
        && encoded
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'=' | b'_' | b'-'))
}

/// The target of a `Link` header with the relation `next` (RFC 8288).
fn next_link(header: &str) -> Option<&str> {
    let mut rest = header;
    loop {
        let (_, after) = rest.split_once('<')?;
        let (target, after) = after.split_once('>')?;
        // The next link begins behind a comma; one inside quotes is followed by no `<`.
        let end = after
            .match_indices(',')
            .map(|(at, _)| at)
            .find(|at| after[at + 1..].trim_start().starts_with('<'));
        let (parameters, more) = after.split_at(end.unwrap_or(after.len()));
        let is_next = |(name, value): (&str, &str)| {
            let mut words = value.trim().trim_matches('"').split_ascii_whitespace();
            name.trim().eq_ignore_ascii_case("rel")
                && words.any(|word| word.eq_ignore_ascii_case("next"))
        };
        if parameters.split(';').filter_map(|one| one.split_once('=')).any(is_next) {
            return Some(target);
        }
        rest = more;
    }
}
