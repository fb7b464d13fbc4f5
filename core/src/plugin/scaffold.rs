//! Beginning a plugin: a folder that compiles.

use std::path::{Path, PathBuf};

use include_dir::{Dir, include_dir};
use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use super::manifest::is_id;
use crate::finding::{Code, Problem, Result};
use crate::fsx::Staged;

/// The interface and the SDK go along: a plugin needs nothing of pkg to be built.
static SDK: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../plugins/sdk/src");
static ABI: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../plugins/abi/src");
const SDK_MANIFEST: &str = include_str!("../../../plugins/sdk/Cargo.toml");
const ABI_MANIFEST: &str = include_str!("../../../plugins/abi/Cargo.toml");
const HEADER: &str = include_str!("../../../plugins/abi/include/pkg_plugin.h");

const RUST: [(&str, &str); 4] = [
    ("Cargo.toml", include_str!("../../data/plugin-new/rust/Cargo.toml.in")),
    ("src/lib.rs", include_str!("../../data/plugin-new/rust/lib.rs.in")),
    ("README.md", include_str!("../../data/plugin-new/rust/README.md.in")),
    (".gitignore", "/target\n"),
];
const C: [(&str, &str); 4] = [
    ("plugin.c", include_str!("../../data/plugin-new/c/plugin.c.in")),
    ("Makefile", include_str!("../../data/plugin-new/c/Makefile.in")),
    ("README.md", include_str!("../../data/plugin-new/c/README.md.in")),
    (".gitignore", "*.so\n"),
];

/// The language of a new plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// Rust, with the SDK.
    #[default]
    Rust,
    /// C, with the header alone.
    C,
}

impl Language {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::C => "c",
        }
    }
}

impl Serialize for Language {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// What was begun.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Begun {
    /// Id of the plugin.
    pub id: String,
    /// The folder.
    pub folder: PathBuf,
    /// `rust` or `c`.
    pub language: &'static str,
    /// The library that building it makes, in the folder.
    pub library: PathBuf,
}

/// Writes a folder that is a plugin once it is built.
pub fn begin(id: &str, folder: &Path, language: Language) -> Result<Begun> {
    if !is_id(id) || id.contains('.') {
        return Err(Problem::new(Code::PluginScaffold, id));
    }
    let staged = Staged::folder(folder)?;
    let write = |name: &str, text: &str| {
        let path = staged.path().join(name);
        let parent = path.parent().unwrap_or(staged.path());
        std::fs::create_dir_all(parent).map_err(|error| Problem::writing(parent, error))?;
        std::fs::write(&path, text).map_err(|error| Problem::writing(&path, error))
    };
    let crate_name = id.replace('-', "_");
    let mut type_name = String::new();
    for part in id.split('-') {
        let mut letters = part.chars();
        type_name.extend(letters.next().map(|first| first.to_ascii_uppercase()));
        type_name.extend(letters);
    }
    let filled = |text: &str| {
        text.replace("@ID@", id).replace("@CRATE@", &crate_name).replace("@TYPE@", &type_name)
    };
    let files = match language {
        Language::Rust => &RUST,
        Language::C => &C,
    };
    for (name, text) in files {
        write(name, &filled(text))?;
    }
    let library = match language {
        Language::Rust => {
            write("sdk/Cargo.toml", SDK_MANIFEST)?;
            write("abi/Cargo.toml", ABI_MANIFEST)?;
            for (to, from) in [("sdk/src", &SDK), ("abi/src", &ABI)] {
                for file in from.files() {
                    let name = format!("{to}/{}", file.path().display());
                    write(&name, file.contents_utf8().unwrap_or_default())?;
                }
            }
            format!("target/release/lib{crate_name}.so")
        }
        Language::C => {
            write("pkg_plugin.h", HEADER)?;
            format!("lib{crate_name}.so")
        }
    };
    staged.commit(false)?;
    Ok(Begun {
        id: id.to_owned(),
        folder: folder.to_owned(),
        language: language.as_str(),
        library: PathBuf::from(library),
    })
}
