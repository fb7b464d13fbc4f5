//! Writes the documents of a bundle: description, index, configuration, manifest.

use super::oci::{
    self, Annotations, Descriptor, ModelConfig, ModelDescriptor, ModelFactsDoc, ModelFs,
};
use crate::finding::{Code, Problem, Result};
use crate::model::canonical;
use crate::model::digest::Digest;
use crate::model::release::Release;
use crate::scan::ModelFacts;

/// Canonical JSON of one of our documents.
pub(super) fn canonical(what: &str, value: &impl serde::Serialize) -> Result<Vec<u8>> {
    canonical::to_vec(value)
        .map_err(|error| Problem::new(Code::SpecInvalid, what).detail(error.to_string()))
}

/// `SOURCE_DATE_EPOCH` as RFC 3339; none when it is not set.
pub fn source_date() -> Result<Option<String>> {
    let Some(text) = std::env::var_os("SOURCE_DATE_EPOCH") else { return Ok(None) };
    let text = text.to_string_lossy();
    let seconds = text.parse::<u64>().ok().and_then(|seconds| i64::try_from(seconds).ok());
    let time = seconds.and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    time.map(|time| Some(time.to_string())).ok_or_else(|| {
        Problem::new(Code::UsageError, "SOURCE_DATE_EPOCH")
            .detail(format!("{text:?} is not a number of seconds since 1970"))
            .hint("Unset it, or set it to a whole number of seconds.")
    })
}

/// The ModelPack model configuration.
pub(super) fn model_config(
    release: &Release,
    facts: ModelFacts,
    created: Option<&str>,
    diff_ids: Vec<Digest>,
) -> ModelConfig {
    let mut licenses: Vec<String> = release
        .components
        .iter()
        .filter_map(|component| component.licence.declared.clone())
        .collect();
    licenses.sort();
    licenses.dedup();
    ModelConfig {
        descriptor: ModelDescriptor {
            created_at: created.map(str::to_owned),
            name: Some(release.name.clone()),
            version: Some(release.version.clone()),
            vendor: release.publisher.clone(),
            licenses,
            description: release.description.clone(),
        },
        modelfs: ModelFs { kind: "layers".to_owned(), diff_ids },
        config: ModelFactsDoc {
            architecture: facts.architecture,
            format: facts.format,
            param_size: facts.parameters.map(rounded),
            precision: facts.precision,
            quantization: facts.quantization,
        },
    }
}

/// A parameter count the way people write it: `135M`, `1.5B`.
fn rounded(count: u64) -> String {
    let (unit, letter) = match count {
        1_000_000_000.. => (1_000_000_000, "B"),
        1_000_000.. => (1_000_000, "M"),
        1_000.. => (1_000, "K"),
        _ => return count.to_string(),
    };
    let tenths = (u128::from(count) * 10 + unit / 2) / unit;
    if tenths >= 100 || tenths.is_multiple_of(10) {
        format!("{}{letter}", (tenths + 5) / 10)
    } else {
        format!("{}.{}{letter}", tenths / 10, tenths % 10)
    }
}

/// The manifest of a release.
pub(super) fn manifest(
    release: &Release,
    created: Option<&str>,
    licenses: &[String],
    config: Descriptor,
    layers: Vec<Descriptor>,
) -> oci::Manifest {
    let mut annotations = Annotations::new();
    let mut set = |key: &str, value: Option<&str>| {
        if let Some(value) = value {
            annotations.insert(key.to_owned(), value.to_owned());
        }
    };
    set(oci::TITLE, Some(&release.name));
    set(oci::VERSION, Some(&release.version));
    set(oci::VENDOR, release.publisher.as_deref());
    set(oci::DESCRIPTION, release.description.as_deref());
    set(oci::CREATED, created);
    // An expression joined from several components holds for none of them.
    if let [only] = licenses {
        set(oci::LICENSES, Some(only));
    }
    oci::Manifest {
        schema_version: 2,
        media_type: oci::MANIFEST.to_owned(),
        artifact_type: Some(oci::MODEL_MANIFEST.to_owned()),
        config,
        layers,
        subject: None,
        annotations,
    }
}

/// The entry of the release in `index.json`.
pub(super) fn index_entry(manifest: &Descriptor, version: &str) -> Descriptor {
    let mut entry = manifest.clone();
    entry.artifact_type = Some(oci::MODEL_MANIFEST.to_owned());
    entry.annotations.insert(oci::REF_NAME.to_owned(), version.to_owned());
    entry
}

/// `index.json`.
pub(super) fn index(manifests: Vec<Descriptor>) -> Result<Vec<u8>> {
    canonical(
        "index.json",
        &oci::Index {
            schema_version: 2,
            media_type: Some(oci::INDEX.to_owned()),
            manifests,
            annotations: Annotations::new(),
        },
    )
}

#[cfg(test)]
mod tests {
    use super::rounded;

    #[test]
    fn parameter_counts_are_rounded_as_people_do() {
        for (count, text) in [
            (7, "7"),
            (22_713_216, "23M"),
            (134_515_008, "135M"),
            (1_540_000_000, "1.5B"),
            (999_960, "1000K"),
            (7_000_000_000, "7B"),
        ] {
            assert_eq!(rounded(count), text, "{count}");
        }
    }
}
