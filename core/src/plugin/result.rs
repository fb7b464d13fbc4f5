//! The result of a plugin as an in-toto test result (v0.1).
//!
//! A skip or an open question is no result: the type has no word for either, and neither
//! may be shown as one it has.

use pkg_plugin_sdk::{Device, Outcome};
use serde_json::{Map, Value, json};

use super::ask::{Asked, Verdict};
use crate::finding::{Code, Problem, Result};
use crate::model::digest::Digest;

/// Member of the predicate that has what the type has no place for.
pub const RUN: &str = "urn:x-pkg:plugin-run";

/// The name under which a plugin stands in `configuration`. What a plugin for GPUs found
/// on a processor is another test than what it found on a GPU.
pub fn test_name(id: &str, needs_gpu: bool, device: Device) -> String {
    if needs_gpu && device == Device::Cpu { format!("{id}:cpu") } else { id.to_owned() }
}

/// Begins the name of a plugin in `configuration`.
const PLUGIN: &str = "plugin:";

/// The plugins that a predicate is a result of.
pub fn plugins(predicate: &Value) -> Vec<String> {
    let configuration = predicate.get("configuration").and_then(Value::as_array);
    let names = configuration.into_iter().flatten().filter_map(|item| item.get("name")?.as_str());
    names.filter_map(|name| name.strip_prefix(PLUGIN)).map(str::to_owned).collect()
}

/// The predicate; none when there is no result.
pub fn predicate(
    asked: &Asked,
    needs_gpu: bool,
    settings: &Map<String, Value>,
) -> Result<Option<Value>> {
    let result = match asked.verdict {
        Verdict::Passed => "PASSED",
        Verdict::Warned => "WARNED",
        Verdict::Failed => "FAILED",
        Verdict::Inconclusive | Verdict::Skipped | Verdict::Broken => return Ok(None),
    };
    let plugin = &asked.plugin;
    let name = test_name(&plugin.id, needs_gpu, asked.device);
    let text = serde_json::to_vec(settings).map_err(|error| {
        Problem::new(Code::Internal, &plugin.id).detail(error.to_string()).source(error)
    })?;
    let mut configuration = vec![
        json!({ "name": format!("{PLUGIN}{name}"), "digest": { "sha256": plugin.sha256 },
            "annotations": { "version": plugin.version, "abi": plugin.abi } }),
        json!({ "name": "settings", "digest": { "sha256": Digest::of(&text).hex() } }),
    ];
    configuration.extend(
        asked.materials.iter().map(
            |material| json!({ "name": material.name, "digest": { "sha256": material.sha256 } }),
        ),
    );
    let named = |outcome: Outcome| -> Vec<String> {
        let checks = asked.checks.iter().filter(|check| check.outcome == outcome);
        checks.map(|check| format!("{}/{}", plugin.id, check.name)).collect()
    };
    let metrics: Vec<Value> = asked
        .metrics
        .iter()
        .map(|metric| {
            let mut value =
                json!({ "name": metric.name, "unit": metric.unit, "value": metric.value });
            if let Some(stddev) = metric.stddev {
                value["stddev"] = json!(stddev);
                value["samples"] = json!(metric.samples.len());
            }
            value
        })
        .collect();
    Ok(Some(json!({
        "result": result,
        "configuration": configuration,
        "passedTests": named(Outcome::Passed),
        "warnedTests": named(Outcome::Warned),
        "failedTests": named(Outcome::Failed),
        RUN: {
            "plugin": { "id": plugin.id, "version": plugin.version, "abi": plugin.abi },
            "operation": asked.operation,
            "device": asked.device,
            "settings": settings,
            "environment": asked.environment,
            "confinement": asked.confinement,
            "metrics": metrics,
        },
    })))
}
