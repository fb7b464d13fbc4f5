//! Libraries in C and assembly that travel inside Rust packages and end up in the program.
//!
//! Cargo knows nothing about them, so they are written down here, with the file that says which
//! version it is. A package that compiles C and is not in the table is an error, and so is a file
//! that no longer says a version.

use std::fs;

use anyhow::{Context as _, Result, bail};

use super::graph::{Graph, Id, Package};

/// How the sources say their version.
enum Version {
    /// The quoted text behind `#define NAME`, in a file.
    Text(&'static str, &'static str),
    /// The numbers behind these names, joined by dots, in a file.
    Numbers(&'static str, &'static [&'static str]),
    /// The version of the package: the sources are its own.
    Package,
    /// The sources say none.
    None,
}

/// A library inside a package.
struct Entry {
    name: &'static str,
    licence: &'static str,
    version: Version,
}

/// A library that was found, with its version.
pub struct Bundled {
    /// Its name.
    pub name: &'static str,
    /// SPDX expression of its licence.
    pub licence: &'static str,
    /// Its version, if its sources say one.
    pub version: Option<String>,
}

const AWS_LC: [Entry; 4] = [
    Entry {
        name: "aws-lc",
        licence: "ISC AND (Apache-2.0 OR ISC) AND Apache-2.0 AND MIT",
        version: Version::Text("aws-lc/include/openssl/base.h", "AWSLC_VERSION_NUMBER_STRING"),
    },
    Entry { name: "s2n-bignum", licence: "Apache-2.0 OR ISC OR MIT-0", version: Version::None },
    Entry { name: "fiat-crypto", licence: "MIT", version: Version::None },
    Entry {
        name: "jitterentropy-library",
        licence: "BSD-3-Clause",
        version: Version::Numbers(
            "aws-lc/third_party/jitterentropy/jitterentropy-library/jitterentropy.h",
            &["JENT_MAJVERSION", "JENT_MINVERSION", "JENT_PATCHLEVEL"],
        ),
    },
];

const LIBGIT2: [Entry; 5] = [
    Entry {
        // "You may link and distribute the compiled library without restriction": the words are
        // those of GCC's exception.
        name: "libgit2",
        licence: "GPL-2.0-only WITH GCC-exception-2.0",
        version: Version::Text("libgit2/include/git2/version.h", "LIBGIT2_VERSION"),
    },
    Entry {
        name: "llhttp",
        licence: "MIT",
        version: Version::Numbers(
            "libgit2/deps/llhttp/llhttp.h",
            &["LLHTTP_VERSION_MAJOR", "LLHTTP_VERSION_MINOR", "LLHTTP_VERSION_PATCH"],
        ),
    },
    Entry {
        name: "pcre2",
        licence: "BSD-3-Clause",
        version: Version::Numbers("libgit2/deps/pcre2/pcre2.h", &["PCRE2_MAJOR", "PCRE2_MINOR"]),
    },
    Entry {
        name: "libxdiff",
        licence: "LGPL-2.1-or-later AND BSD-3-Clause",
        version: Version::None,
    },
    Entry { name: "sha1collisiondetection", licence: "MIT", version: Version::None },
];

const ZLIB: [Entry; 1] = [Entry {
    name: "zlib",
    licence: "Zlib",
    version: Version::Text("src/zlib/zlib.h", "ZLIB_VERSION"),
}];

const ZSTD: [Entry; 1] = [Entry {
    name: "zstd",
    licence: "BSD-3-Clause",
    version: Version::Numbers(
        "zstd/lib/zstd.h",
        &["ZSTD_VERSION_MAJOR", "ZSTD_VERSION_MINOR", "ZSTD_VERSION_RELEASE"],
    ),
}];

const BLAKE3: [Entry; 1] = [Entry {
    name: "blake3-c",
    licence: "CC0-1.0 OR Apache-2.0 OR Apache-2.0 WITH LLVM-exception",
    version: Version::Package,
}];

/// Packages that bring code that cargo does not know.
const TABLE: [(&str, &[Entry]); 5] = [
    ("aws-lc-sys", &AWS_LC),
    ("blake3", &BLAKE3),
    ("libgit2-sys", &LIBGIT2),
    ("libz-sys", &ZLIB),
    ("zstd-sys", &ZSTD),
];

/// Packages that stand for a library and bring none themselves.
const EMPTY: [&str; 1] = ["aws-lc-rs"];

/// The libraries inside a package that is linked.
pub fn inside(id: &Id, package: &Package) -> Result<Vec<Bundled>> {
    let Some((_, entries)) = TABLE.iter().find(|(name, _)| *name == id.0) else {
        let brings = package.compiles || package.links.is_some();
        if package.linked && brings && !EMPTY.contains(&id.0.as_str()) {
            bail!(
                "{} {} compiles or links code in other languages: say which in \
                 xtask/src/supply/sbom/bundled.rs",
                id.0,
                id.1
            );
        }
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for entry in entries.iter().filter(|_| package.linked) {
        spdx::Expression::parse(entry.licence).with_context(|| entry.name.to_owned())?;
        let version = match entry.version {
            Version::None => None,
            Version::Package => Some(id.1.clone()),
            Version::Text(file, name) => {
                let rest = defined(package, file, name)?;
                let text = rest.trim().trim_matches('"').to_owned();
                Some(text)
            }
            Version::Numbers(file, names) => {
                let numbers: Result<Vec<String>> = names
                    .iter()
                    .map(|name| {
                        let rest = defined(package, file, name)?;
                        let number = rest.split_whitespace().next().unwrap_or_default();
                        let _: u32 =
                            number.parse().with_context(|| format!("{file}: {name} {number}"))?;
                        Ok(number.to_owned())
                    })
                    .collect();
                Some(numbers?.join("."))
            }
        };
        found.push(Bundled { name: entry.name, licence: entry.licence, version });
    }
    Ok(found)
}

/// What is behind `#define NAME` in a file of the package.
fn defined(package: &Package, file: &str, name: &str) -> Result<String> {
    let path = package.folder.join(file);
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    text.lines()
        .find_map(|line| {
            let rest = line.strip_prefix("#define")?.trim_start().strip_prefix(name)?;
            rest.starts_with([' ', '\t']).then(|| rest.trim().to_owned())
        })
        .with_context(|| format!("{}: does not define {name}", path.display()))
}

/// Names in the table that are no longer part of the program.
pub fn forgotten(graph: &Graph) -> Vec<&'static str> {
    let there = |name: &str| graph.packages.iter().any(|(id, p)| p.linked && id.0 == name);
    TABLE.iter().map(|(name, _)| *name).chain(EMPTY).filter(|name| !there(name)).collect()
}
