//! The rules of the framework, on descriptions written for them.

use proptest::prelude::*;

use super::file::Terms;
use super::{Component, Description, Mot, Own, State, place, rate, read, write};
use crate::finding::Code;
use crate::model::kind::Kind;

/// All components of a class and those below it, under one licence.
fn complete(class: u8, licence: &str) -> Description {
    let wanted = |kind: &&Kind| place(**kind).0 >= class && place(**kind).1;
    Description {
        name: "m".to_owned(),
        licences: [("distribution".to_owned(), licence.to_owned())].into(),
        components: Kind::ALL
            .iter()
            .filter(wanted)
            .map(|kind| Component { kind: *kind, terms: Terms::Inherited })
            .collect(),
        ..Description::default()
    }
}

fn without(mut description: Description, kind: Kind) -> Description {
    description.components.retain(|component| component.kind != kind);
    description
}

fn progress(description: &Description) -> (u8, [f64; 3]) {
    let rating = rate(description, &Mot);
    (rating.class, ["1", "2", "3"].map(|class| rating.progress[class]))
}

fn near(left: [f64; 3], right: [f64; 3]) -> bool {
    left.iter().zip(right).all(|(left, right)| (left - right).abs() < 1e-9)
}

#[test]
fn a_class_is_met_when_it_and_those_below_are_complete() {
    for (class, expected) in [
        (3, [0.0, 60.0, 100.0]),
        (2, [10.0 / 14.0 * 100.0, 100.0, 100.0]),
        (1, [100.0, 100.0, 100.0]),
    ] {
        let (met, parts) = progress(&complete(class, "Apache-2.0"));
        assert!(met == class && near(parts, expected), "{class}: {met} {parts:?}");
    }
    let lower = without(complete(1, "MIT"), Kind::ModelCard);
    let (met, parts) = progress(&lower);
    assert!(met == 0 && near(parts, [0.0, 0.0, 5.0 / 6.0 * 100.0]), "{parts:?}");
}

#[test]
fn the_paper_stands_in_for_the_report() {
    let no_report = without(complete(1, "MIT"), Kind::TechnicalReport);
    assert_eq!(progress(&no_report), (1, [100.0; 3]));
    let mut closed = no_report.clone();
    for component in &mut closed.components {
        if component.kind == Kind::ResearchPaper {
            component.terms = Terms::Named("mine".to_owned());
        }
    }
    let (met, parts) = progress(&closed);
    assert!(met == 0 && near(parts, [0.0, 0.0, 5.0 / 6.0 * 100.0]), "{parts:?}");
    let neither = without(no_report, Kind::ResearchPaper);
    assert_eq!(progress(&neither).0, 0);
    // With the report there, the paper counts for class I only.
    assert_eq!(progress(&without(complete(1, "MIT"), Kind::ResearchPaper)).0, 2);
}

#[test]
fn terms_are_the_components_then_the_types_then_the_whole() {
    let mut description = complete(3, "mine");
    assert_eq!(progress(&description).0, 0);
    for name in ["code", "data", "document"] {
        description.licences.insert(name.to_owned(), "MIT".to_owned());
    }
    assert_eq!(progress(&description).0, 3);
    description.components[0].terms = Terms::None;
    let rating = rate(&description, &Mot);
    assert_eq!((rating.class, rating.components[0].state), (0, State::Unlicensed));
    description.components[0].terms = Terms::Named("mine".to_owned());
    assert_eq!(rate(&description, &Mot).components[0].state, State::NotOpen);
    assert_eq!(rate(&description, &Own).components[0].state, State::Unknown);
}

#[test]
fn open_terms_of_another_type_are_named() {
    assert_eq!(rate(&complete(3, "Apache-2.0"), &Mot).not_type_appropriate, [10]);
    assert_eq!(rate(&complete(3, "BSD-3-Clause"), &Mot).not_type_appropriate.len(), 6);
    // Apache-2.0 covers parameters as well as anything else.
    assert!(rate(&complete(3, "Apache-2.0"), &Own).not_type_appropriate.is_empty());
}

#[test]
fn other_names_count_in_our_own_mode_only() {
    for name in ["Apache 2.0", "apache-2.0"] {
        let description = complete(1, name);
        assert_eq!((rate(&description, &Mot).class, rate(&description, &Own).class), (0, 1));
    }
    let llama = complete(1, "Llama 2 Community License");
    assert_eq!(rate(&llama, &Own).components[0].state, State::NotOpen);
    assert_eq!(rate(&complete(1, "gemma"), &Own).components[0].state, State::NotOpen);
    assert_eq!(rate(&complete(1, "OpenRAIL"), &Own).components[0].state, State::Unknown);
}

#[test]
fn what_is_needed_next_is_said() {
    let rating = rate(&without(complete(2, "MIT"), Kind::EvaluationData), &Mot);
    assert_eq!(rating.next(), Some((2, &[Kind::EvaluationData][..])));
    assert_eq!(rate(&complete(1, "MIT"), &Mot).next(), None);
    let nothing = rate(&Description::default(), &Mot);
    assert_eq!((nothing.class, nothing.next().unwrap().1.len()), (0, 6));
}

#[test]
fn files_are_read_in_every_shape_that_licences_have() {
    let read = |licence: &str| {
        let text = format!(
            "release:\n  name: m\n  version: 7\n  license:\n    distribution:\n      name: MIT\n  components:\n    - name: 'Model card'\n{licence}"
        );
        let description = read(&text, "m.yml").unwrap();
        assert_eq!((description.name.as_str(), description.version.as_str()), ("m", "7"));
        description.licence_of(&description.components[0])
    };
    assert_eq!(read(""), Some("MIT".to_owned()));
    assert_eq!(read("      license: CC-BY-4.0\n"), Some("CC-BY-4.0".to_owned()));
    for none in ["unlicensed", "''", "~", "[]", "{}", ""] {
        assert_eq!(read(&format!("      license: {none}\n")), None, "{none}");
    }
    assert_eq!(read("      license: [MIT]\n"), Some("[\"MIT\"]".to_owned()));
}

#[test]
fn what_is_no_description_is_refused_by_name() {
    let letter = |step: u8| char::from(b'a' + step);
    let step = |step: u8| {
        let (from, to) = (letter(step), letter(step + 1));
        format!("k{step}: &{to} [*{from}, *{from}]\n")
    };
    let steps: Vec<String> = (0..25).map(step).collect();
    let bomb = format!("release: {{name: &a [x, x]}}\n{}", steps.concat());
    let deep = format!("release: {}", "[".repeat(5000));
    for text in [
        "",
        "[]",
        "release: x",
        "release: {components: x}",
        "release: {components: [{name: 'Modle card'}]}",
        "release: {components: [{}]}",
        "release: {name: a, name: b}",
        "release: {name: \"",
        &bomb,
        &deep,
    ] {
        let problem = read(text, "m.yml").unwrap_err();
        assert_eq!(problem.code(), Code::MofInvalid, "{text:.60}");
    }
    let problem = read("release: {components: [{name: 'Modle card'}]}", "m.yml").unwrap_err();
    assert!(problem.to_string().contains("did you mean \"Model card\"?"), "{problem}");
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(
        name in "\\PC{0,20}", licence in "[A-Za-z0-9'. -]{1,20}",
        kinds in proptest::collection::btree_set(0..Kind::ALL.len(), 0..8),
        terms in 0..3_u8,
    ) {
        let terms = match terms {
            0 => Terms::Inherited,
            1 => Terms::None,
            _ => Terms::Named(licence.clone()),
        };
        let description = Description {
            name,
            version: "1".to_owned(),
            producer: String::new(),
            licences: [("code".to_owned(), licence)].into(),
            components: kinds
                .into_iter()
                .map(|kind| Component { kind: Kind::ALL[kind], terms: terms.clone() })
                .collect(),
        };
        prop_assert_eq!(read(&write(&description), "m.yml").unwrap(), description);
    }

    #[test]
    fn nothing_makes_it_panic(text in "\\PC{0,200}") {
        let _ = read(&text, "m.yml");
    }
}
