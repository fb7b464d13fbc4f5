//! From what was found in the files to the reply.

use std::collections::BTreeSet;

use pkg_plugin_sdk::{Check, Finding, Outcome, Severity};

use crate::danger;
use crate::find::{Found, Pickle};

/// Most globals of one pickle that have a finding of their own.
const MAX_GLOBALS: usize = 20;
/// Most doubts of one pickle that have a finding of their own.
const MAX_DOUBTS: usize = 5;
/// Longest foreign text that is shown, in characters.
const MAX_SHOWN: usize = 200;

/// Code: a pickle executes code on load.
pub const EXECUTES: &str = "pickle-executes-code";
/// Code: it cannot be decided whether a pickle executes code.
pub const INCONCLUSIVE: &str = "pickle-inconclusive";
/// Code: a pickle that names only what is allowed.
pub const FORMAT: &str = "pickle-format";
/// Code: an archive with something odd that keeps nothing from being looked at.
pub const ODD: &str = "pickle-archive-odd";

/// Code: openly compressed data that was not looked into.
pub const PASSED_OVER: &str = "pickle-not-looked-into";

/// A foreign text without control characters, and not too long.
pub fn shown(text: &str) -> String {
    let mut shown: String = text.chars().take(MAX_SHOWN).flat_map(char::escape_debug).collect();
    if text.chars().nth(MAX_SHOWN).is_some() {
        shown.push_str("...");
    }
    shown
}

/// Check and findings of a file; none if there is no pickle, and nothing unread.
pub fn of_file(path: &str, found: &Found) -> (Option<Check>, Vec<Finding>) {
    let mut findings = Vec::new();
    for pickle in &found.pickles {
        of_pickle(path, pickle, &mut findings);
    }
    let more = [
        (EXECUTES, Severity::Error, "more pickles execute code on load"),
        (INCONCLUSIVE, Severity::Error, "more pickles cannot be followed to their end"),
        (FORMAT, Severity::Warning, "more pickles name only globals that are allowed"),
    ];
    for ((code, severity, what), count) in more.into_iter().zip(found.more) {
        if count > 0 {
            let detail = format!("{}: {count} {what}", shown(path));
            findings.push(finding(code, severity, path, detail));
        }
    }
    for (place, why) in &found.unread {
        let detail = format!("{}: {why}", inside(path, place));
        findings.push(finding(INCONCLUSIVE, Severity::Error, path, detail));
    }
    for (place, what) in &found.odd {
        let detail = format!("{}: {what}", inside(path, place));
        findings.push(finding(ODD, Severity::Warning, path, detail));
    }
    for (place, what) in &found.passed_over {
        let detail = format!("{}: {what}", inside(path, place));
        findings.push(finding(PASSED_OVER, Severity::Note, path, detail));
    }
    if found.pickles.is_empty() && found.unread.is_empty() {
        return (None, findings);
    }
    let has = |code: &str| findings.iter().any(|finding| finding.code == code);
    let (outcome, what) = if has(EXECUTES) {
        (Outcome::Failed, "executes code on load")
    } else if has(INCONCLUSIVE) {
        (Outcome::Inconclusive, "whether it executes code on load cannot be decided")
    } else {
        (Outcome::Warned, "names only globals that are allowed")
    };
    let count = found.pickles.len() as u64 + found.more.iter().sum::<u64>();
    let detail = format!("{}: {count} {}; {what}", shown(path), plural(count, "pickle"));
    (Some(Check::new("pickle", outcome, detail)), findings)
}

fn plural(count: u64, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

fn inside(path: &str, place: &str) -> String {
    if place.is_empty() { shown(path) } else { format!("{} > {place}", shown(path)) }
}

fn finding(code: &str, severity: Severity, path: &str, detail: String) -> Finding {
    Finding { code: code.to_owned(), severity, file: Some(path.to_owned()), detail }
}

fn of_pickle(path: &str, pickle: &Pickle, findings: &mut Vec<Finding>) {
    let (walk, place) = (&pickle.walk, inside(path, &pickle.place));
    let mut error = |code: &str, detail: String| {
        findings.push(finding(code, Severity::Error, path, detail));
    };
    // What is known to run commands first, so that it is among those shown.
    let mut code: Vec<_> = walk.code().collect();
    code.sort_by_key(|global| danger::known(&global.module, &global.name).is_none());
    for global in code.iter().take(MAX_GLOBALS) {
        let how = global.called.map_or_else(
            || "is imported".to_owned(),
            |opcode| format!("is imported and called ({opcode})"),
        );
        let known = danger::known(&global.module, &global.name);
        let known = known.map_or_else(String::new, |known| format!(", {known}"));
        let name = format!("{}.{}", shown(&global.module), shown(&global.name));
        let at = global.position;
        error(
            EXECUTES,
            format!("{place}: executes code on load: {name} {how} at byte {at}{known}"),
        );
    }
    if code.len() > MAX_GLOBALS {
        let more = code.len() - MAX_GLOBALS;
        error(EXECUTES, format!("{place}: executes code on load: {more} more globals"));
    }
    let doubts = walk.doubts.iter().chain(walk.fault.as_ref().map(|fault| &fault.doubt));
    let mut told = BTreeSet::new();
    for doubt in doubts {
        if told.len() < MAX_DOUBTS && told.insert(doubt.reason.as_str()) {
            let (at, reason) = (doubt.position, shown(&doubt.reason));
            error(INCONCLUSIVE, format!("{place}: at byte {at}: {reason}"));
        }
    }
    if !walk.is_clean() && code.is_empty() && told.is_empty() {
        error(INCONCLUSIVE, format!("{place}: it was not walked to its end"));
    }
    if walk.is_clean() {
        let (count, opcodes) = (walk.globals.len() as u64, walk.opcodes);
        let detail = format!(
            "{place}: a pickle of {opcodes} opcodes that names {count} {}, all of them allowed; \
             it is still a program: prefer safetensors",
            plural(count, "global")
        );
        findings.push(finding(FORMAT, Severity::Warning, path, detail));
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn foreign_texts_are_shown_without_control_characters() {
        assert_eq!(shown("a\u{1b}[31m\nb"), "a\\u{1b}[31m\\nb");
        assert_eq!(shown(&"x".repeat(201)).len(), 203);
    }
}
