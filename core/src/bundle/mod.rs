//! The bundle: an OCI image layout holding a ModelPack artifact.
//!
//! Knows files, digests and layouts; knows nothing about signatures beyond
//! "a blob that refers to the manifest".

mod cache;
mod coded;
mod coded_output;
mod coded_remote;
mod commits;
mod content;
mod copy;
mod describe;
mod download;
mod evidence;
mod load;
mod locate;
mod make;
pub mod oci;
mod pack;
mod parts;
mod peek;
mod plan;
mod publish;
mod refer;
mod remote;
mod source;
mod split;
mod store;
mod tarball;
mod unpack;
mod validate;

pub use coded::{CodedBlob, CodedIndex, Decoded, Encoded, decode, encode};
pub use coded_remote::publish_coded;
pub use commits::GitRequest;
pub use content::{Checked, Scope, check_and_keep_layers, check_folder, check_layers};
pub use copy::copy;
pub use describe::source_date;
pub use download::Download;
pub use evidence::{EvidenceBlob, NewEvidence, check_evidence};
pub use load::{Document, Loaded, Origin, extra_blobs, is_unpacked, load, load_overview};
pub use locate::{Located, locate};
pub use pack::{PackOutcome, PackRequest, ShardPolicy, pack};
pub use peek::{open_file, read_files};
pub use publish::{Published, SentBlob, publish};
pub use refer::{NewSignature, attach, attachable};
pub use remote::{digest_of, pinned};
pub use source::Source;
pub use store::StoreMode;
pub use tarball::{EntryHead, read as read_layer};
pub use unpack::{UnpackOutcome, UnpackRequest, unpack};

/// Names inside [`crate::model::path::META_DIR`] and in the layers that carry
/// pkg's own documents.
pub mod names {
    /// The release description.
    pub const RELEASE: &str = ".pkg/release.json";
    /// The file index.
    pub const FILES: &str = ".pkg/files.json";
    /// The OCI manifest, in an unpacked folder.
    pub const MANIFEST: &str = ".pkg/manifest.json";
    /// The model configuration, in an unpacked folder.
    pub const CONFIG: &str = ".pkg/config.json";
    /// Folder of signatures, in an unpacked folder.
    pub const SIGNATURES: &str = ".pkg/signatures";
    /// Folder of evidence that attestations name, in an unpacked folder.
    pub const EVIDENCE: &str = ".pkg/evidence";
    /// The OpenSSF model signature, in an unpacked folder.
    pub const MODEL_SIGNATURE: &str = "model.sig";
}

/// Largest documents pkg reads, in bytes.
pub mod limits {
    /// `index.json` and `oci-layout`.
    pub const INDEX: u64 = 4 << 20;
    /// A manifest; registries refuse larger ones.
    pub const MANIFEST: u64 = 4 << 20;
    /// The model configuration.
    pub const CONFIG: u64 = 4 << 20;
    /// The release description.
    pub const RELEASE: u64 = 16 << 20;
    /// The file index.
    pub const FILES: u64 = 64 << 20;
    /// A signature document.
    pub const SIGNATURE: u64 = 64 << 20;
    /// One piece of evidence.
    pub const EVIDENCE: u64 = 64 << 20;
    /// Number of referrers of one release.
    pub const REFERRERS: usize = 1000;
}
