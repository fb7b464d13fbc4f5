//! Writing `pkg.toml` the way a person would.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use super::Survey;
use super::origin::{DataSet, Origin};
use super::sort::{Item, Place};
use super::terms::{Group, Terms};
use crate::model::kind::Kind;
use crate::model::spec::Relation;
use crate::scan::{classify, folder_of};
use crate::spec;

/// Most files that are named in one comment.
const NAMED: usize = 4;
/// Most undecided files that are listed.
const MAX_UNDECIDED: usize = 50;
/// So many files of one sort are written as a glob, if it matches nothing else.
const GLOB_FROM: usize = 4;
/// Longest name of a release, in bytes.
const MAX_NAME: usize = 128;

/// A TOML basic string.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            c if c.is_control() => {
                let _ = write!(quoted, "\\u{:04X}", u32::from(c));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// Text for a comment: on one line, whatever it came from.
fn plain(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A whole new file.
pub(super) fn fresh(
    folder: &Path,
    survey: &Survey,
    origin: &Origin,
    groups: &[Group<'_>],
) -> String {
    let shared = groups.first().map(|group| &group.terms);
    let shared = shared.filter(|terms| groups.iter().all(|group| group.terms.same(terms)));
    let mut text = String::from(
        "# What this release is made of: written by `pkg init`, yours to edit, read by `pkg pack`.\n\
         # `pkg schema pkg-toml` prints the schema of this file.\n\n",
    );
    release(&mut text, folder, origin, shared);
    for group in groups {
        text.push('\n');
        reasons(&mut text, group);
        let paths = patterns(&group.items, &survey.paths);
        component(&mut text, group, &paths, shared.is_none(), "");
    }
    for data in &origin.data {
        text.push('\n');
        data_set(&mut text, data);
    }
    for (name, relation) in &origin.base_models {
        text.push('\n');
        base_model(&mut text, name, *relation);
    }
    absent(&mut text, groups);
    undecided(&mut text, survey);
    text
}

fn release(text: &mut String, folder: &Path, origin: &Origin, shared: Option<&Terms>) {
    let version = origin.version.as_ref().filter(|(version, _)| is_tag(version));
    let _ = writeln!(text, "[release]\nname = {}", quote(&name_of(folder)));
    let _ = match version {
        Some((version, from)) => {
            writeln!(text, "version = {}  # from {}", quote(version), plain(from))
        }
        None => writeln!(text, "version = \"0.1.0\""),
    };
    text.push_str(
        "# publisher = \"Who publishes it\"\n\
         # description = \"One or two sentences.\"\n\
         # released = \"YYYY-MM-DD\"\n",
    );
    if let Some(terms) = shared {
        licence(text, terms, "");
    }
}

fn is_tag(version: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    version.len() <= MAX_NAME
        && version.starts_with(word)
        && version.chars().all(|c| word(c) || c == '.' || c == '-')
}

/// A valid release name made of the folder's name.
fn name_of(folder: &Path) -> String {
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = folder.file_name().map(|name| name.to_string_lossy().to_ascii_lowercase());
    let mut clean = String::new();
    for c in name.unwrap_or_default().chars() {
        let valid = c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
        match (valid, clean.ends_with('-')) {
            (true, _) => clean.push(c),
            (false, false) => clean.push('-'),
            (false, true) => {}
        }
    }
    let clean = clean.trim_matches(|c: char| matches!(c, '.' | '_' | '-'));
    let clean: String = clean.chars().take(MAX_NAME).collect();
    if clean.is_empty() { "model".to_owned() } else { clean }
}

fn licence(text: &mut String, terms: &Terms, prefix: &str) {
    let note = plain(&terms.note);
    let _ = match &terms.licence {
        Some(licence) => {
            writeln!(text, "{prefix}# Licence: {note}\n{prefix}licence = {}", quote(licence))
        }
        None => writeln!(
            text,
            "{prefix}# Licence undecided: {note}\n{prefix}# licence = \"SPDX expression\""
        ),
    };
    if let Some(file) = &terms.file {
        let _ = writeln!(text, "{prefix}licence-file = {}", quote(file.as_str()));
    }
}

/// Comments that say what the files of a group were told by.
pub(super) fn reasons(text: &mut String, group: &Group<'_>) {
    let mut by_reason: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let shared = common_folder(&group.items);
    for item in &group.items {
        let path = item.file.path.as_str();
        by_reason.entry(item.reason.as_str()).or_default().push(path.get(shared..).unwrap_or(path));
    }
    let _ = writeln!(text, "# {}.", group.kind.title());
    for (reason, paths) in by_reason {
        let named = paths.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
        let more = match paths.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let _ = writeln!(text, "# {named}{more}: {}", plain(reason));
    }
}

/// Length of the folder, with its `/`, that all files lie in.
fn common_folder(items: &[&Item]) -> usize {
    let mut folders = items.iter().map(|item| folder_of(&item.file.path));
    let mut common = folders.next().unwrap_or_default();
    for folder in folders {
        let within = |common: &str| {
            folder.strip_prefix(common).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        while !common.is_empty() && !within(common) {
            common = common.rsplit_once('/').map_or("", |(above, _)| above);
        }
    }
    if common.is_empty() { 0 } else { common.len() + 1 }
}

/// A component; `prefix` makes a comment of it.
pub(super) fn component(
    text: &mut String,
    group: &Group<'_>,
    paths: &[String],
    own_terms: bool,
    prefix: &str,
) {
    let _ = writeln!(text, "{prefix}[[component]]\n{prefix}kind = \"{}\"", group.kind);
    let _ = match paths {
        [one] => writeln!(text, "{prefix}paths = [{}]", quote(one)),
        several => {
            let lines: String = several.iter().fold(String::new(), |lines, path| {
                format!("{lines}{prefix}    {},\n", quote(path))
            });
            writeln!(text, "{prefix}paths = [\n{lines}{prefix}]")
        }
    };
    if own_terms {
        licence(text, &group.terms, prefix);
    }
}

pub(super) fn data_set(text: &mut String, data: &DataSet) {
    let _ = writeln!(text, "# A data set that the model card or a manifest names.\n[[data]]");
    let _ = writeln!(text, "name = {}", quote(&data.name));
    if let Some(manifest) = &data.manifest {
        let _ = writeln!(text, "manifest = {}", quote(manifest));
    }
    if let Some(url) = &data.url {
        let _ = writeln!(text, "url = {}", quote(url));
    }
    text.push_str(
        "# class = \"public\"  # open, public, obtainable or unshareable\n\
         # role = \"finetune\"  # pretrain, finetune, preference or eval\n",
    );
}

fn base_model(text: &mut String, name: &str, relation: Option<Relation>) {
    let _ = writeln!(text, "# A model that this one was made from.\n[[base-model]]");
    let _ = writeln!(text, "name = {}", quote(name));
    let _ = match relation {
        Some(relation) => {
            let word = match relation {
                Relation::Finetune => "finetune",
                Relation::Adapter => "adapter",
                Relation::Quantized => "quantized",
                Relation::Merge => "merge",
            };
            writeln!(text, "relation = \"{word}\"")
        }
        None => {
            writeln!(text, "# relation = \"finetune\"  # finetune, adapter, quantized or merge")
        }
    };
}

/// How to speak about what is not in the folder, for kinds readers look for.
fn absent(text: &mut String, groups: &[Group<'_>]) {
    let asked = [Kind::TrainingCode, Kind::Datasets, Kind::EvaluationResults];
    let Some(kind) = asked.iter().find(|kind| groups.iter().all(|group| group.kind != **kind))
    else {
        return;
    };
    let _ = writeln!(
        text,
        "\n# What is not in this folder can be named too, by `url`, from `git`, or as left out:\n\
         # [[component]]\n# kind = \"{kind}\"\n# absent = \"why\""
    );
}

fn undecided(text: &mut String, survey: &Survey) {
    let items = survey.items.iter().filter(|item| item.place == Place::Undecided);
    let items = items.map(|item| (item.file.path.as_str(), item.reason.as_str()));
    let refused = survey.refused.iter().map(|(path, why)| (path.as_str(), why.as_str()));
    let all: Vec<(&str, &str)> = items.chain(refused).collect();
    if all.is_empty() {
        return;
    }
    text.push_str(
        "\n# Not decided, so not packed. Add them to a component if they belong to it:\n",
    );
    for (path, reason) in all.iter().take(MAX_UNDECIDED) {
        let _ = writeln!(text, "#   {}: {}", plain(path), plain(reason));
    }
    if let Some(more) = all.len().checked_sub(MAX_UNDECIDED).filter(|more| *more > 0) {
        let _ = writeln!(text, "#   and {more} more");
    }
}

/// Patterns that match exactly these files among all paths of the folder.
fn patterns(items: &[&Item], all: &[String]) -> Vec<String> {
    let mut sorts: BTreeMap<(&str, String), Vec<&str>> = BTreeMap::new();
    for item in items {
        let path = &item.file.path;
        let sort = (folder_of(path), classify::extension(path));
        sorts.entry(sort).or_default().push(path.as_str());
    }
    let mut patterns = Vec::new();
    for ((folder, extension), paths) in sorts {
        let start = if folder.is_empty() { String::new() } else { globset::escape(folder) + "/" };
        let glob = format!("{start}*.{}", globset::escape(&extension));
        if paths.len() >= GLOB_FROM && !extension.is_empty() && matches_only(&glob, &paths, all) {
            patterns.push(glob);
        } else {
            patterns.extend(paths.into_iter().map(globset::escape));
        }
    }
    patterns.sort();
    patterns
}

fn matches_only(glob: &str, paths: &[&str], all: &[String]) -> bool {
    let Ok(matcher) = spec::matcher(glob) else { return false };
    let mut matched = all.iter().filter(|path| matcher.is_match(path)).map(String::as_str);
    // Both lists are ordered by path.
    matched.by_ref().eq(paths.iter().copied())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{is_tag, matches_only, name_of, plain, quote};

    #[test]
    fn names_become_valid() {
        for (folder, expected) in [
            ("/x/Llama-3.2 1B (final)", "llama-3.2-1b-final"),
            ("/x/\u{4e2d}\u{6587}", "model"),
            ("/", "model"),
            ("/x/.hidden", "hidden"),
            ("/x/model.pkg-", "model.pkg"),
        ] {
            assert_eq!(name_of(Path::new(folder)), expected);
        }
        assert_eq!(name_of(Path::new(&format!("/x/{}", "a".repeat(200)))).len(), 128);
        assert!(is_tag("v1.0") && !is_tag("1.0+cpu") && !is_tag("") && !is_tag("-1"));
    }

    #[test]
    fn strings_survive_toml_and_comments_stay_on_their_line() {
        for text in ["a\"b\\c", "\u{7f}\n\t\u{0}", "\u{e4}\u{4e2d}\u{1f600}", "'''", "#"] {
            let parsed: toml::Table = toml::from_str(&format!("x = {}", quote(text))).unwrap();
            assert_eq!(parsed["x"].as_str(), Some(text));
        }
        assert_eq!(plain("a\n[release]\r\u{85}"), "a [release]  ");
    }

    #[test]
    fn a_glob_is_used_only_if_it_matches_nothing_else() {
        let all: Vec<String> = ["a.py", "b.py", "sub/c.py"].map(str::to_owned).into();
        assert!(matches_only("*.py", &["a.py", "b.py"], &all));
        assert!(!matches_only("*.py", &["a.py"], &all));
        assert!(!matches_only("**/*.py", &["a.py", "b.py"], &all));
    }
}
