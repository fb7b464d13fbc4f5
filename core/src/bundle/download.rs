//! A release out of a registry, into a layout folder.
//!
//! The folder is made aside, under a name that the next run for the same release finds
//! again: what was proved is not fetched again. It appears under its own name when
//! everything in it was proved.

use std::collections::{BTreeSet, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use super::content::{Checked, Scope};
use super::load::{self, Loaded, Origin, Referrer};
use super::oci::{self, Descriptor};
use super::refer;
use super::remote::{Keep, Remote, local_output};
use super::source::{Source, blob_name};
use super::{coded_remote, describe, limits};
use crate::finding::{Code, Finding, Problem, Result};
use crate::fsx::{self, Staged};
use crate::hash::{BUFFER, Meter, Sink, Span, ingest_at};
use crate::model::digest::Digest;
use crate::model::release::FileEntry;
use crate::registry::Journal;

/// Name of the journal while a download is not finished.
pub(super) const JOURNAL: &str = ".journal";

/// A download that was begun.
#[derive(Debug)]
pub struct Download<'a> {
    loaded: &'a Loaded,
    source: &'a Source,
    remote: &'a Remote,
    staged: Staged,
    replace: bool,
    /// Blobs that were taken over whole, and proved.
    taken: HashSet<Digest>,
}

/// The registry that a release was loaded from.
fn remote_of(loaded: &Loaded) -> Result<(&Source, &Remote)> {
    let remote = match &loaded.origin {
        Origin::Bundle(source) => source.remote().map(|remote| (source, remote)),
        Origin::Folder(_) => None,
    };
    remote.ok_or_else(|| {
        Problem::new(Code::RegistryReference, loaded.digest)
            .detail("only a release in a registry can be pulled")
    })
}

impl<'a> Download<'a> {
    /// Begins to download into the folder `output`, or goes on with what an earlier run
    /// left. Without `force`, only a bundle of the same release may be there.
    pub fn begin(loaded: &'a Loaded, output: &Path, force: bool) -> Result<Self> {
        let (source, remote) = remote_of(loaded)?;
        local_output(output, "pull it and `pkg push` that")?;
        if output.extension().is_some_and(|extension| extension == "tar") {
            return Err(Problem::new(Code::UsageError, output.display())
                .detail("a release is pulled into a folder")
                .hint("Name a folder, such as `model.pkg`."));
        }
        let occupied = fsx::exists(output) && !fsx::is_empty_folder(output);
        if occupied && !force && !holds(output, &loaded.digest) {
            return Err(Problem::new(Code::OutputExists, output.display())
                .detail("something that is not this release is there")
                .hint("Choose another name, or replace it with `--force`."));
        }
        let staged = Staged::folder_to_resume(output, &loaded.digest.to_string())?;
        let blobs = staged.path().join("blobs/sha256");
        fs::create_dir_all(&blobs).map_err(|error| Problem::writing(&blobs, error))?;
        let taken = HashSet::new();
        Ok(Self { loaded, source, remote, staged, replace: occupied, taken })
    }

    /// The layout while it is made.
    pub fn path(&self) -> &Path {
        self.staged.path()
    }

    /// Takes over blobs that bundles on this machine have, each checked on the way; gives
    /// the bytes that need not be fetched.
    pub fn reuse(&mut self, bundles: &[PathBuf], scope: &Scope, meter: &Meter) -> Result<u64> {
        let mut reused = 0;
        for layer in self.layers(scope) {
            // The terms are told from some layers, which were fetched for that.
            if let Some(span) = self.remote.fetched(&layer.digest) {
                self.take(&span, true, layer, meter)?;
            }
        }
        let own = self.staged.target();
        let own = fsx::exists(own).then(|| own.to_owned());
        for bundle in bundles.iter().chain(own.iter()) {
            // The output may be anything when it is replaced by force.
            let source = match Source::open(bundle) {
                Ok(source) if !source.is_remote() => source,
                Err(problem) if bundles.contains(bundle) => return Err(problem),
                _ => continue,
            };
            for layer in self.layers(scope) {
                if let Some(span) = source.blob(layer)? {
                    reused += self.take(&span, !source.is_archive(), layer, meter)?;
                }
            }
        }
        Ok(reused)
    }

    /// Takes one blob over, if it is what it should be; `alone` says that nothing else
    /// is in its file.
    fn take(&mut self, span: &Span, alone: bool, layer: &Descriptor, meter: &Meter) -> Result<u64> {
        let target = self.path().join(blob_name(&layer.digest));
        if span.len != layer.size || fsx::exists(&target) {
            return Ok(0);
        }
        let aside = target.with_extension("taken");
        let writing = |error| Problem::writing(&target, error);
        let file = fsx::open_or_create(&aside).map_err(writing)?;
        file.set_len(0).map_err(writing)?;
        let linked = alone && fsx::reflink(&span.file, &file).is_ok();
        let sink = (!linked).then_some(Sink { file: &file, offset: 0 });
        let taken = ingest_at(span, sink, None, &mut vec![0; BUFFER], meter).map_err(writing)?;
        if taken.digest != layer.digest {
            // A damaged bundle is no source; the registry has the blob.
            fsx::remove(&aside).map_err(writing)?;
            return Ok(0);
        }
        fs::rename(&aside, &target).map_err(writing)?;
        self.taken.insert(layer.digest);
        Ok(layer.size)
    }

    fn layers(&self, scope: &Scope) -> Vec<&'a Descriptor> {
        let covered = self.loaded.files.files.iter().filter(|it| scope.covers(self.loaded, it));
        let layers: BTreeSet<usize> = covered.flat_map(FileEntry::layers).collect();
        layers.into_iter().map(|layer| &self.loaded.manifest.layers[layer]).collect()
    }

    /// Fetches layers in `scope` in coded form, where the registry has it, and decodes them;
    /// gives the bytes that were fetched for them. What cannot be used so is a finding, and
    /// is fetched as it is by [`Download::fetch`].
    pub fn fetch_coded(&mut self, scope: &Scope, meter: &Meter) -> Result<(u64, Vec<Finding>)> {
        let layers = self.layers(scope);
        let wanted: Vec<&Descriptor> =
            layers.into_iter().filter(|layer| !self.taken.contains(&layer.digest)).collect();
        let release = &self.loaded.digest;
        let (there, fetched, findings) =
            coded_remote::fetch_coded(self.remote, release, &wanted, self.path(), meter)?;
        self.taken.extend(there);
        Ok((fetched, findings))
    }

    /// Number of layers with content that are not in `scope`.
    pub fn left_out(&self, scope: &Scope) -> usize {
        self.layers(&Scope::default()).len() - self.layers(scope).len()
    }

    /// Fetches the layers in `scope`, each part checked while it arrives.
    pub fn fetch(&self, scope: &Scope, meter: &Meter) -> Result<Checked> {
        let journal = Journal::open(&self.path().join(JOURNAL))?;
        let keep = Keep::Layout(self.path(), &journal, &self.taken);
        Ok(self.remote.check_layers(self.loaded, scope, keep, meter))
    }

    /// Writes the documents and what refers to the release; gives the layout's path, which
    /// can be read from then on.
    pub fn write_documents(&self) -> Result<()> {
        let documents = &self.loaded.documents;
        for (_, bytes) in documents.named() {
            self.put(bytes)?;
        }
        let mut entries = vec![describe::index_entry(
            &self.loaded.manifest_descriptor,
            &self.loaded.release.version,
        )];
        for it in refer::all(self.source, &self.loaded.digest)? {
            self.put(oci::EMPTY_CONTENT)?;
            self.put(&it.manifest)?;
            self.put(&match it.referrer {
                Referrer::Signature(document) => document.bytes,
                Referrer::Evidence(blob) => {
                    self.remote.small(&blob.descriptor, limits::EVIDENCE)?
                }
            })?;
            entries.push(it.entry);
        }
        fsx::replace_file(&self.path().join("oci-layout"), oci::LAYOUT_CONTENT)?;
        fsx::replace_file(&self.path().join("index.json"), &describe::index(entries)?)
    }

    fn put(&self, bytes: &[u8]) -> Result<()> {
        fsx::replace_file(&self.path().join(blob_name(&Digest::of(bytes))), bytes)
    }

    /// Puts the folder in its place.
    pub fn commit(self) -> Result<()> {
        for name in [JOURNAL, coded_remote::FOLDER] {
            let path = self.path().join(name);
            if fsx::exists(&path) {
                fsx::remove(&path).map_err(|error| Problem::writing(&path, error))?;
            }
        }
        self.staged.unmark()?;
        self.staged.commit(self.replace)
    }

    /// Removes what was fetched: the release was refused. Dropped, it stays for the next
    /// run.
    pub fn discard(self) {
        self.staged.discard();
    }
}

/// Whether a bundle of this release is at a path.
fn holds(path: &Path, digest: &Digest) -> bool {
    let index = Source::open(path).and_then(|source| load::read_index(&source));
    index.is_ok_and(|index| load::release_entry(&index).is_ok_and(|entry| entry.digest == *digest))
}
