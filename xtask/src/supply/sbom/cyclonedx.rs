//! The list as CycloneDX 1.6 (ECMA-424).

use anyhow::Result;
use serde_json::{Value, json};

use super::graph::Id;
use super::{About, Listed, purl, uuid};

fn reference(id: &Id) -> String {
    purl(id)
}

/// Writes the document. It has no time of its own, and its serial number follows from the rest,
/// so that the same program has the same list.
pub fn write(listed: &Listed, about: &About) -> Result<Value> {
    let mut components = Vec::new();
    let mut dependencies = Vec::new();
    for (id, package, bundled) in &listed.packages {
        let uses: Vec<String> = package.uses.iter().map(reference).collect();
        dependencies.push(json!({"ref": reference(id), "dependsOn": uses}));
        if *id == listed.root {
            continue;
        }
        let mut component = json!({
            "type": "library",
            "bom-ref": reference(id),
            "name": id.0,
            "version": id.1,
            "scope": if package.linked { "required" } else { "excluded" },
            "licenses": [{"expression": package.licence}],
            "purl": purl(id),
        });
        if let Some(text) = &package.description {
            component["description"] = json!(text);
        }
        if let Some(checksum) = &package.checksum {
            component["hashes"] = json!([{"alg": "SHA-256", "content": checksum}]);
        }
        if let Some(address) = &package.repository {
            component["externalReferences"] = json!([{"type": "vcs", "url": address}]);
        }
        let mut properties = vec![json!({
            "name": "pkg:role",
            "value": if package.linked { "linked" } else { "build" },
        })];
        properties.extend(
            package.features.iter().map(|name| json!({"name": "pkg:feature", "value": name})),
        );
        component["properties"] = Value::Array(properties);
        let inside: Vec<Value> = bundled
            .iter()
            .map(|library| {
                let mut nested = json!({
                    "type": "library",
                    "bom-ref": format!("{}#{}", reference(id), library.name),
                    "name": library.name,
                    "licenses": [{"expression": library.licence}],
                });
                if let Some(version) = &library.version {
                    nested["version"] = json!(version);
                }
                nested
            })
            .collect();
        if !inside.is_empty() {
            component["components"] = Value::Array(inside);
        }
        components.push(component);
    }
    components.push(json!({
        "type": "library",
        "bom-ref": "rust-std",
        "name": "rust-std",
        "version": about.rust,
        "scope": "required",
        "licenses": [{"expression": "MIT OR Apache-2.0"}],
        "properties": [{"name": "pkg:commit", "value": about.rust_commit}],
    }));
    dependencies.push(json!({"ref": "rust-std", "dependsOn": []}));
    let root = listed.root_package()?;
    let mut document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "lifecycles": [{"phase": "build"}],
            "tools": {"components": [
                {"type": "application", "name": "cargo xtask sbom", "version": listed.root.1},
            ]},
            "component": {
                "type": "application",
                "bom-ref": reference(&listed.root),
                "name": about.name,
                "version": listed.root.1,
                "description": root.description,
                "licenses": [{"expression": root.licence}],
                "properties": about.properties().into_iter().chain(
                    root.features.iter().map(|name| ("pkg:feature", name.clone())),
                ).map(|(name, value)| json!({"name": name, "value": value})).collect::<Vec<_>>(),
            },
        },
        "components": components,
        "dependencies": dependencies,
        "compositions": [{
            "aggregate": "complete",
            "assemblies": [reference(&listed.root)],
        }],
    });
    let serial = format!("urn:uuid:{}", uuid(&document.to_string()));
    document["serialNumber"] = json!(serial);
    Ok(document)
}
