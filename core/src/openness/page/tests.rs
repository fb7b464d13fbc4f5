//! Pages hold what strangers wrote, and stay pages.

use std::path::Path;

use super::{badge, html, markdown, sarif};
use crate::model::kind::Kind;
use crate::openness::report::{Report, report};
use crate::openness::subject::{Part, Subject};

const HOSTILE: &str = "</title><script>alert(1)</script>\u{202e}\" onload=\"x | [a](b) `c`";

fn hostile() -> Report {
    let mut part = Part::claimed(Kind::ModelParametersFinal);
    part.declared = Some("LicenseRef-Llama-3-Community".to_owned());
    part.note = Some(HOSTILE.to_owned());
    part.url = Some("javascript:alert(1)".to_owned());
    let mut subject = Subject {
        name: HOSTILE.to_owned(),
        version: HOSTILE.to_owned(),
        publisher: Some(HOSTILE.to_owned()),
        parts: vec![part],
        ..Subject::default()
    };
    subject.disclosure.sources.push("javascript:alert(2)".to_owned());
    subject.disclosure.sources.push("https://example.com/?a=\"><script>".to_owned());
    report(&subject, None, Vec::new())
}

#[test]
fn nothing_of_a_stranger_is_markup() {
    let report = hostile();
    for page in [html(&report), badge(&report)] {
        assert!(!page.contains("<script") && !page.contains("onload=\"x"), "{page}");
        assert!(!page.contains('\u{202e}'));
    }
    assert!(!html(&report).contains("href=\"javascript"));
    let text = markdown(&report);
    assert!(!text.contains("<script") && !text.contains("[a](b)"), "{text}");
}

#[test]
fn a_page_opens_nothing_and_is_small() {
    let page = html(&hostile());
    assert!(!page.contains("<link") && !page.contains("src=") && !page.contains("@import"));
    assert!(page.len() < 300 << 10, "{}", page.len());
    for part in ["<html lang=", "<title>", "<main id=", "scope=\"row\"", "not legal advice"] {
        assert!(page.contains(part), "{part}");
    }
}

#[test]
fn a_badge_says_all_in_words() {
    let drawing = badge(&hostile());
    assert!(drawing.contains("<title>") && drawing.contains("Llama-3-Community"), "{drawing}");
}

#[test]
fn sarif_names_a_rule_for_each_result() {
    let text = sarif(&hostile(), Path::new("a/pkg.toml")).unwrap();
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let run = &document["runs"][0];
    let results = run["results"].as_array().unwrap();
    assert!(!results.is_empty());
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(run["tool"]["driver"]["rules"][index]["id"], result["ruleId"]);
    }
}
