//! Every file of `core/licences` holds together.

use std::collections::{BTreeMap, BTreeSet};

use super::{Blocker, Category, FILES, Licence, Perhaps, all, find, named, parse};

fn files() -> Vec<(String, Licence)> {
    let read = |file: &include_dir::File<'_>| {
        let name = file.path().display().to_string();
        let licence = parse(file.contents_utf8().unwrap(), &name);
        (name.clone(), licence.unwrap_or_else(|problem| panic!("{name}: {problem}")))
    };
    FILES.files().map(read).collect()
}

#[test]
fn every_file_is_read_and_named_after_its_licence() {
    let files = files();
    assert_eq!(files.len(), all().len());
    assert!(files.len() >= 43);
    let mut ids = BTreeSet::new();
    for (name, licence) in &files {
        let stem = name.strip_suffix(".toml").unwrap();
        let short = licence.id.trim_start_matches("LicenseRef-").trim_start_matches("scancode-");
        assert_eq!(short.to_lowercase(), stem);
        assert!(ids.insert(&licence.id), "{} is there twice", licence.id);
        spdx::Expression::parse(&licence.id).unwrap_or_else(|_| panic!("{}", licence.id));
        assert!(find(&licence.id).is_some());
    }
}

#[test]
fn flags_are_those_of_the_spdx_list() {
    for licence in all() {
        let listed = spdx::license_id(&licence.id);
        assert_eq!(listed.is_none(), licence.id.starts_with("LicenseRef-"), "{}", licence.id);
        let osi = listed.is_some_and(spdx::LicenseId::is_osi_approved);
        let fsf = listed.is_some_and(spdx::LicenseId::is_fsf_free_libre);
        assert_eq!((licence.osi_approved, licence.fsf_libre), (osi, fsf), "{}", licence.id);
    }
}

#[test]
fn names_are_shared_by_dated_texts_only() {
    let mut names: BTreeMap<String, Vec<&Licence>> = BTreeMap::new();
    for licence in all() {
        for alias in &licence.aliases {
            assert_eq!(alias.trim(), alias, "{}", licence.id);
            names.entry(alias.to_lowercase()).or_default().push(licence);
        }
    }
    for (name, licences) in names {
        let ids: BTreeSet<&str> = licences.iter().map(|licence| licence.id.as_str()).collect();
        if ids.len() > 1 {
            assert!(licences.iter().all(|licence| licence.effective.is_some()), "{name}: {ids:?}");
        }
    }
    assert_eq!(named("GEMMA").len(), 2);
    assert_eq!(named("llama3.1")[0].id, "LicenseRef-scancode-llama-3.1-license-2024");
    assert!(named("nothing").is_empty());
}

#[test]
fn whatever_restricts_names_its_clause() {
    for licence in all() {
        for blocker in licence.osd_blockers().into_iter().chain(licence.eu_blockers()) {
            let known = blocker.clause != "-" && !blocker.clause.is_empty();
            let excused = licence.category == Category::Ambiguous
                || licence.read == super::Reading::Secondary
                || blocker.rule.contains("access gate");
            assert!(known || excused, "{}: {}", licence.id, blocker.rule);
        }
    }
}

#[test]
fn days_are_days() {
    for licence in all() {
        let month = |text: &str| {
            text.len() == 7 && format!("{text}-01").parse::<jiff::civil::Date>().is_ok()
        };
        if let Some(effective) = &licence.effective {
            let day = effective.parse::<jiff::civil::Date>().is_ok();
            assert!(day || month(effective), "{}: {effective}", licence.id);
        }
        if let Some(Perhaps::Has(threshold)) =
            licence.terms.user_threshold.as_ref().map(|term| &term.value)
            && let Some(date) = &threshold.date
        {
            date.parse::<jiff::civil::Date>().unwrap();
            assert!(threshold.measured.contains(date.as_str()), "{}", licence.id);
        }
    }
}

/// What follows for the definitions, as it was worked out by hand for each licence:
/// id, tier, rules of the OSD, rules of the EU, each sorted.
#[test]
fn blockers_follow_from_the_terms() {
    let expected = include_str!("testdata/derived.tsv");
    assert_eq!(expected.lines().count(), all().len());
    for line in expected.lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        let [id, tier, osd, eu] = columns.as_slice() else { panic!("{line}") };
        let licence = find(id).unwrap_or_else(|| panic!("{id}"));
        let joined = |blockers: Vec<Blocker>| {
            let mut rules: Vec<&str> = blockers.iter().map(|blocker| blocker.rule).collect();
            rules.sort_unstable();
            rules.join("|")
        };
        assert_eq!(licence.tier().as_str(), *tier, "{id}");
        assert_eq!(joined(licence.osd_blockers()), *osd, "{id}");
        assert_eq!(joined(licence.eu_blockers()), *eu, "{id}");
    }
}

#[test]
fn thresholds_are_typed() {
    let mistral = find("LicenseRef-Mistral-Modified-MIT").unwrap();
    let threshold = mistral.terms.revenue_threshold.as_ref().unwrap().value.has().unwrap();
    assert_eq!((threshold.limit, threshold.period.as_str()), (20_000_000, "month"));
    let llama = find("LicenseRef-scancode-llama-2-license-2023").unwrap();
    let threshold = llama.terms.user_threshold.as_ref().unwrap().value.has().unwrap();
    assert_eq!((threshold.limit, threshold.date.as_deref()), (700_000_000, Some("2023-07-18")));
    // Not examined is not "none".
    assert!(find("MIT").unwrap().terms.hosted_service.is_none());
    assert!(find("MIT").unwrap().terms.user_threshold.as_ref().unwrap().value.is_none());
}

#[test]
fn a_file_with_an_unknown_word_is_refused() {
    let text = FILES.get_file("mit.toml").unwrap().contents_utf8().unwrap();
    parse(text, "mit.toml").unwrap();
    for (from, to) in [
        ("id =", "ids ="),
        ("\"permissive\"", "\"free\""),
        ("[terms.commercial-use]", "[terms.comercial-use]"),
        ("value = \"allowed\"", "value = \"yes\""),
        ("clause =", "claus ="),
    ] {
        assert!(text.contains(from), "{from}");
        assert!(parse(&text.replacen(from, to, 1), "mit.toml").is_err(), "{to}");
    }
}
