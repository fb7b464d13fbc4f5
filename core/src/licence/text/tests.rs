//! Texts of the SPDX list, changed in the ways that people change them.

use super::{Concluded, INDEX, conclude, decode, sketches};

const CLAUSE: &str = "If the monthly revenue of the Licensee exceeds 20 million US dollars, a \
                      separate licence is required.";

fn text(id: &str) -> &'static str {
    super::listed_text(id).unwrap()
}

fn changes(text: &str) -> (Vec<String>, String) {
    match conclude(text) {
        Concluded::Modified { of, changes, .. } => {
            (of, changes.into_iter().map(|change| change.added).collect::<Vec<_>>().join(" | "))
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_sketches_are_those_of_the_list() {
    let kept: &[u8] = include_bytes!("../../../data/licence-sketches.bin");
    assert!(sketches() == kept, "run `cargo xtask licence-texts`");
}

#[test]
fn every_text_of_the_list_is_itself() {
    for entry in INDEX.iter().filter(|entry| entry.fingerprint.is_none()) {
        let concluded = conclude(text(&entry.id));
        assert!(concluded.is(&entry.id), "{}: {concluded:?}", entry.id);
    }
}

#[test]
fn blanks_headings_and_notices_are_no_change() {
    let mit = text("MIT");
    let filled = mit.replace("<year> <copyright holders>", "2024 A. Person, Company Inc.");
    for same in [
        filled.clone(),
        filled.replace("MIT License", "The MIT License (MIT)"),
        filled.replace("MIT License\n", ""),
        filled.replace('\n', "\r\n"),
        filled.to_uppercase().replace("COPYRIGHT (C) 2024", "Copyright (c) 2024"),
        format!("Copyright (c) 2023 Another\n{filled}\n\n"),
    ] {
        assert!(conclude(&same).is("MIT"), "{same}\n{:?}", conclude(&same));
    }
    let apache = text("Apache-2.0");
    let end = apache.find("END OF TERMS AND CONDITIONS").unwrap();
    assert!(conclude(&apache[..end + 27]).is("Apache-2.0"));
    let bsd = text("BSD-3-Clause").replace("the copyright holder nor", "Company, Inc. nor");
    assert!(conclude(&bsd).is("BSD-3-Clause"), "{:?}", conclude(&bsd));
    let by = text("CC-BY-4.0");
    let from = by.find("By exercising the Licensed Rights").unwrap();
    let frame = by.find("Creative Commons is not a party").unwrap();
    let body = format!(
        "Creative Commons Attribution 4.0 International Public License\n{}",
        &by[from..frame]
    );
    assert!(conclude(&body).is("CC-BY-4.0"), "{:?}", conclude(&body));
}

#[test]
fn one_sentence_more_is_another_licence_and_is_shown() {
    for id in ["MIT", "Apache-2.0", "BSD-3-Clause", "CC-BY-4.0", "OpenMDW-1.0"] {
        let plain = text(id);
        let middle = plain[plain.len() / 3..].find(['.', ';']).unwrap() + plain.len() / 3 + 1;
        let inside = format!("{} {CLAUSE} {}", &plain[..middle], &plain[middle..]);
        for changed in [format!("{plain}\n{CLAUSE}"), format!("{CLAUSE}\n{plain}"), inside] {
            let (of, added) = changes(&changed);
            assert!(of.iter().any(|of| of == id), "{id}: {of:?}");
            assert!(added.contains("20 million US dollars"), "{id}: {added}");
        }
    }
    let (_, added) = changes(&text("MIT").replace("to deal in", "to deal for research only in"));
    assert_eq!(added, "for research only");
}

#[test]
fn a_missing_sentence_is_a_change() {
    let plain = text("Apache-2.0");
    let from = plain.find("If You institute patent litigation").unwrap();
    let to = from + plain[from..].find("is filed.").unwrap();
    let cut = format!("{}{}", &plain[..from], &plain[to..]);
    let Concluded::Modified { changes, .. } = conclude(&cut) else { panic!() };
    assert!(changes[0].removed.as_deref().unwrap().contains("patent litigation"), "{changes:?}");
}

#[test]
fn a_clause_in_a_notice_or_in_a_blank_is_seen() {
    let mit = text("MIT");
    let line = "Copyright (c) 2024 A. Person; not for military use";
    let (_, added) = changes(&mit.replace("Copyright (c) <year> <copyright holders>", line));
    assert!(added.contains("military"), "{added}");
    let bsd = text("BSD-3-Clause");
    let named = bsd.replace("the copyright holder nor", "any company with revenue nor");
    assert!(changes(&named).1.contains("revenue"));
}

#[test]
fn ids_that_share_a_text_are_all_named() {
    let concluded = conclude(text("GPL-3.0-only"));
    assert!(concluded.is("GPL-3.0-only") && concluded.is("GPL-3.0-or-later"), "{concluded:?}");
}

#[test]
fn other_texts_are_not_guessed() {
    for other in ["", "All rights reserved.", &"some words of no licence at all ".repeat(50)] {
        assert!(matches!(conclude(other), Concluded::Unknown { .. }), "{other}");
    }
    let large = "x ".repeat(super::MAX_TEXT);
    assert!(matches!(conclude(&large), Concluded::Unknown { .. }));
}

#[test]
fn every_record_with_a_text_of_scancode_has_a_fingerprint() {
    let printed = INDEX.iter().filter(|entry| entry.fingerprint.is_some()).count();
    assert!(printed >= 18, "{printed}");
    for entry in INDEX.iter() {
        let known =
            spdx::license_id(&entry.id).is_some() || crate::licence::find(&entry.id).is_some();
        assert!(known, "{}", entry.id);
    }
}

#[test]
fn encodings_are_told_apart() {
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain("M\u{e4}".encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    let decoded = decode(&utf16).unwrap();
    assert_eq!((decoded.text.as_str(), decoded.encoding), ("M\u{e4}", Some("UTF-16LE")));
    assert_eq!(decode(b"M\xe4").unwrap().encoding, Some("Latin-1"));
    assert_eq!(decode("\u{feff}M\u{e4}".as_bytes()).unwrap().encoding, None);
    assert!(decode(b"a\0b").is_none());
}
