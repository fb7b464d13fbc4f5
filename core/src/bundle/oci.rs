//! OCI image specification 1.1 documents and ModelPack media types.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::digest::Digest;
use crate::model::kind::Group;

/// OCI image manifest.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// OCI image index.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The empty configuration of an artifact (OCI image specification 1.1).
pub const EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// Content of the empty configuration.
pub const EMPTY_CONTENT: &[u8] = b"{}";
/// Version in the `oci-layout` file.
pub const LAYOUT_VERSION: &str = "1.0.0";
/// Content of the `oci-layout` file.
pub const LAYOUT_CONTENT: &[u8] = b"{\"imageLayoutVersion\":\"1.0.0\"}";

/// ModelPack artifact type of a model manifest.
pub const MODEL_MANIFEST: &str = "application/vnd.cncf.model.manifest.v1+json";
/// ModelPack model configuration.
pub const MODEL_CONFIG: &str = "application/vnd.cncf.model.config.v1+json";
/// ModelPack document, as is: carries pkg's own documents.
pub const DOC_RAW: &str = "application/vnd.cncf.model.doc.v1.raw";
/// Sigstore bundle, artifact type of a signature.
pub const SIGSTORE_BUNDLE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// Evidence that attestations name, artifact type of its manifest.
pub const EVIDENCE: &str = "application/vnd.x-pkg.evidence.v1";

/// Annotation: path of the file, or common folder of the files, of a layer.
pub const FILEPATH: &str = "org.cncf.model.filepath";
/// Annotation: the media type was not checked against the content.
pub const UNTESTED: &str = "org.cncf.model.file.mediatype.untested";
/// Annotation: tag of a manifest in an index.
pub const REF_NAME: &str = "org.opencontainers.image.ref.name";
/// Annotation: title of a release.
pub const TITLE: &str = "org.opencontainers.image.title";
/// Annotation: version of a release.
pub const VERSION: &str = "org.opencontainers.image.version";
/// Annotation: publisher of a release.
pub const VENDOR: &str = "org.opencontainers.image.vendor";
/// Annotation: licence expression of a release.
pub const LICENSES: &str = "org.opencontainers.image.licenses";
/// Annotation: description of a release.
pub const DESCRIPTION: &str = "org.opencontainers.image.description";
/// Annotation: creation time; set only from `SOURCE_DATE_EPOCH`.
pub const CREATED: &str = "org.opencontainers.image.created";
/// Annotation: component kind of a layer.
pub const COMPONENT: &str = "x-pkg.component";
/// Annotation of a layer that is a part of a file: path of the file.
pub const PART_FILE: &str = "x-pkg.file";
/// Annotation of a layer that is a part of a file: its first byte in the file.
pub const PART_OFFSET: &str = "x-pkg.offset";
/// Annotation of a layer that is a part of a file: its number, as `2/31`.
pub const PART_NUMBER: &str = "x-pkg.part";
/// Annotation of a signature: what the bundle holds.
pub const BUNDLE_CONTENT: &str = "dev.sigstore.bundle.content";
/// Annotation of a signature: predicate type of its statement.
pub const BUNDLE_PREDICATE: &str = "dev.sigstore.bundle.predicateType";

/// Form in which a layer holds its files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One file, as is.
    Raw,
    /// A tar archive compressed with zstd.
    TarZstd,
}

/// ModelPack media type of a layer.
pub fn layer_type(group: Group, form: Form) -> String {
    let content = match group {
        Group::Weights => "weight",
        Group::Config => "weight.config",
        Group::Code => "code",
        Group::Docs => "doc",
        Group::Data => "dataset",
    };
    let suffix = match form {
        Form::Raw => "raw",
        Form::TarZstd => "tar+zstd",
    };
    format!("application/vnd.cncf.model.{content}.v1.{suffix}")
}

/// The form of a layer with this media type; none when pkg cannot check it.
pub fn layer_form(media_type: &str) -> Option<Form> {
    let known = |form| Group::ALL.into_iter().any(|group| layer_type(group, form) == media_type);
    [Form::Raw, Form::TarZstd].into_iter().find(|form| known(*form))
}

/// Annotations, ordered by key.
pub type Annotations = BTreeMap<String, String>;

/// OCI content descriptor.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Media type of the content.
    pub media_type: String,
    /// Digest of the content.
    pub digest: Digest,
    /// Size of the content in bytes.
    pub size: u64,
    /// Content, base64, for tiny blobs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data: Option<String>,
    /// Artifact type, when the content is a manifest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: Annotations,
}

impl Descriptor {
    /// A descriptor of bytes in memory.
    pub fn of(media_type: &str, bytes: &[u8]) -> Self {
        Self::new(media_type, Digest::of(bytes), bytes.len() as u64)
    }

    /// A descriptor without annotations.
    pub fn new(media_type: &str, digest: Digest, size: u64) -> Self {
        Self {
            media_type: media_type.to_owned(),
            digest,
            size,
            data: None,
            artifact_type: None,
            annotations: Annotations::new(),
        }
    }

    /// The annotation with this key.
    pub fn annotation(&self, key: &str) -> Option<&str> {
        self.annotations.get(key).map(String::as_str)
    }
}

/// OCI image manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// Always 2.
    pub schema_version: u32,
    /// Always [`MANIFEST`].
    pub media_type: String,
    /// What the artifact is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Configuration.
    pub config: Descriptor,
    /// Layers.
    pub layers: Vec<Descriptor>,
    /// Manifest that this one refers to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Descriptor>,
    /// Annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: Annotations,
}

/// OCI image index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Index {
    /// Always 2.
    pub schema_version: u32,
    /// Always [`INDEX`]; some tools leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// Manifests: the release and what refers to it.
    pub manifests: Vec<Descriptor>,
    /// Annotations.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: Annotations,
}

/// Content of the `oci-layout` file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Layout {
    /// Always [`LAYOUT_VERSION`].
    pub image_layout_version: String,
}

/// ModelPack model configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelConfig {
    /// What the model is called and who made it.
    pub descriptor: ModelDescriptor,
    /// Layers, uncompressed.
    pub modelfs: ModelFs,
    /// Technical facts.
    pub config: ModelFactsDoc,
}

/// ModelPack `descriptor`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelDescriptor {
    /// Creation time, RFC 3339; set only from `SOURCE_DATE_EPOCH`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Publisher.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<String>,
    /// Licence expressions, as declared.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<String>,
    /// Description.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// ModelPack `modelfs`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelFs {
    /// Always `layers`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Digests of the uncompressed layers, in the order of the manifest.
    pub diff_ids: Vec<Digest>,
}

/// ModelPack `config`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ModelFactsDoc {
    /// Architecture, as the weights or their configuration name it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub architecture: Option<String>,
    /// Format of the weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Number of parameters, such as `135M`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub param_size: Option<String>,
    /// Precision of most parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<String>,
    /// Quantization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantization: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::{DOC_RAW, Form, layer_form, layer_type};
    use crate::model::kind::Group;

    #[test]
    fn media_types_are_those_of_the_model_spec() {
        assert_eq!(
            layer_type(Group::Weights, Form::Raw),
            "application/vnd.cncf.model.weight.v1.raw"
        );
        let config = "application/vnd.cncf.model.weight.config.v1.raw";
        assert_eq!(layer_type(Group::Config, Form::Raw), config);
        let code = "application/vnd.cncf.model.code.v1.tar+zstd";
        assert_eq!(layer_type(Group::Code, Form::TarZstd), code);
        assert_eq!(layer_form(code), Some(Form::TarZstd));
        assert_eq!(layer_form(DOC_RAW), Some(Form::Raw));
        assert_eq!(layer_form("application/vnd.oci.image.layer.v1.tar"), None);
    }
}
