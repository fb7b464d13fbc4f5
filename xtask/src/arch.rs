//! Rules of the house that a compiler does not check.

use std::path::Path;

use anyhow::{Result, bail};

use crate::run;

/// Modules of `core`, lowest first. A module may use those on lower ranks, and
/// those of its own rank that are listed in `PEERS`.
const RANKS: &[(&str, u8)] = &[
    ("exit", 0),
    ("model", 0),
    ("finding", 1),
    ("fsx", 2),
    ("licence", 2),
    ("croissant", 3),
    ("openness", 3),
    ("predicate", 2),
    ("sshsig", 2),
    ("tables", 2),
    ("cache", 3),
    ("coding", 3),
    ("hash", 3),
    ("scan", 4),
    ("spec", 4),
    ("git", 4),
    ("registry", 4),
    ("trust", 4),
    ("init", 5),
    ("bundle", 5),
    ("tensors", 5),
    ("signatures", 6),
    ("folder", 7),
    ("report", 7),
    ("plugin", 7),
    ("compare", 8),
    ("exchange", 8),
    ("notice", 8),
    ("policy", 7),
    ("attest", 8),
    ("blob", 8),
    ("sign", 8),
    ("verify", 8),
    ("bench", 9),
    ("export", 9),
    ("golden", 9),
    ("show", 9),
    ("unpack", 9),
    ("check", 9),
    ("push", 9),
    ("pull", 9),
    ("demo", 10),
    ("hook", 10),
    ("pipeline", 10),
    ("cli", 11),
    ("lib", 12),
    ("main", 12),
    ("pkg_core", 12),
];

/// Pairs of one rank that know each other.
const PEERS: [(&str, &str); 2] = [("spec", "scan"), ("git", "scan")];

/// Files that may print.
const PRINTERS: [&str; 1] = ["cli/output.rs"];

/// Longest file that needs no reason.
const MAX_LINES: usize = 520;

/// Words that must not appear in a module, and why.
const WORDS: [(&str, &str, &str); 11] = [
    ("coding", "bundle::", "the coding knows bytes, not releases"),
    ("coding", "trust::", "the coding needs no crypto"),
    ("registry", "licence", "a registry moves bytes and knows no terms"),
    ("registry", "trust::", "a registry moves bytes and judges no signature"),
    ("bundle", "crate::trust", "the layout knows nothing about signatures"),
    ("trust", "licence", "trust code knows no licences"),
    ("scan", "trust::", "reading content needs no crypto"),
    ("openness", "trust::", "openness code knows no crypto"),
    ("licence", "trust::", "openness code knows no crypto"),
    ("", "todo!(", "nothing is left half-made"),
    ("", "unimplemented!(", "nothing is left half-made"),
];

/// The only folders that may open sockets, and what does.
const NETWORK: [&str; 2] = ["trust/net/", "registry/"];
const SOCKETS: [&str; 6] =
    ["std::net", "tokio::", "reqwest::", "sigstore_sign::", "sigstore_tuf::", "sigstore_rekor::"];

/// Checks all of `core/src`.
pub fn check() -> Result<()> {
    let source = run::root().join("core/src");
    let (mut wrong, mut files) = (Vec::new(), 0);
    for entry in walkdir::WalkDir::new(&source).sort_by_file_name() {
        let entry = entry?;
        if entry.path().extension().is_none_or(|extension| extension != "rs") {
            continue;
        }
        let relative = entry.path().strip_prefix(&source)?;
        wrong.extend(check_file(relative, &std::fs::read_to_string(entry.path())?));
        files += 1;
    }
    let (more, kernels) = check_kernels()?;
    wrong.extend(more);
    files += kernels;
    let (more, plugins) = crate::arch_plugins::check()?;
    wrong.extend(more);
    files += plugins;
    if wrong.is_empty() {
        println!("{files} files, every rule kept");
        return Ok(());
    }
    bail!("{}", wrong.join("\n"))
}

/// Files of `core/kernels` that may hold `unsafe`: where instructions begin.
const INSTRUCTIONS: [&str; 4] =
    ["sha256/armv8.rs", "sha256/avx2.rs", "sha256/avx512.rs", "sha256/shani.rs"];

/// The kernels: what is wrong, and how many files there are.
fn check_kernels() -> Result<(Vec<String>, usize)> {
    let source = run::root().join("core/kernels/src");
    let (mut wrong, mut files) = (Vec::new(), 0);
    for entry in walkdir::WalkDir::new(&source).sort_by_file_name() {
        let entry = entry?;
        if entry.path().extension().is_some_and(|extension| extension == "rs") {
            let relative = entry.path().strip_prefix(&source)?;
            wrong.extend(check_kernel(relative, &std::fs::read_to_string(entry.path())?));
            files += 1;
        }
    }
    Ok((wrong, files))
}

fn check_kernel(path: &Path, text: &str) -> Vec<String> {
    let shown = path.display();
    let mut wrong = Vec::new();
    if text.lines().count() > MAX_LINES {
        wrong.push(format!("kernels/{shown}: too long; split it"));
    }
    let own = INSTRUCTIONS.iter().any(|place| Path::new(place) == path);
    if text.contains("unsafe {") && !own {
        wrong.push(format!("kernels/{shown}: unsafe code has its places; this is none"));
    }
    for word in ["std::fs", "std::io", "std::net", "std::env"] {
        if text.contains(word) {
            wrong.push(format!("kernels/{shown}: kernels do no input or output ({word})"));
        }
    }
    wrong
}

fn check_file(path: &Path, text: &str) -> Vec<String> {
    let shown = path.display().to_string();
    let module = shown.split(['/', '.']).next().unwrap_or_default().to_owned();
    let is_test = shown.ends_with("_tests.rs");
    let mut wrong = Vec::new();
    let Some(rank) = rank(&module) else {
        return vec![format!("{shown}: module {module} has no rank in xtask/src/arch.rs")];
    };
    let lines = text.lines().count();
    if lines > MAX_LINES {
        wrong.push(format!("{shown}: {lines} lines; split it"));
    }
    let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or(text);
    let code: String = code
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .flat_map(|line| [line, "\n"])
        .collect();
    let code = code.as_str();
    for used in uses(code) {
        let allowed = match self::rank(&used) {
            _ if used == module => true,
            Some(other) => other < rank || PEERS.contains(&(module.as_str(), used.as_str())),
            None => true,
        };
        if !allowed {
            wrong.push(format!("{shown}: uses {used}, which is not below {module}"));
        }
    }
    let prints = ["println!", "eprintln!", "print!(", "io::stdout", "io::stderr"];
    let printer = PRINTERS.contains(&shown.as_str()) || is_test;
    if !printer && prints.iter().any(|word| code.contains(word)) {
        // Asking whether somebody sits at a terminal prints nothing.
        let asks = code.lines().filter(|line| prints.iter().any(|word| line.contains(word)));
        if asks.into_iter().any(|line| !line.contains("is_terminal()")) {
            wrong.push(format!("{shown}: prints; only {} may", PRINTERS.join(", ")));
        }
    }
    for (place, word, why) in WORDS {
        if (place.is_empty() || place == module) && code.contains(word) {
            wrong.push(format!("{shown}: mentions {word:?}: {why}"));
        }
    }
    for word in SOCKETS {
        if !NETWORK.iter().any(|folder| shown.starts_with(folder)) && code.contains(word) {
            let folders = NETWORK.join(" and ");
            wrong.push(format!("{shown}: mentions {word:?}: only {folders} may open sockets"));
        }
    }
    if code.contains("unsafe {") || code.contains("unsafe fn") {
        wrong.push(format!("{shown}: unsafe code has no place in core"));
    }
    wrong
}

fn rank(module: &str) -> Option<u8> {
    RANKS.iter().find(|(name, _)| *name == module).map(|(_, rank)| *rank)
}

/// Modules named as `crate::NAME`, also in `use crate::{a, b}`.
fn uses(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let name_at = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
        text[..end].to_owned()
    };
    for (position, _) in code.match_indices("crate::") {
        let rest = &code[position + "crate::".len()..];
        if let Some(list) = rest.strip_prefix('{') {
            let list = list.split("};").next().unwrap_or_default();
            let mut depth = 0_u32;
            let mut start = true;
            for (index, c) in list.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' => depth = depth.saturating_sub(1),
                    ',' if depth == 0 => start = true,
                    c if start && c.is_ascii_alphabetic() => {
                        found.push(name_at(&list[index..]));
                        start = false;
                    }
                    _ => {}
                }
            }
        } else {
            found.push(name_at(rest));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{check_file, check_kernel, uses};

    fn wrong(path: &str, text: &str) -> usize {
        check_file(Path::new(path), text).len()
    }

    #[test]
    fn kernels_keep_their_rules() {
        let wrong = |path: &str, text: &str| check_kernel(Path::new(path), text).len();
        assert_eq!(wrong("sha256/avx2.rs", "unsafe { a() }"), 0);
        assert_eq!(wrong("sha256/mod.rs", "unsafe { a() }"), 1);
        assert_eq!(wrong("sha256/avx2.rs", "use std::fs::File;"), 1);
        assert_eq!(wrong("sha256/avx2.rs", &"x\n".repeat(600)), 1);
    }

    #[test]
    fn uses_are_found_in_every_form() {
        let code = "use crate::a::B;\nuse crate::{c, d::{E, F}, g};\nfn f() { crate::h::i() }\n";
        assert_eq!(uses(code), ["a", "c", "d", "g", "h"]);
    }

    #[test]
    fn each_rule_refuses_a_bad_sample_and_lets_a_good_one_pass() {
        assert_eq!(wrong("verify.rs", "use crate::bundle::load;"), 0);
        assert_eq!(wrong("bundle/load.rs", "use crate::trust::key;"), 1);
        assert_eq!(wrong("bundle/load.rs", "use crate::{fsx, verify};"), 1);
        assert_eq!(wrong("trust/key.rs", "let licence = 1;"), 1);
        assert_eq!(wrong("trust/key.rs", "//! Knows no licence."), 0);
        assert_eq!(wrong("sign.rs", "println!(\"x\");"), 1);
        assert_eq!(wrong("cli/output.rs", "println!(\"x\");"), 0);
        assert_eq!(wrong("cli/passphrase.rs", "std::io::stderr().is_terminal()"), 0);
        assert_eq!(wrong("sign.rs", "fn a() {}\n#[cfg(test)]\nmod tests { println!(\"x\"); }"), 0);
        assert_eq!(wrong("git.rs", "use std::net::TcpStream;"), 1);
        assert_eq!(wrong("trust/judge.rs", "let client = reqwest::Client::new();"), 1);
        assert_eq!(wrong("trust/net/tuf.rs", "let client = reqwest::Client::new();"), 0);
        assert_eq!(wrong("registry/http.rs", "let client = reqwest::Client::new();"), 0);
        assert_eq!(wrong("git.rs", "unsafe { x() }"), 1);
        assert_eq!(wrong("unheard.rs", ""), 1);
        assert_eq!(wrong("sign.rs", &"x\n".repeat(600)), 1);
    }
}
