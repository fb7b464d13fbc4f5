//! Models in several files: which belong together, and whether all are there.

use std::collections::{BTreeMap, BTreeSet};

use crate::files::{Format, WeightFile, folder};
use pkg_plugin_sdk::section::{Section, quoted};

/// The files of one model, by their names.
#[derive(Debug)]
pub(crate) struct Group {
    /// Folder and stem, such as `unet/model`; for people.
    pub(crate) name: String,
    /// Format of its files.
    pub(crate) format: Format,
    /// Indices of its files, in the order of their names.
    pub(crate) files: Vec<usize>,
    /// How many files there should be, when their names say so.
    pub(crate) total: Option<u64>,
    /// Whether all are there.
    pub(crate) complete: bool,
}

/// Stem, number from 1 and total of a name such as `model-00001-of-00003.gguf`.
pub(crate) fn part(name: &str) -> Option<(&str, u64, u64)> {
    let stem = name.rsplit_once('.')?.0;
    let (rest, total) = stem.rsplit_once("-of-")?;
    let (stem, number) = rest.rsplit_once('-')?;
    let digits = |text: &str| {
        let right = text.len() == 5 && text.bytes().all(|byte| byte.is_ascii_digit());
        right.then(|| text.parse().ok()).flatten()
    };
    Some((stem, digits(number)?, digits(total)?))
}

/// What parts of one model have in common: folder, stem, extension and total.
type Common<'a> = (&'a str, &'a str, &'a str, u64);

/// Numbers of parts that are there, by what they have in common.
type Numbers<'a> = BTreeMap<Common<'a>, BTreeSet<u64>>;

fn common(path: &str) -> Option<(Common<'_>, u64)> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let (stem, number, total) = part(name)?;
    let extension = name.rsplit_once('.').map_or("", |(_, end)| end);
    Some(((folder(path), stem, extension, total), number))
}

/// Sorts files into models, and looks whether every part is there.
///
/// `paths` has all files of the release: a part whose header cannot be read is there.
pub(crate) fn group(
    files: &[WeightFile<'_>],
    paths: &BTreeSet<&str>,
    section: &mut Section,
) -> Vec<Group> {
    let mut numbers = Numbers::new();
    for (common, number) in paths.iter().filter_map(|path| common(path)) {
        numbers.entry(common).or_default().insert(number);
    }
    let mut groups: BTreeMap<(String, Format, Option<u64>), Vec<usize>> = BTreeMap::new();
    for (index, file) in files.iter().enumerate() {
        let parts = part(file.file.name());
        let stem = parts.map_or_else(|| file.file.name(), |(stem, ..)| stem);
        let folder = file.folder();
        let name = if folder.is_empty() { stem.to_owned() } else { format!("{folder}/{stem}") };
        groups.entry((name, file.format, parts.map(|(.., total)| total))).or_default().push(index);
    }
    let groups = groups.into_iter().map(|((name, format, total), mut indices)| {
        indices.sort_by_key(|index| files[*index].path());
        let mut group = Group { name, format, files: indices, total, complete: true };
        if total.is_some() {
            section.looked = true;
            group.complete = numbered(&group, files, &numbers, section);
        }
        if format == Format::Gguf {
            group.complete &= splits(&group, files, section);
        }
        group
    });
    groups.collect()
}

/// Whether the numbers in the names are those from 1 to the total.
fn numbered(
    group: &Group,
    files: &[WeightFile<'_>],
    numbers: &Numbers<'_>,
    section: &mut Section,
) -> bool {
    let total = group.total.unwrap_or_default();
    let Some(first) = group.files.first().map(|index| files[*index].path()) else { return true };
    let there = common(first).and_then(|(common, _)| numbers.get(&common));
    let Some(there) = there else { return true };
    let outside = there.iter().filter(|number| !(1..=total).contains(*number)).count();
    if outside > 0 {
        let detail = format!("{outside} part(s) of {total} have a number that is none of these");
        section.error("shard-number", first, detail);
    }
    let missing = total.saturating_sub((there.len() - outside) as u64);
    if missing > 0 {
        let number = (1..=total).find(|number| !there.contains(number)).unwrap_or_default();
        section.error(
            "shard-missing",
            first,
            format!(
                "of the {total} parts of {} {missing} are not there, the first of them part {number}",
                quoted(&group.name)
            ),
        );
    }
    missing == 0 && outside == 0
}

/// What GGUF files say about being parts, against their names and each other.
///
/// Source: `llama_model_loader` in llama.cpp, the keys `split.no`, `split.count` and
/// `split.tensors.count`.
fn splits(group: &Group, files: &[WeightFile<'_>], section: &mut Section) -> bool {
    let mut whole = true;
    let mut tensors = 0_u64;
    let mut claims = BTreeSet::new();
    for index in &group.files {
        let file = &files[*index];
        let Some(header) = &file.gguf else { continue };
        let (no, count) = (header.number("split.no"), header.number("split.count"));
        let named = part(file.file.name());
        tensors = tensors.saturating_add(header.tensors);
        claims.extend(header.number("split.tensors.count"));
        if let (Some(no), Some((_, number, _))) = (no, named)
            && no.checked_add(1) != Some(number)
        {
            let detail = format!("split.no is {no} (from 0), but its name says part {number}");
            section.error("gguf-split", file.path(), detail);
            whole = false;
        }
        let (count, total) = (count.unwrap_or(1), named.map_or(1, |(.., total)| total));
        if count.max(1) != total {
            let detail = format!("split.count is {count}, but its name makes it one of {total}");
            section.error("gguf-split", file.path(), detail);
            whole = false;
        }
        section.looked |= count > 1;
    }
    let first = group.files.first().map_or("", |index| files[*index].path());
    for claim in &claims {
        if whole && group.complete && *claim != tensors {
            let detail = format!("split.tensors.count is {claim}, but the parts have {tensors}");
            section.error("gguf-split", first, detail);
            whole = false;
        }
    }
    whole && repeated(group, files, section)
}

/// Whether no tensor is in two parts.
fn repeated(group: &Group, files: &[WeightFile<'_>], section: &mut Section) -> bool {
    if group.files.len() < 2 {
        return true;
    }
    let mut seen = std::collections::HashMap::new();
    let mut once = true;
    for index in &group.files {
        for tensor in &files[*index].tensors {
            let Some(before) = seen.insert(tensor.name.as_str(), *index) else { continue };
            if before != *index {
                let detail = format!(
                    "tensor {} is in {} too",
                    quoted(&tensor.name),
                    quoted(files[before].path())
                );
                section.error("gguf-split-tensor", files[*index].path(), detail);
                once = false;
            }
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn parts_are_read_from_names() {
        assert_eq!(part("model-00001-of-00003.safetensors"), Some(("model", 1, 3)));
        assert_eq!(part("a-b-00012-of-00012.gguf"), Some(("a-b", 12, 12)));
        for name in
            ["model.gguf", "model-1-of-3.gguf", "model-00001-of-00003", "m-+0001-of-00002.x"]
        {
            assert_eq!(part(name), None, "{name}");
        }
    }
}
