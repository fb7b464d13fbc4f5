//! A page that needs no network and no script: it reads in any browser, with a
//! keyboard, with a screen reader, and on paper.

use std::fmt::Write as _;

use super::super::adopter::Answered;
use super::super::definitions::{Definition, Verdict};
use super::super::report::{LicenceSummary, Report, Row, short};
use super::{escaped, mark};
use crate::licence::text::Concluded;
use crate::model::disclosure::is_url;

const STYLE: &str = include_str!("style.css");

/// Most findings and changes that are shown; a page stays one that can be read.
const MOST: usize = 200;
/// Most points of one definition that are shown.
const POINTS: usize = 40;
/// Longest passage that is shown.
const PASSAGE: usize = 2000;

/// Writes the page.
pub fn html(report: &Report) -> String {
    let mut page = String::with_capacity(64 << 10);
    let title = escaped(&format!("{} {}", report.name, report.version));
    let _ = write!(
        page,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
         <title>{title}: what is open about it</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the report</a>\n<header>\n"
    );
    heading(report, &mut page);
    page.push_str("</header>\n<main id=\"main\">\n");
    terms(report, &mut page);
    components(report, &mut page);
    definitions(report, &mut page);
    findings(report, &mut page);
    data(report, &mut page);
    lineage(report, &mut page);
    licences(report, &mut page);
    statements(report, &mut page);
    let _ = write!(
        page,
        "</main>\n<footer class=\"small dim\"><p>{}. \u{201c}Packed\u{201d} and \u{201c}verified\u{201d} \
         are said of bytes; what is linked or claimed is somebody\u{2019}s word. Written by pkg {}.</p></footer>\n\
         </body>\n</html>\n",
        escaped("This is not legal advice"),
        env!("CARGO_PKG_VERSION")
    );
    page
}

fn heading(report: &Report, page: &mut String) {
    let _ = writeln!(page, "<h1>{} {}</h1>", escaped(&report.name), escaped(&report.version));
    let by = if report.producer.is_empty() { "publisher not stated" } else { &report.producer };
    let released =
        report.released.as_deref().map_or_else(String::new, |day| format!(", released {day}"));
    let _ = writeln!(page, "<p class=\"dim\">by {}{}</p>", escaped(by), escaped(&released));
    let _ = match report.digest {
        Some(digest) => writeln!(page, "<p class=\"digest\">{digest}</p>"),
        None => writeln!(page, "<p>Described only: nothing was checked against files.</p>"),
    };
    for signed in &report.signed_by {
        let time = signed
            .time
            .as_deref()
            .map_or("time not proven".to_owned(), |time| format!("at {time}"));
        let _ = writeln!(
            page,
            "<p>Signed by {} ({}), verified.</p>",
            escaped(&signed.who),
            escaped(&time)
        );
    }
    if report.signed_by.is_empty() && report.digest.is_some() {
        let _ =
            writeln!(page, "<p>{} signatures, not checked for this report.</p>", report.signatures);
    }
    let _ = writeln!(page, "<p class=\"label\">{}</p>", escaped(&report.label));
    if let Some(next) = &report.next {
        let missing: Vec<String> = next.missing.iter().map(|it| escaped(it)).collect();
        let _ = writeln!(
            page,
            "<p>For \u{201c}{}\u{201d} there would have to be: {}.</p>",
            escaped(&next.label),
            missing.join("; ")
        );
    }
}

fn list(page: &mut String, class: &str, title: &str, lines: &[String], nothing: &str) {
    let _ = writeln!(page, "<section class=\"{class}\"><h3>{title}</h3>");
    if lines.is_empty() {
        let _ = writeln!(page, "<p class=\"dim\">{nothing}</p>");
    } else {
        page.push_str("<ul>\n");
        for line in lines {
            let _ = writeln!(page, "<li>{}</li>", escaped(line));
        }
        page.push_str("</ul>\n");
    }
    page.push_str("</section>\n");
}

fn terms(report: &Report, page: &mut String) {
    page.push_str("<h2>What the terms say</h2>\n");
    if let Some(answer) = &report.answer {
        let _ = writeln!(
            page,
            "<p class=\"label\">{}</p>\n<p class=\"dim small\">Asked by {}; {}.</p>",
            escaped(&answer.sentence),
            escaped(&answer.adopter),
            escaped(answer.caveat)
        );
    }
    page.push_str("<div class=\"terms\">\n");
    list(page, "may", "\u{2713} You may", &report.may, "nothing that is known");
    list(page, "must", "! You must", &report.must, "nothing that is known");
    list(page, "not", "\u{2717} You may not", &report.may_not, "nothing that is known");
    if !report.depends.is_empty() {
        list(page, "depends", "? Depends on you", &report.depends, "");
    }
    page.push_str("</div>\n");
    if let Some(answer) = &report.answer {
        page.push_str(
            "<details><summary>Every term, for you</summary>\n<div class=\"wide\"><table><thead><tr>\
             <th>term</th><th>for you</th><th>what it says</th><th>clause</th></tr></thead><tbody>\n",
        );
        for term in &answer.terms {
            term_row(term, true, page);
        }
        page.push_str("</tbody></table></div></details>\n");
    }
}

fn term_row(term: &Answered, for_adopter: bool, page: &mut String) {
    let applies =
        if for_adopter { format!("<td>{}</td>", term.applies.as_str()) } else { String::new() };
    let _ = writeln!(
        page,
        "<tr><th scope=\"row\">{}</th>{applies}<td>{}</td><td>{} {}</td></tr>",
        escaped(term.term),
        escaped(&term.words),
        escaped(short(&term.licence)),
        escaped(&term.clause)
    );
}

fn components(report: &Report, page: &mut String) {
    page.push_str(
        "<h2>What is there</h2>\n<div class=\"wide\"><table><thead><tr><th>component</th><th>evidence</th>\
         <th>declared</th><th>from its text</th><th>inherited</th></tr></thead><tbody>\n",
    );
    for row in report.components.iter().take(MOST) {
        component(row, page);
    }
    page.push_str("</tbody></table></div>\n");
    and_more(report.components.len(), MOST, page);
}

fn component(row: &Row, page: &mut String) {
    let evidence = match (row.evidence, &row.absent) {
        (Some(evidence), _) => {
            let digest = row.digest.map_or_else(String::new, |digest| {
                let hex: String = digest.to_string().chars().take(19).collect();
                format!(" <span class=\"digest\">{hex}\u{2026}</span>")
            });
            let at =
                row.url.as_deref().map_or_else(String::new, |url| format!("<br>{}", link(url)));
            let size = if row.bytes > 0 {
                format!(", {} bytes in {} files", row.bytes, row.files)
            } else {
                String::new()
            };
            format!("<strong>{}</strong>{digest}{size}{at}", evidence.as_str())
        }
        (None, Some(why)) => format!("absent: {}", escaped(why)),
        (None, None) => "absent".to_owned(),
    };
    let note = row.note.as_deref().map_or_else(String::new, |note| {
        format!("<br><span class=\"dim small\">{}</span>", escaped(note))
    });
    let declared = row.declared.as_deref().map_or_else(|| "-".to_owned(), escaped);
    let concluded = match &row.concluded {
        None => "no text".to_owned(),
        Some(concluded) => concluded_cell(row, concluded),
    };
    let inside: Vec<String> = row
        .inside
        .iter()
        .take(5)
        .map(|it| format!("{} files: {}", it.files, escaped(&it.expression)))
        .collect();
    let inside = if inside.is_empty() {
        String::new()
    } else {
        format!("<br><span class=\"small\">{}</span>", inside.join("<br>"))
    };
    let inherited: Vec<String> = row.inherited.iter().map(|it| escaped(short(it))).collect();
    let _ = writeln!(
        page,
        "<tr><th scope=\"row\">{}</th><td>{evidence}{note}</td><td>{declared}{inside}</td><td>{concluded}</td><td>{}</td></tr>",
        row.kind.title(),
        if inherited.is_empty() { "-".to_owned() } else { inherited.join(", ") }
    );
}

fn passage(text: &str) -> String {
    let cut: String = text.chars().take(PASSAGE).collect();
    let more = if cut.len() < text.len() { "\u{2026}" } else { "" };
    format!("{}{more}", escaped(&cut))
}

fn concluded_cell(row: &Row, concluded: &Concluded) -> String {
    let digest = row.text_digest.map_or_else(String::new, |digest| {
        let hex: String = digest.to_string().chars().take(19).collect();
        format!(
            "<br><span class=\"digest dim\">{} {hex}\u{2026}</span>",
            escaped(row.text.as_deref().unwrap_or_default())
        )
    });
    match concluded {
        Concluded::Licence { ids } => format!("{}{digest}", escaped(&ids.join(" / "))),
        Concluded::Unknown { reason } => format!("not known: {}{digest}", escaped(reason)),
        Concluded::Modified { of, changes, .. } => {
            let mut cell = format!(
                "<strong>not {}</strong>: other terms in it{digest}<ul>",
                escaped(&of.join(" / "))
            );
            for change in changes.iter().take(20) {
                let removed = match &change.removed {
                    Some(removed) => format!("<del>{}</del> ", passage(removed)),
                    None if change.removed_words > 0 => {
                        format!("<del>{} words</del> ", change.removed_words)
                    }
                    None => String::new(),
                };
                let added = if change.added.is_empty() {
                    String::new()
                } else {
                    format!("<mark>{}</mark>", passage(&change.added))
                };
                let _ = write!(cell, "<li>{removed}{added}</li>");
            }
            cell.push_str("</ul>");
            cell
        }
    }
}

fn definitions(report: &Report, page: &mut String) {
    page.push_str("<h2>Definitions, side by side</h2>\n<p class=\"dim small\">Each by its own rules; there is no score. \u{201c}As stated\u{201d} is what would hold if what is linked and claimed were as it is said.</p>\n");
    for definition in &report.definitions {
        one_definition(definition, page);
    }
}

fn class_of(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Met => "met",
        Verdict::NeedsAttestation => "needs-attestation",
        Verdict::InsufficientEvidence => "insufficient-evidence",
        Verdict::NotMet => "not-met",
    }
}

fn verdict(verdict: Verdict) -> String {
    format!("<span class=\"{}\">{} {}</span>", class_of(verdict), mark(verdict), verdict.as_str())
}

fn one_definition(definition: &Definition, page: &mut String) {
    let answer = if definition.answer == definition.verdict.as_str() {
        String::new()
    } else {
        format!(": {}", escaped(&definition.answer))
    };
    let stated = if definition.verdict == definition.as_stated {
        String::new()
    } else {
        format!(" <span class=\"dim small\">(as stated: {})</span>", definition.as_stated.as_str())
    };
    let _ = writeln!(
        page,
        "<details id=\"{}\"><summary><strong>{}</strong> \u{2013} {}{answer}{stated}</summary>",
        definition.id,
        definition.title,
        verdict(definition.verdict)
    );
    let note = definition.note.map_or_else(String::new, |note| format!(" {}.", escaped(note)));
    let _ = writeln!(page, "<p class=\"dim small\">{}.{note}</p>", escaped(definition.source));
    page.push_str("<div class=\"wide\"><table><thead><tr><th>point</th><th>verdict</th><th>facts</th><th>what is lacking</th></tr></thead><tbody>\n");
    for point in definition.points.iter().take(POINTS) {
        let facts: Vec<String> = point.facts.iter().map(|fact| escaped(fact)).collect();
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\">{}<br><span class=\"dim small\">{}</span></th><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(&point.title),
            escaped(point.rule),
            verdict(point.verdict),
            facts.join("<br>"),
            point.lacking.as_deref().map_or_else(String::new, escaped)
        );
    }
    page.push_str("</tbody></table></div>\n");
    and_more(definition.points.len(), POINTS, page);
    page.push_str("</details>\n");
}

/// Says that a list goes on elsewhere.
fn and_more(all: usize, shown: usize, page: &mut String) {
    if all > shown {
        let _ = writeln!(page, "<p>and {} more; <code>--json</code> has all</p>", all - shown);
    }
}

fn findings(report: &Report, page: &mut String) {
    if report.findings.is_empty() {
        return;
    }
    page.push_str("<h2>Findings</h2>\n<ul>\n");
    let mut sorted: Vec<_> = report.findings.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    for finding in sorted.iter().take(MOST) {
        let _ = writeln!(
            page,
            "<li><strong>{}</strong> <code>{}</code> {}: {}<br><span class=\"dim small\">{}</span></li>",
            finding.severity.as_str(),
            finding.code,
            escaped(&finding.subject),
            passage(&finding.message),
            escaped(&finding.hint)
        );
    }
    page.push_str("</ul>\n");
    and_more(sorted.len(), MOST, page);
}

fn data(report: &Report, page: &mut String) {
    if report.data.is_empty() {
        return;
    }
    page.push_str("<h2>Data</h2>\n<div class=\"wide\"><table><thead><tr><th>data set</th><th>class</th><th>role</th><th>terms</th><th>evidence</th></tr></thead><tbody>\n");
    for data in &report.data {
        let class = data.class.map_or("not said", super::super::definitions::class_name);
        let role = data.role.map_or("not said", |role| match role {
            crate::model::spec::DataRole::Pretrain => "pre-training",
            crate::model::spec::DataRole::Finetune => "fine-tuning",
            crate::model::spec::DataRole::Preference => "preferences",
            crate::model::spec::DataRole::Eval => "evaluation",
        });
        let mut more = Vec::new();
        more.extend(data.withdrawn.as_deref().map(|day| format!("withdrawn on {}", escaped(day))));
        more.extend(
            data.synthetic_from.as_deref().map(|model| format!("made with {}", escaped(model))),
        );
        more.extend(data.note.as_deref().map(escaped));
        more.extend(data.url.as_deref().map(link));
        let more = if more.is_empty() {
            String::new()
        } else {
            format!("<br><span class=\"small\">{}</span>", more.join("<br>"))
        };
        let _ = writeln!(
            page,
            "<tr><th scope=\"row\">{}{more}</th><td>{class}</td><td>{role}</td><td>{}</td><td>{}</td></tr>",
            escaped(&data.name),
            data.licence.as_deref().map_or_else(|| "not said".to_owned(), escaped),
            data.evidence.as_str()
        );
    }
    page.push_str("</tbody></table></div>\n");
}

/// A link, if it is one that a browser may follow from a stranger's text.
fn link(url: &str) -> String {
    let safe = is_url(url) && (url.starts_with("https://") || url.starts_with("http://"));
    if safe {
        format!("<a href=\"{0}\" rel=\"noreferrer nofollow\">{0}</a>", escaped(url))
    } else {
        escaped(url)
    }
}

fn lineage(report: &Report, page: &mut String) {
    if report.base_models.is_empty() {
        return;
    }
    let _ = writeln!(
        page,
        "<h2>Lineage</h2>\n<ul class=\"tree\"><li><strong>{}</strong> is made from\n<ul>",
        escaped(&report.name)
    );
    for base in &report.base_models {
        let terms = base.licence.as_deref().map_or_else(|| "terms not said".to_owned(), escaped);
        let kept = if base.kept { "carried on" } else { "not carried on" };
        let _ = writeln!(
            page,
            "<li>{} ({}, by {}); its terms are {kept} here</li>",
            escaped(&base.from),
            terms,
            base.identified
        );
    }
    page.push_str("</ul></li></ul>\n");
}

fn licences(report: &Report, page: &mut String) {
    if report.licences.is_empty() {
        return;
    }
    page.push_str("<h2>Licences, clause by clause</h2>\n");
    for licence in &report.licences {
        one_licence(licence, page);
    }
}

fn one_licence(licence: &LicenceSummary, page: &mut String) {
    let since = licence
        .effective
        .as_deref()
        .map_or_else(String::new, |day| format!(", text of {}", escaped(day)));
    let _ = writeln!(
        page,
        "<details><summary><strong>{}</strong> <span class=\"dim\">{}{since}: {}</span></summary>\n<p class=\"dim small\">Read: {}{}</p>",
        escaped(&licence.name),
        escaped(&licence.id),
        licence.tier.as_str(),
        escaped(&licence.source),
        licence.note.as_deref().map_or_else(String::new, |note| format!("; {}", escaped(note)))
    );
    page.push_str("<div class=\"wide\"><table><thead><tr><th>term</th><th>what it says</th><th>clause</th></tr></thead><tbody>\n");
    for term in &licence.terms {
        term_row(term, false, page);
    }
    page.push_str("</tbody></table></div></details>\n");
}

fn statements(report: &Report, page: &mut String) {
    let disclosure = &report.disclosure;
    if !report.claims.is_empty() {
        page.push_str("<h2>Stated by people</h2>\n<ul>\n");
        for claim in &report.claims {
            let role = claim
                .role
                .as_deref()
                .map_or_else(String::new, |role| format!(" ({})", escaped(role)));
            let signed = claim
                .signed_by
                .as_deref()
                .map_or("not verified".to_owned(), |who| format!("signed by {}", escaped(who)));
            let meaning = super::super::claims::meaning(&claim.claim).unwrap_or(&claim.claim);
            let _ = writeln!(
                page,
                "<li>{}: stated by {}{role} on {}, {signed}</li>",
                escaped(meaning),
                escaped(&claim.by),
                escaped(&claim.date)
            );
        }
        page.push_str("</ul>\n");
    }
    if !disclosure.snapshots.is_empty() || !disclosure.terms_history.is_empty() {
        page.push_str("<h2>Terms over time</h2>\n<ul>\n");
        for snapshot in &disclosure.snapshots {
            let _ = writeln!(
                page,
                "<li>{} as of {}, kept as <code>{}</code></li>",
                link(&snapshot.url),
                escaped(&snapshot.fetched),
                escaped(&snapshot.file)
            );
        }
        for change in &disclosure.terms_history {
            let note = change
                .note
                .as_deref()
                .map_or_else(String::new, |note| format!(": {}", escaped(note)));
            let _ = writeln!(
                page,
                "<li>from {}: {}{note}</li>",
                escaped(&change.from),
                escaped(&change.licence)
            );
        }
        page.push_str("</ul>\n");
    }
    if !disclosure.sources.is_empty() {
        page.push_str("<h2>Sources</h2>\n<ul>\n");
        for source in &disclosure.sources {
            let _ = writeln!(page, "<li>{}</li>", link(source));
        }
        page.push_str("</ul>\n");
    }
}
