//! docs/limits.md says what the code does: every number is that of the constant beside it, and
//! every limit of the code has a row.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use pkg_tests::{Place, repository};

/// Constants that are no limit of what strangers give: what is told of it, how often
/// something is tried, and forms of what pkg itself writes.
const OTHERS: [&str; 27] = [
    "check::MAX_FINDINGS",
    "check::secrets::MAX",
    "croissant::check::MAX_PAIRS",
    "git::checkout::MAX_TOLD",
    "git::state::MAX_NAMED",
    "init::MAX_FILE_FINDINGS",
    "init::text::MAX_NAME",
    "init::text::MAX_UNDECIDED",
    "model::canonical::MAX_INTEGER",
    "pipeline::log::MAX_CODES",
    "pipeline::pages::MAX_FINDINGS",
    "plugin::ask::MAX_TOLD",
    "plugin::files::MAX_PLACES",
    "policy::decide::MAX_LISTED",
    "policy::decide::MAX_LISTED_LENGTH",
    "policy::rego::MAX_REASON",
    "policy::rego::MAX_REASONS",
    "registry::address::MAX_TOLD",
    "registry::challenge::MAX_ERRORS",
    "registry::fetch::plan::MAX_RANGE",
    "registry::halt::MAX_THREADS",
    "registry::referrers::MAX_WRITES",
    "scan::onnx::MAX_IR_VERSION",
    "tables::MAX_TOLD",
    "trust::external::MAX_SHOWN",
    "trust::pkcs11_token::MAX_LISTED",
    "verify::against::MAX_TOLD",
];

/// Constants by module and name, with the text of their values.
fn constants() -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    let roots = [
        ("core/src", ""),
        ("plugins/formats/src", "formats::"),
        ("plugins/pickle/src", "pickle::"),
    ];
    for (root, prefix) in roots {
        let root = repository().join(root);
        let mut folders = vec![root.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|it| it == "rs")
                    && !path.file_stem().is_some_and(|it| it.to_string_lossy().ends_with("tests"))
                {
                    read(&root, prefix, &path, &mut all);
                }
            }
        }
    }
    all
}

fn read(root: &Path, prefix: &str, path: &Path, all: &mut BTreeMap<String, String>) {
    let inside = path.strip_prefix(root).unwrap().with_extension("");
    let parts = inside.iter().map(|part| part.to_str().unwrap()).filter(|part| *part != "mod");
    let module: String = parts.map(|part| format!("{part}::")).collect();
    let mut own = String::new();
    for line in fs::read_to_string(path).unwrap().lines() {
        match line {
            "pub mod limits {" => own = "limits::".to_owned(),
            "}" => own.clear(),
            _ => {}
        }
        let (_, rest) = line.split_once("const ").unwrap_or_default();
        if let Some((name, rest)) = rest.split_once(": ")
            && let Some((_, value)) = rest.split_once(" = ")
            && let Some(value) = value.strip_suffix(';')
        {
            all.insert(format!("{prefix}{module}{own}{name}"), value.to_owned());
        }
    }
}

/// The value of `4 << 20`, `24 * 60 * 60`, `Duration::from_mins(2)` and the like; times in
/// seconds.
fn value(text: &str) -> Option<u64> {
    let number = |text: &str| text.trim().replace('_', "").parse::<u64>().ok();
    if let Some((base, shift)) = text.split_once("<<") {
        return Some(number(base)? << number(shift)?);
    }
    for (form, each) in [("Duration::from_secs(", 1), ("Duration::from_mins(", 60)] {
        if let Some(count) = text.strip_prefix(form) {
            return Some(number(count.trim_end_matches(')'))? * each);
        }
    }
    text.split('*').map(number).product()
}

/// Every number of a cell, with its unit.
fn numbers(cell: &str) -> BTreeSet<u64> {
    let words: Vec<&str> = cell.split_whitespace().collect();
    let trimmed = |word: &str| word.trim_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned();
    let mut all = BTreeSet::new();
    for (at, word) in words.iter().enumerate() {
        let Ok(number) = trimmed(word).replace(',', "").parse::<u64>() else { continue };
        let ends = word.ends_with([',', ';', ':', ')']);
        let unit = words.get(at + 1).filter(|_| !ends).map(|word| trimmed(word));
        all.insert(match unit.as_deref() {
            Some("KiB") => number << 10,
            Some("MiB") => number << 20,
            Some("GiB") => number << 30,
            Some("min") => number * 60,
            _ => number,
        });
    }
    all
}

/// What stands in backticks.
fn quoted(cell: &str) -> impl Iterator<Item = &str> {
    cell.split('`').skip(1).step_by(2)
}

#[test]
fn the_documented_limits_are_those_of_the_code_and_none_is_missing() {
    let constants = constants();
    let text = fs::read_to_string(repository().join("docs/limits.md")).unwrap();
    let explained = Place::new().ok(&["explain", "--json"]).stdout;
    let mut wrong = Vec::new();
    let mut named = BTreeSet::new();
    for line in text.lines().filter(|line| line.starts_with('|')) {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [input, limit, place, beyond, test] = cells[..] else { continue };
        for name in quoted(place).filter(|name| name.contains("::")) {
            let last = name.rsplit("::").next().unwrap();
            if last.chars().any(char::is_lowercase) {
                continue;
            }
            named.insert(name.to_owned());
            match constants.get(name).map(|text| value(text)) {
                None => wrong.push(format!("{input}: there is no {name}")),
                Some(None) => wrong.push(format!("{input}: {name} has no plain value")),
                Some(Some(value)) if !numbers(limit).contains(&value) => {
                    wrong.push(format!("{input}: {name} is {value}, and {limit:?} has it not"));
                }
                Some(Some(_)) => {}
            }
        }
        for code in quoted(beyond).filter(|code| !explained.contains(&format!("\"{code}\""))) {
            wrong.push(format!("{input}: there is no finding {code}"));
        }
        for file in quoted(test).filter(|file| file.ends_with(".rs")) {
            if !repository().join("tests/tests").join(file).is_file() {
                wrong.push(format!("{input}: there is no test {file}"));
            }
        }
    }
    let others: BTreeSet<&str> = OTHERS.into_iter().collect();
    for name in constants.keys() {
        let last = name.rsplit("::").next().unwrap();
        let limit = last == "LIMIT"
            || last.starts_with("MAX")
            || last.ends_with("_LIMIT")
            || name.starts_with("bundle::limits::");
        let core = !name.starts_with("formats::") && !name.starts_with("pickle::");
        if limit && core && !named.contains(name) && !others.contains(name.as_str()) {
            wrong.push(format!("{name} has no row"));
        }
    }
    let gone = others.into_iter().filter(|name| !constants.contains_key(*name));
    wrong.extend(gone.map(|name| format!("{name} is listed here, and is not in the code")));
    assert!(named.len() > 100, "{} limits were found", named.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
