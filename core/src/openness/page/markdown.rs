//! Markdown for model cards.

use std::fmt::Write as _;

use super::super::report::{Report, short};
use super::mark;

/// Text for a table cell or a line: nothing in it is markup.
pub fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' | '\t' => safe.push(' '),
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '|' | '*' | '_' | '`' | '[' | ']' | '>' | '#' | '\\' | '!' => {
                safe.push('\\');
                safe.push(c);
            }
            c if c.is_control() || super::is_bidi(c) => safe.push(char::REPLACEMENT_CHARACTER),
            c => safe.push(c),
        }
    }
    safe
}

/// Writes the report.
pub fn markdown(report: &Report) -> String {
    let mut page = String::new();
    let _ = writeln!(page, "## Openness of {} {}\n", plain(&report.name), plain(&report.version));
    let _ = writeln!(page, "**{}**\n", plain(&report.label));
    if let Some(digest) = report.digest {
        let _ = writeln!(page, "Release `{digest}`; check it with `pkg verify`.\n");
    } else {
        page.push_str("Described only; nothing was checked.\n\n");
    }
    page.push_str("| component | evidence | terms | how known |\n|---|---|---|---|\n");
    for row in &report.components {
        let evidence = match (row.evidence, &row.absent) {
            (Some(evidence), _) => evidence.as_str().to_owned(),
            (None, Some(why)) => format!("absent: {}", plain(why)),
            (None, None) => "absent".to_owned(),
        };
        let terms =
            if row.evidence.is_some() { plain(short(&row.terms.shown)) } else { String::new() };
        let known = if row.evidence.is_some() { row.terms.known.as_str() } else { "" };
        let _ = writeln!(page, "| {} | {evidence} | {terms} | {known} |", row.kind);
    }
    for (title, lines) in [
        ("You may", &report.may),
        ("You must", &report.must),
        ("You may not", &report.may_not),
        ("Depends on you", &report.depends),
    ] {
        if !lines.is_empty() {
            let _ = writeln!(page, "\n**{title}**\n");
            for line in lines {
                let _ = writeln!(page, "- {}", plain(line));
            }
        }
    }
    if let Some(answer) = &report.answer {
        let _ = writeln!(page, "\n**For {}**: {}", plain(&answer.adopter), plain(&answer.sentence));
    }
    page.push_str("\n| definition | verdict | answer |\n|---|---|---|\n");
    for definition in &report.definitions {
        let _ = writeln!(
            page,
            "| {} | {} {} | {} |",
            definition.title,
            mark(definition.verdict),
            definition.verdict.as_str(),
            plain(&definition.answer)
        );
    }
    if !report.findings.is_empty() {
        page.push_str("\n**Findings**\n\n");
        for finding in &report.findings {
            let _ = writeln!(
                page,
                "- `{}` {}: {}",
                finding.code,
                plain(&finding.subject),
                plain(&finding.message)
            );
        }
    }
    if let Some(next) = &report.next {
        let _ = writeln!(
            page,
            "\nFor \u{201c}{}\u{201d} there would have to be: {}.",
            plain(&next.label),
            plain(&next.missing.join("; "))
        );
    }
    let _ = writeln!(page, "\n{}, written by `pkg report`.", capital(report.caveat));
    page
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
