//! The manifest that lies beside a plugin's library.

use std::path::Path;

use pkg_plugin_host::Limits;
use pkg_plugin_sdk::abi::{ABI_MAJOR, ABI_MINOR};
use pkg_plugin_sdk::{Description, Kind};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::{Code, Problem, Result};
use crate::fsx;
use crate::model::digest::Digest;

/// End of a manifest's name.
pub const SUFFIX: &str = ".pkgplugin.json";
/// End of the name of a signature over a manifest, behind that of the manifest.
pub const SIGNATURE_SUFFIX: &str = ".sigstore.json";
/// Value of [`Manifest::schema`].
pub const SCHEMA: &str = "urn:x-pkg:plugin:v1";
/// Largest manifest, in bytes.
const MAX_MANIFEST: u64 = 1 << 20;
/// Longest id, in bytes.
const MAX_ID: usize = 64;

/// A version of the plugin interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Abi {
    /// Must be that of this pkg.
    pub major: u32,
    /// Must not be above that of this pkg.
    pub minor: u32,
}

/// What a plugin needs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Needs {
    /// The devices of a GPU.
    #[serde(default)]
    pub gpu: bool,
}

/// How much a plugin may use, unless the caller says otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ManifestLimits {
    /// Seconds by the clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
    /// Bytes of memory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memory: Option<u64>,
}

/// The manifest of a plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    /// Always [`SCHEMA`].
    pub schema: String,
    /// Its id: lower-case letters, digits, `-` and `.`.
    pub id: String,
    /// Its version.
    pub version: String,
    /// What it does.
    pub kinds: Vec<Kind>,
    /// What it looks at, in one line.
    pub about: String,
    /// The version of the interface that it was built for.
    pub abi: Abi,
    /// The library, a name of a file beside the manifest.
    pub library: String,
    /// SHA-256 of the library.
    pub sha256: String,
    /// What it needs.
    #[serde(default)]
    pub needs: Needs,
    /// How much it may use.
    #[serde(default)]
    pub limits: ManifestLimits,
}

/// Whether a text can be the id of a plugin.
pub fn is_id(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    text.len() <= MAX_ID
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.chars().all(fits)
        && !text.contains("..")
        && !text.ends_with(['.', '-'])
}

impl Manifest {
    /// The manifest of a library, from what the plugin says it is.
    pub fn of(description: &Description, library: &str, sha256: &Digest, gpu: bool) -> Self {
        Self {
            schema: SCHEMA.to_owned(),
            id: description.id.clone(),
            version: description.version.clone(),
            kinds: description.kinds.clone(),
            about: description.about.clone(),
            abi: Abi { major: ABI_MAJOR, minor: ABI_MINOR },
            library: library.to_owned(),
            sha256: sha256.hex(),
            needs: Needs { gpu },
            limits: ManifestLimits::default(),
        }
    }

    /// Reads a manifest; the answer has its bytes too, over which a signature is.
    pub fn read(path: &Path) -> Result<(Self, Vec<u8>)> {
        let bytes = fsx::read_given(path, MAX_MANIFEST)?;
        let manifest: Self = serde_json::from_slice(&bytes)
            .map_err(|error| invalid(path, error.to_string()).source(error))?;
        manifest.check().map_err(|detail| invalid(path, detail))?;
        Ok((manifest, bytes))
    }

    fn check(&self) -> Result<(), String> {
        if self.schema != SCHEMA {
            return Err(format!("its schema is {:?}; this pkg reads {SCHEMA:?}", self.schema));
        }
        if !is_id(&self.id) {
            return Err(format!("{:?} can be the id of no plugin", self.id));
        }
        let name = Path::new(&self.library);
        let plain = name.file_name().and_then(|name| name.to_str()) == Some(self.library.as_str());
        if !plain {
            return Err(format!("library {:?} is no name of a file beside it", self.library));
        }
        if Digest::from_hex(&self.sha256).is_err() {
            return Err("sha256 is not 64 hexadecimal digits".to_owned());
        }
        if self.kinds.is_empty() {
            return Err("it does nothing: kinds is empty".to_owned());
        }
        let Abi { major, minor } = self.abi;
        if major != ABI_MAJOR || minor > ABI_MINOR {
            return Err(format!(
                "it is for version {major}.{minor} of the interface; this pkg has {ABI_MAJOR}.{ABI_MINOR}"
            ));
        }
        Ok(())
    }

    /// The manifest as a file.
    pub fn text(&self) -> Result<Vec<u8>> {
        let mut text = serde_json::to_vec_pretty(self).map_err(|error| {
            Problem::new(Code::Internal, &self.id).detail(error.to_string()).source(error)
        })?;
        text.push(b'\n');
        Ok(text)
    }

    /// How much it may use, for work over so many bytes, as the caller limits it.
    pub fn limits(&self, bytes: u64, seconds: Option<u64>, memory: Option<u64>) -> Limits {
        // A second for 20 MB is slow on any machine; weights may be in memory twice.
        let time = self.limits.seconds.unwrap_or(600).max(bytes / 20_000_000);
        let room = self.limits.memory.unwrap_or(2 << 30).saturating_add(bytes.saturating_mul(2));
        Limits { seconds: seconds.unwrap_or(time), memory: memory.unwrap_or(room) }
    }
}

fn invalid(path: &Path, detail: impl Into<String>) -> Problem {
    Problem::new(Code::PluginManifest, path.display()).detail(detail)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Manifest, is_id};
    use crate::finding::Code;

    const GOOD: &str = r#"{"schema":"urn:x-pkg:plugin:v1","id":"a","version":"1","kinds":["verify"],
        "about":"x","abi":{"major":1,"minor":0},"library":"liba.so","sha256":"HEX"}"#;

    fn read(text: &str) -> crate::finding::Result<Manifest> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.pkgplugin.json");
        std::fs::write(&path, text.replace("HEX", &"0".repeat(64))).unwrap();
        Manifest::read(&path).map(|(manifest, _)| manifest)
    }

    #[test]
    fn every_lie_is_refused() {
        assert_eq!(read(GOOD).unwrap().id, "a");
        for (good, bad) in [
            ("plugin:v1", "plugin:v2"),
            ("\"a\"", "\"A\""),
            ("\"a\"", "\"../a\""),
            ("liba.so", "../liba.so"),
            ("liba.so", "/tmp/liba.so"),
            ("liba.so", ""),
            ("liba.so", ".."),
            ("HEX", "12"),
            ("[\"verify\"]", "[]"),
            ("[\"verify\"]", "[\"network\"]"),
            ("\"major\":1", "\"major\":2"),
            ("\"minor\":0", "\"minor\":9"),
            ("\"about\"", "\"exec\":true,\"about\""),
        ] {
            assert!(GOOD.contains(good));
            let problem = read(&GOOD.replace(good, bad)).unwrap_err();
            assert_eq!(problem.code(), Code::PluginManifest, "{bad}");
        }
    }

    proptest! {
        #[test]
        fn ids_are_safe_names(text in "[a-zA-Z0-9./_ -]{0,70}") {
            if is_id(&text) {
                prop_assert!(!text.contains('/') && !text.contains("..") && !text.is_empty());
                prop_assert_eq!(text.to_lowercase(), text);
            }
        }
    }
}
