//! Coded layouts: a bundle whose weights are held in coded form, for archives.
//!
//! Beside what a layout has, `coded.json` says which blobs are there in coded form only.
//! Every byte is checked on the way in and on the way out: what is decoded has the digest
//! that the release names, or nothing appears. Nothing here judges a signature.

use std::collections::{BTreeMap, HashMap};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::coded_output::Output;
use super::load::{self, Loaded};
use super::oci::{self, Form};
use super::peek::open_file;
use super::refer::attachable;
use super::remote::local_output;
use super::source::{Source, blob_name, mismatch, wrong_size};
use super::tarball::Tee;
use super::{limits, parts, validate};
use crate::coding::{self, Range};
use crate::finding::{Code, Finding, Problem, Result};
use crate::fsx;
use crate::hash::{Meter, Span, SpanReader};
use crate::model::digest::Digest;

/// Name of the list of what is coded, in a layout.
pub(super) const INDEX: &str = "coded.json";

/// Blobs below this size are not coded.
const SMALLEST: u64 = 64 << 10;

/// A blob that is held in coded form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CodedBlob {
    /// Digest of the raw bytes, which the release names.
    pub digest: Digest,
    /// Number of raw bytes.
    pub size: u64,
    /// Digest of the coded bytes.
    pub coded: Digest,
    /// Number of coded bytes.
    pub coded_size: u64,
}

/// Content of `coded.json`.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CodedIndex {
    /// Always 1.
    pub schema_version: u32,
    /// Name and version of the coding.
    pub coding: String,
    /// The blobs, in the order of their digests.
    pub blobs: Vec<CodedBlob>,
}

/// A coded layout that was written.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Encoded {
    /// The layout.
    pub output: PathBuf,
    /// Digest of the release.
    pub digest: Digest,
    /// What is coded.
    pub coded: Vec<CodedBlob>,
    /// Bytes of blobs of the bundle.
    pub bytes: u64,
    /// Bytes of blobs of the coded layout.
    pub stored: u64,
}

/// A bundle that was restored.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Decoded {
    /// The bundle.
    pub output: PathBuf,
    /// Digest of the release.
    pub digest: Digest,
    /// Number of blobs that were decoded.
    pub decoded: usize,
    /// Bytes of blobs of the bundle.
    pub bytes: u64,
}

/// Counts what is read.
struct Metered<'a, R>(R, &'a Meter);

impl<R: Read> Read for Metered<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let got = self.0.read(buffer)?;
        self.1.add(got as u64);
        Ok(got)
    }
}

/// Layers that coding may make smaller, and where their elements are: raw ones of which
/// elements with an exponent are at least a quarter.
pub(super) fn candidates(loaded: &Loaded) -> Result<BTreeMap<Digest, Vec<Range>>> {
    let mut found = BTreeMap::new();
    for file in loaded.files.files.iter().filter(|file| file.size >= SMALLEST) {
        let Some(chain) = open_file(loaded, file)? else { continue };
        let ranges = coding::ranges(|| chain.reader(), chain.len());
        for layer in file.layers() {
            let Some(descriptor) = loaded.manifest.layers.get(layer) else { continue };
            if oci::layer_form(&descriptor.media_type) != Some(Form::Raw) {
                continue;
            }
            let offset =
                if file.in_parts() { parts::part(&loaded.manifest, file, layer).0 } else { 0 };
            let ranges = coding::cut(&ranges, offset, descriptor.size);
            let covered: u64 = ranges.iter().map(|range| range.len).sum();
            if descriptor.size >= SMALLEST && covered >= descriptor.size / 4 {
                found.insert(descriptor.digest, ranges);
            }
        }
    }
    Ok(found)
}

/// Encodes a blob, and checks its raw bytes on the way; nothing where it does not pay.
pub(super) fn encode_blob(
    digest: Digest,
    span: &Span,
    ranges: &[Range],
    output: &mut dyn Write,
    meter: &Meter,
) -> Result<Option<CodedBlob>> {
    let mut raw = Tee::new(Metered(SpanReader::new(span.clone()), meter));
    let mut coded = Tee::new(output);
    coding::encode(&mut raw, span.len, ranges, &mut coded)
        .map_err(|failure| failure.problem(digest))?;
    let actual = raw.finish().1;
    if actual != digest {
        return Err(mismatch(digest, digest, actual));
    }
    let (_, coded, coded_size) = coded.finish();
    let blob = CodedBlob { digest, size: span.len, coded, coded_size };
    Ok(coding::pays(coded_size, span.len).then_some(blob))
}

/// Decodes a blob; its raw bytes are those that its digest names, or it is a problem.
pub(super) fn decode_blob(
    blob: &CodedBlob,
    coded: &Span,
    output: &mut dyn Write,
    meter: &Meter,
) -> Result<()> {
    if coded.len != blob.coded_size {
        return Err(wrong_size(blob.coded, blob.coded_size, coded.len));
    }
    let mut input = Metered(SpanReader::new(coded.clone()), meter);
    let mut raw = Tee::new(output);
    coding::decode(&mut input, blob.size, &mut raw)
        .map_err(|failure| failure.problem(blob.coded))?;
    let actual = raw.finish().1;
    if actual == blob.digest { Ok(()) } else { Err(mismatch(blob.digest, blob.digest, actual)) }
}

/// Copies a blob, and checks its bytes on the way.
fn copy_blob(digest: Digest, span: &Span, output: &mut dyn Write, meter: &Meter) -> Result<()> {
    let mut raw = Tee::new(Metered(SpanReader::new(span.clone()), meter));
    let copied = io::copy(&mut raw, output)
        .map_err(|error| Problem::writing(Path::new(&digest.to_string()), error))?;
    if copied != span.len {
        return Err(wrong_size(digest, span.len, copied));
    }
    let actual = raw.finish().1;
    if actual == digest { Ok(()) } else { Err(mismatch(digest, digest, actual)) }
}

/// Blobs of a layout; files of other names are no part of it.
fn blobs(source: &Source) -> Result<Vec<(Digest, Span)>> {
    let mut found = Vec::new();
    for name in source.blobs()? {
        let Ok(digest) = Digest::from_hex(&name) else { continue };
        if let Some(span) = source.named(&blob_name(&digest))? {
            found.push((digest, span));
        }
    }
    Ok(found)
}

fn output(from: &Path, to: &Path) -> Result<Output> {
    local_output(to, "`pkg push --coded` the bundle")?;
    if fsx::lies_in(to, from) {
        return Err(Problem::new(Code::OutputExists, to.display())
            .detail("the input itself is there")
            .hint("Choose a name outside of it."));
    }
    Output::begin(to)
}

/// Writes a layout in which blobs that pay are held in coded form only. It appears when all
/// of it is there and every blob of the bundle was found to be right.
pub fn encode(from: &Path, to: &Path, meter: &Meter) -> Result<(Encoded, Vec<Finding>)> {
    let loaded = load::load(from)?;
    let source = attachable(&loaded)?;
    if source.is_remote() {
        return Err(Problem::new(Code::UsageError, from.display())
            .detail("only what is on this machine is encoded")
            .hint(format!("pkg pull {} -o model.pkg, then encode that.", from.display())));
    }
    let candidates = candidates(&loaded)?;
    let mut output = output(from, to)?;
    let (mut coded, mut bytes, mut stored) = (Vec::new(), 0_u64, 0_u64);
    let all = blobs(source)?;
    meter.expect(all.iter().map(|(_, span)| span.len).sum());
    for (digest, span) in all {
        bytes = bytes.saturating_add(span.len);
        let mut made = None;
        if let Some(ranges) = candidates.get(&digest) {
            output.add(|sink| {
                made = encode_blob(digest, &span, ranges, sink, meter)?;
                Ok(made.as_ref().map(|blob| blob_name(&blob.coded)))
            })?;
        }
        if let Some(blob) = made {
            stored = stored.saturating_add(blob.coded_size);
            coded.push(blob);
        } else {
            // What was read in vain was counted then.
            let none = Meter::default();
            let meter = if candidates.contains_key(&digest) { &none } else { meter };
            output.add(|sink| {
                copy_blob(digest, &span, sink, meter)?;
                Ok(Some(blob_name(&digest)))
            })?;
            stored = stored.saturating_add(span.len);
        }
    }
    let index =
        CodedIndex { schema_version: 1, coding: coding::NAME.to_owned(), blobs: coded.clone() };
    let text = serde_json::to_vec(&index).map_err(|error| {
        Problem::new(Code::Internal, INDEX).detail(error.to_string()).source(error)
    })?;
    documents(source, &mut output)?;
    output.put(INDEX, &text)?;
    output.finish()?;
    let mut findings = loaded.findings.clone();
    if coded.is_empty() {
        findings.push(Problem::new(Code::CodingPaysNot, loaded.digest).into_finding());
    }
    let encoded = Encoded { output: to.to_owned(), digest: loaded.digest, coded, bytes, stored };
    Ok((encoded, findings))
}

/// Restores the bundle that a coded layout was made from. It appears when every blob was
/// found to have the digest that it is named by.
pub fn decode(from: &Path, to: &Path, meter: &Meter) -> Result<Decoded> {
    let source = Source::open_coded(from)?;
    let release = load::release_entry(&load::read_index(&source)?)?.digest;
    let coded = read_coded(&source)?;
    let by_coded: HashMap<Digest, &CodedBlob> =
        coded.blobs.iter().map(|blob| (blob.coded, blob)).collect();
    let mut output = output(from, to)?;
    let (mut decoded, mut bytes) = (0, 0_u64);
    let all = blobs(&source)?;
    meter.expect(all.iter().map(|(_, span)| span.len).sum());
    for (digest, span) in all {
        if let Some(blob) = by_coded.get(&digest) {
            output.add(|sink| {
                decode_blob(blob, &span, sink, meter)?;
                Ok(Some(blob_name(&blob.digest)))
            })?;
            decoded += 1;
            bytes = bytes.saturating_add(blob.size);
        } else if coded.blobs.iter().any(|blob| blob.digest == digest) {
            return Err(Problem::new(Code::CodedIndex, digest).detail("it is there in both forms"));
        } else {
            output.add(|sink| {
                copy_blob(digest, &span, sink, meter)?;
                Ok(Some(blob_name(&digest)))
            })?;
            bytes = bytes.saturating_add(span.len);
        }
    }
    if decoded != coded.blobs.len() {
        let there = |blob: &&CodedBlob| matches!(source.named(&blob_name(&blob.coded)), Ok(None));
        let subject = coded.blobs.iter().find(there).map_or(release, |blob| blob.coded);
        return Err(Problem::new(Code::MissingBlob, subject));
    }
    documents(&source, &mut output)?;
    output.finish()?;
    Ok(Decoded { output: to.to_owned(), digest: release, decoded, bytes })
}

/// The documents of a layout, as they are.
fn documents(source: &Source, output: &mut Output) -> Result<()> {
    for name in ["oci-layout", "index.json"] {
        output.put(name, &source.document(name, limits::INDEX)?)?;
    }
    Ok(())
}

/// What is coded; each of it a layer of the release, of the size that the release says, so
/// that nothing unfolds to more than the release needs.
fn read_coded(source: &Source) -> Result<CodedIndex> {
    if source.named(INDEX)?.is_none() {
        return Err(Problem::new(Code::CodedIndex, source.path().display())
            .detail(format!("there is no {INDEX} in it: nothing is coded"))
            .hint("A bundle needs no decoding."));
    }
    let bytes = source.document(INDEX, limits::INDEX)?;
    let coded: CodedIndex = load::parse(&bytes, Code::CodedIndex, INDEX)?;
    let invalid = |why: String| Problem::new(Code::CodedIndex, INDEX).detail(why);
    if coded.schema_version != 1 || coded.coding != coding::NAME {
        return Err(invalid(format!(
            "version {} with coding {:?} is not known",
            coded.schema_version, coded.coding
        )));
    }
    let index = load::read_index(source)?;
    let entry = load::release_entry(&index)?;
    let manifest = source.checked_blob(entry, limits::MANIFEST)?;
    let manifest = validate::manifest(&manifest, &entry.digest)?;
    let layers: HashMap<Digest, u64> =
        manifest.layers.iter().map(|layer| (layer.digest, layer.size)).collect();
    let mut seen = std::collections::HashSet::new();
    for blob in &coded.blobs {
        if layers.get(&blob.digest) != Some(&blob.size) {
            let detail = format!("{} of {} bytes is no layer of it", blob.digest, blob.size);
            return Err(invalid(detail));
        }
        if !seen.insert(blob.digest) || !seen.insert(blob.coded) {
            return Err(invalid(format!("{} is listed twice", blob.digest)));
        }
    }
    Ok(coded)
}
