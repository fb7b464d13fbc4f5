//! Checks weight files: headers, shapes, values.
//!
//! Five checks: `headers` (what each file says about its tensors), `shards` (models in
//! several files), `index` (`model.safetensors.index.json`), `config-agreement` (sizes in
//! the configuration against shapes) and `values` (NaN, infinities, noughts). What was not
//! looked at is said in the check, which is skipped where it looked at nothing.

mod agree;
mod dtype;
mod files;
mod gguf_rules;
mod index;
mod shards;
#[cfg(test)]
mod tests;
mod values;

use std::collections::{BTreeMap, BTreeSet};

use pkg_plugin_sdk::{
    Description, Failure, Host, Kind, Metric, Plugin, Reply, Request, SkipReason, export_plugin,
};

use crate::files::{Format, WeightFile};
use pkg_plugin_sdk::section::Section;

/// The plugin.
#[derive(Debug)]
pub struct Weights;

impl Plugin for Weights {
    fn describe() -> Description {
        Description::new(
            "weights",
            env!("CARGO_PKG_VERSION"),
            &[Kind::Verify],
            "Weight files: headers, shards, agreement with the configuration, values.",
        )
        .setting("values", "whether the values of tensors are looked at; default true")
    }

    fn run(request: &Request, host: &Host<'_>) -> Result<Reply, Failure> {
        let values = match request.settings.get("values") {
            None => true,
            Some(value) => value
                .as_bool()
                .ok_or_else(|| Failure::new("the setting `values` is neither true nor false"))?,
        };
        look(request, values, host)
    }
}

export_plugin!(Weights);

fn look(request: &Request, values: bool, host: &Host<'_>) -> Result<Reply, Failure> {
    let mut headers = Section::new("headers");
    let mut found = files::find(&request.files, &mut headers);
    if found.known == 0 {
        let detail = match found.foreign {
            0 => "the release has no safetensors or GGUF file".to_owned(),
            count => format!("the release has {count} weight file(s), none safetensors or GGUF"),
        };
        return Ok(Reply::skipped(SkipReason::NothingToCheck, detail));
    }
    headers.looked = true;
    for file in &mut found.files {
        gguf_rules::look(file, &mut headers);
    }
    headers.say(told(&found));
    let weights = &found.files;
    let paths: BTreeSet<&str> = request.files.iter().map(|file| file.path.as_str()).collect();
    let mut shards = Section::new("shards");
    let groups = shards::group(weights, &paths, &mut shards);
    shards.say(format!("{} model(s) in {} file(s)", groups.len(), weights.len()));
    let mut index = Section::new("index");
    let covered = index::look(&request.files, weights, &mut index);
    for group in &groups {
        unlisted(group, weights, &covered, &mut index);
    }
    let mut agreement = Section::new("config-agreement");
    agree::look(&request.files, weights, &groups, &mut agreement);
    let mut looked = Section::new("values");
    let bytes = if values {
        values::look(weights, threads(request.threads), host, &mut looked)?.bytes
    } else {
        looked.say("switched off by the setting `values`");
        0
    };
    let sections = [headers, shards, index, agreement, looked];
    Ok(reply(sections, &found, bytes))
}

fn reply(sections: [Section; 5], found: &files::Found<'_>, bytes: u64) -> Reply {
    let (checks, findings): (Vec<_>, Vec<_>) = sections.into_iter().map(Section::finish).unzip();
    let findings: Vec<_> = findings.into_iter().flatten().collect();
    let (parameters, metrics) = metrics(&found.files, bytes);
    let summary = format!(
        "{} weight file(s), {parameters} parameters, {} finding(s)",
        found.known,
        findings.len()
    );
    let mut reply = Reply::new(checks).findings(findings).summary(summary);
    reply.metrics = metrics;
    reply
}

/// Shards of a safetensors model that no index lists: readers would not find them.
fn unlisted(
    group: &shards::Group,
    weights: &[WeightFile<'_>],
    covered: &BTreeSet<&str>,
    section: &mut Section,
) {
    let several = group.total.is_some_and(|total| total > 1);
    if group.format != Format::Safetensors || !several {
        return;
    }
    let outside: Vec<&str> = group
        .files
        .iter()
        .map(|index| weights[*index].path())
        .filter(|path| !covered.contains(path))
        .collect();
    if let Some(first) = outside.first() {
        let detail = format!("{} shard(s) are in no index, this is the first", outside.len());
        section.warn("index-absent", first, detail);
    }
}

fn told(found: &files::Found<'_>) -> String {
    let count = |format| found.files.iter().filter(|file| file.format == format).count();
    let tensors: usize = found.files.iter().map(|file| file.tensors.len()).sum();
    let mut parts = vec![format!(
        "{} safetensors and {} GGUF file(s) read, {tensors} tensors",
        count(Format::Safetensors),
        count(Format::Gguf)
    )];
    let unread = found.known - found.files.len();
    if unread > 0 {
        parts.push(format!("{unread} file(s) that cannot be read"));
    }
    if found.foreign > 0 {
        parts.push(format!("{} weight file(s) of other formats not looked at", found.foreign));
    }
    parts.join("; ")
}

/// Parameters in all files, in all and by type, and bytes of values that were read.
fn metrics(files: &[WeightFile<'_>], bytes: u64) -> (u64, Vec<Metric>) {
    let mut types: BTreeMap<&str, u64> = BTreeMap::new();
    for tensor in files.iter().flat_map(|file| &file.tensors) {
        let count = types.entry(tensor.dtype.name).or_default();
        *count = count.saturating_add(tensor.elements());
    }
    let all = types.values().copied().fold(0, u64::saturating_add);
    #[allow(clippy::cast_precision_loss)]
    let metric = |name: &str, unit: &str, value: u64| Metric::new(name, unit, value as f64);
    let mut metrics = vec![metric("parameters", "parameters", all)];
    metrics.extend(
        types
            .iter()
            .map(|(name, count)| metric(&format!("parameters.{name}"), "parameters", *count)),
    );
    metrics.push(metric("bytes-of-values", "bytes", bytes));
    (all, metrics)
}

fn threads(asked: usize) -> usize {
    if asked > 0 {
        return asked;
    }
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}
