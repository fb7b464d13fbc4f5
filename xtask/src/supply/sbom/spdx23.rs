//! The list as SPDX 2.3 (ISO/IEC 5962 is 2.2.1).

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{About, Listed, purl, uuid};

/// An identifier of SPDX: letters, digits, dots and hyphens.
fn name(parts: &[&str]) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' };
    format!("SPDXRef-{}", parts.join("-").chars().map(plain).collect::<String>())
}

/// Writes the document. Its time is that of the commit, and its address follows from the rest.
pub fn write(listed: &Listed, about: &About) -> Result<Value> {
    let mut packages = Vec::new();
    let mut relationships = Vec::new();
    let root = name(&[&listed.root.0, &listed.root.1]);
    let mut relate = |from: &str, kind: &str, to: &str| {
        relationships.push(json!({
            "spdxElementId": from, "relationshipType": kind, "relatedSpdxElement": to,
        }));
    };
    relate("SPDXRef-DOCUMENT", "DESCRIBES", &root);
    for (id, package, bundled) in &listed.packages {
        let me = name(&[&id.0, &id.1]);
        let mut entry = json!({
            "SPDXID": me,
            "name": if *id == listed.root { about.name } else { &id.0 },
            "versionInfo": id.1,
            "downloadLocation": "NOASSERTION",
            "filesAnalyzed": false,
            "licenseConcluded": "NOASSERTION",
            "licenseDeclared": package.licence,
            "copyrightText": "NOASSERTION",
            "primaryPackagePurpose": if *id == listed.root { "APPLICATION" } else { "LIBRARY" },
        });
        if *id != listed.root {
            entry["externalRefs"] = json!([{
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": purl(id),
            }]);
        }
        if let Some(checksum) = &package.checksum {
            entry["checksums"] = json!([{"algorithm": "SHA256", "checksumValue": checksum}]);
        }
        packages.push(entry);
        for used in &package.uses {
            relate(&me, "DEPENDS_ON", &name(&[&used.0, &used.1]));
        }
        if !package.linked {
            relate(&me, "BUILD_DEPENDENCY_OF", &root);
        }
        for library in bundled {
            let inner = name(&[&id.0, &id.1, library.name]);
            let mut entry = json!({
                "SPDXID": inner,
                "name": library.name,
                "downloadLocation": "NOASSERTION",
                "filesAnalyzed": false,
                "licenseConcluded": "NOASSERTION",
                "licenseDeclared": library.licence,
                "copyrightText": "NOASSERTION",
                "primaryPackagePurpose": "LIBRARY",
            });
            if let Some(version) = &library.version {
                entry["versionInfo"] = json!(version);
            }
            packages.push(entry);
            relate(&me, "CONTAINS", &inner);
        }
    }
    packages.push(json!({
        "SPDXID": "SPDXRef-rust-std",
        "name": "rust-std",
        "versionInfo": about.rust,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": false,
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "MIT OR Apache-2.0",
        "copyrightText": "NOASSERTION",
        "primaryPackagePurpose": "LIBRARY",
    }));
    relate(&root, "STATIC_LINK", "SPDXRef-rust-std");
    let seconds: i64 = about.time.parse().context("the time of the commit")?;
    let comment: Vec<String> =
        about.properties().into_iter().map(|(name, value)| format!("{name} = {value}")).collect();
    let mut document = json!({
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": format!("{}-{}", about.name, listed.root.1),
        "comment": comment.join("; "),
        "creationInfo": {
            "created": jiff::Timestamp::from_second(seconds)?.to_string(),
            "creators": [format!("Tool: cargo-xtask-sbom-{}", listed.root.1)],
        },
        "packages": packages,
        "relationships": relationships,
    });
    let address = format!("urn:uuid:{}", uuid(&document.to_string()));
    document["documentNamespace"] = json!(address);
    Ok(document)
}
