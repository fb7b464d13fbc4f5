//! Recognising licence texts.
//!
//! This proposes, it does not decide: texts that differ by one clause look alike,
//! so a match says which licence to compare with. What is visibly more than the
//! plain text is said to be so.

use super::{HEAD, file_name};
use crate::model::path::ReleasePath;

/// What a text looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// SPDX expression, or `LicenseRef-*` for what SPDX does not list; none when
    /// the text leaves it open.
    pub expression: Option<String>,
    /// Why, and what remains to be checked.
    pub note: String,
}

/// A licence with phrases that its text, in lower case and with single spaces,
/// has near its start.
struct Known {
    expression: Option<&'static str>,
    title: &'static str,
    /// All of these are there.
    phrases: &'static [&'static str],
    /// None of these is there.
    without: &'static [&'static str],
    /// Words of the plain text with room for copyright lines; 0 if not checked.
    max_words: usize,
}

const fn known(
    expression: &'static str,
    title: &'static str,
    phrases: &'static [&'static str],
) -> Known {
    Known { expression: Some(expression), title, phrases, without: &[], max_words: 0 }
}

const fn undecided(title: &'static str, phrases: &'static [&'static str]) -> Known {
    Known { expression: None, title, phrases, without: &[], max_words: 0 }
}

/// Where the first phrase has to begin at the latest, in bytes.
const START: usize = 2000;

/// The more special comes first.
#[rustfmt::skip]
const TABLE: &[Known] = &[
    known("LicenseRef-scancode-llama-4-cla-2025", "Llama 4 Community License", &["llama 4 community license agreement"]),
    known("LicenseRef-scancode-llama-3.3-license-2024", "Llama 3.3 Community License", &["llama 3.3 community license agreement"]),
    known("LicenseRef-scancode-llama-3.2-license-2024", "Llama 3.2 Community License", &["llama 3.2 community license agreement"]),
    known("LicenseRef-scancode-llama-3.1-license-2024", "Llama 3.1 Community License", &["llama 3.1 community license agreement"]),
    known("LicenseRef-Llama-3-Community", "Meta Llama 3 Community License", &["llama 3 community license agreement"]),
    known("LicenseRef-scancode-llama-2-license-2023", "Llama 2 Community License", &["llama 2 community license agreement"]),
    undecided("Gemma Terms of Use", &["gemma terms of use"]),
    known("LicenseRef-scancode-bigcode-open-rail-m-v1", "BigCode Open RAIL-M v1", &["bigcode open rail-m"]),
    known("LicenseRef-scancode-bigscience-rail-1.0", "BigScience RAIL License 1.0", &["bigscience rail license"]),
    known("LicenseRef-scancode-bigscience-open-rail-m", "BigScience OpenRAIL-M", &["bigscience openrail-m"]),
    known("LicenseRef-scancode-bigscience-open-rail-m2", "CreativeML Open RAIL++-M", &["creativeml open rail++-m"]),
    known("LicenseRef-scancode-stable-diffusion-2022-08-22", "CreativeML Open RAIL-M", &["creativeml open rail-m"]),
    undecided("a licence of the Open RAIL family", &["open rail"]),
    undecided("a licence of the OpenRAIL family", &["openrail"]),
    known("LicenseRef-OpenMDW-1.1", "OpenMDW License Agreement 1.1", &["openmdw license agreement, version 1.1"]),
    known("OpenMDW-1.0", "OpenMDW License Agreement 1.0", &["openmdw license agreement, version 1.0"]),
    known("CDLA-Permissive-2.0", "Community Data License Agreement Permissive 2.0", &["community data license agreement", "permissive", "version 2.0"]),
    Known { max_words: 1620, ..known("Apache-2.0", "Apache License 2.0", &["apache license", "version 2.0, january 2004", "terms and conditions for use, reproduction, and distribution"]) },
    undecided("GNU Affero General Public License 3", &["gnu affero general public license", "version 3, 19 november 2007"]),
    undecided("GNU Lesser General Public License 3", &["gnu lesser general public license", "version 3, 29 june 2007"]),
    undecided("GNU Lesser General Public License 2.1", &["gnu lesser general public license", "version 2.1, february 1999"]),
    undecided("GNU General Public License 3", &["gnu general public license", "version 3, 29 june 2007"]),
    undecided("GNU General Public License 2", &["gnu general public license", "version 2, june 1991"]),
    known("MPL-2.0", "Mozilla Public License 2.0", &["mozilla public license version 2.0"]),
    known("CC0-1.0", "Creative Commons Zero 1.0", &["cc0 1.0 universal"]),
    known("CC-BY-NC-SA-4.0", "Creative Commons Attribution-NonCommercial-ShareAlike 4.0", &["attribution-noncommercial-sharealike 4.0 international"]),
    known("CC-BY-NC-ND-4.0", "Creative Commons Attribution-NonCommercial-NoDerivatives 4.0", &["attribution-noncommercial-noderivatives 4.0 international"]),
    known("CC-BY-NC-4.0", "Creative Commons Attribution-NonCommercial 4.0", &["attribution-noncommercial 4.0 international"]),
    known("CC-BY-ND-4.0", "Creative Commons Attribution-NoDerivatives 4.0", &["attribution-noderivatives 4.0 international"]),
    known("CC-BY-SA-4.0", "Creative Commons Attribution-ShareAlike 4.0", &["attribution-sharealike 4.0 international"]),
    known("CC-BY-4.0", "Creative Commons Attribution 4.0", &["attribution 4.0 international"]),
    known("Unlicense", "The Unlicense", &["this is free and unencumbered software released into the public domain"]),
    Known { max_words: 270, ..known("BSD-3-Clause", "BSD 3-Clause License", &["redistribution and use in source and binary forms", "neither the name"]) },
    Known { max_words: 230, without: &["neither the name", "all advertising materials"], ..known("BSD-2-Clause", "BSD 2-Clause License", &["redistribution and use in source and binary forms", "redistributions of source code"]) },
    Known { max_words: 200, ..known("MIT", "MIT License", &["permission is hereby granted, free of charge, to any person obtaining a copy", "the above copyright notice and this permission notice shall be included"]) },
    Known { max_words: 150, ..known("ISC", "ISC License", &["permission to use, copy, modify, and/or distribute this software for any purpose"]) },
];

/// Phrases that no plain text of the table's permissive licences has.
const ADDED: &[&str] = &[
    "commons clause",
    "military",
    "monthly active",
    "non-commercial",
    "noncommercial",
    "additional restriction",
    "additional condition",
    "acceptable use policy",
    "annual revenue",
    "monthly revenue",
    "research purposes only",
];

/// Proposes a licence for a text; none if it looks like none of the table.
pub fn propose(text: &str) -> Option<Proposal> {
    let words: Vec<String> = text.split_whitespace().map(str::to_lowercase).collect();
    let flat = words.join(" ");
    // A licence may speak of others further down; its own title comes first.
    let begins = |phrase: &str| flat.find(phrase).is_some_and(|at| at < START);
    let matches = |known: &&Known| {
        known.phrases.first().is_some_and(|phrase| begins(phrase))
            && known.phrases.iter().all(|phrase| flat.contains(phrase))
            && !known.without.iter().any(|phrase| flat.contains(phrase))
    };
    let found = TABLE.iter().find(matches)?;
    let title = found.title;
    let Some(expression) = found.expression else {
        return Some(Proposal {
            expression: None,
            note: format!("the text is {title}, which does not settle the exact terms"),
        });
    };
    if found.max_words > 0 {
        let added = ADDED.iter().find(|phrase| flat.contains(**phrase));
        let reason = match added {
            Some(phrase) => Some(format!("it also speaks of {phrase:?}")),
            None if words.len() > found.max_words => {
                Some(format!("it has {} words, more than the plain text", words.len()))
            }
            None => None,
        };
        if let Some(reason) = reason {
            let note = format!("the text looks like {title}, but {reason}: terms may be added");
            return Some(Proposal { expression: None, note });
        }
    }
    Some(Proposal {
        expression: Some(expression.to_owned()),
        note: format!("proposed from its text ({title}); check it"),
    })
}

/// Whether a file of this name is usually a licence text.
pub fn is_licence_name(path: &ReleasePath) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    let stem = ["license", "licence", "copying", "unlicense"];
    let documents = [".py", ".json", ".rs", ".js", ".yaml", ".yml", ".html"];
    (stem.iter().any(|stem| name.starts_with(stem))
        || name.ends_with("license.txt")
        || name.ends_with("license.md"))
        && !documents.iter().any(|end| name.ends_with(end))
}

/// Whether the start of a file is a licence text rather than a text about one.
///
/// Titles stand at the very start; a permission notice may follow copyright lines.
pub fn looks_like_licence(path: &ReleasePath, text: &str) -> bool {
    if is_licence_name(path) {
        return true;
    }
    let plain = file_name(path).to_ascii_lowercase();
    let named = ["terms", "use_policy", "usage_policy"].iter().any(|word| plain.contains(word));
    let start: String = text.chars().take(1200).collect();
    named && text.len() as u64 <= HEAD && propose(&start).is_some()
}

#[cfg(test)]
mod tests {
    use super::{TABLE, looks_like_licence, propose};
    use crate::model::path::ReleasePath;

    const MIT: &str = include_str!("../demo/MIT.txt");

    #[test]
    fn every_entry_is_reached_by_its_own_phrases() {
        for known in TABLE {
            let proposal = propose(&known.phrases.join(" ... ").to_uppercase()).unwrap();
            assert_eq!(proposal.expression.as_deref(), known.expression, "{}", known.title);
            assert!(proposal.note.contains(known.title), "{}", proposal.note);
            if let Some(expression) = known.expression {
                assert!(spdx::Expression::parse(expression).is_ok(), "{expression}");
            }
        }
    }

    #[test]
    fn a_match_is_a_proposal_and_says_so() {
        let proposal = propose(MIT).unwrap();
        assert_eq!(proposal.expression.as_deref(), Some("MIT"));
        assert!(proposal.note.contains("check it"), "{}", proposal.note);
        assert_eq!(propose("All rights reserved."), None);
    }

    #[test]
    fn a_licence_that_is_only_mentioned_is_not_proposed() {
        let terms = "word ".repeat(500) + "unlike the MIT License, or the Gemma Terms of Use";
        assert_eq!(propose(&terms), None);
        assert!(propose("Gemma Terms of Use, last changed").is_some());
    }

    #[test]
    fn an_added_clause_is_not_the_plain_licence() {
        let clause = "If your product has more than 100 million monthly active users, ask first.";
        let proposal = propose(&format!("{MIT}\n{clause}")).unwrap();
        assert_eq!(proposal.expression, None);
        assert!(proposal.note.contains("monthly active"), "{}", proposal.note);
        let other = "The colour of the sky is to be considered. ".repeat(9);
        let proposal = propose(&format!("{MIT}\n{other}")).unwrap();
        assert_eq!(proposal.expression, None);
        assert!(proposal.note.contains("words"), "{}", proposal.note);
    }

    #[test]
    fn names_decide_only_where_content_cannot() {
        let path = |name: &str| ReleasePath::new(name).unwrap();
        assert!(looks_like_licence(&path("sub/LICENSE.txt"), ""));
        assert!(looks_like_licence(&path("COPYING"), ""));
        assert!(looks_like_licence(&path("TERMS.md"), "Gemma Terms of Use\n..."));
        assert!(!looks_like_licence(&path("license.py"), MIT));
        assert!(!looks_like_licence(&path("README.md"), "This is under the Gemma Terms of Use"));
    }
}
