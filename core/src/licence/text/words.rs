//! Texts as words: what is left when layout, punctuation and spelling are taken away.
//!
//! After the matching guidelines of the SPDX licence list (annex B of SPDX 2.3):
//! letter case, white space, punctuation, list markers, copyright notices and
//! spelling variants do not make another licence. Nothing else is passed over.

/// A word, and where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Word {
    /// The word, for comparing.
    pub(super) plain: String,
    /// First byte in the text.
    pub(super) from: usize,
    /// First byte behind it.
    pub(super) to: usize,
}

/// A text as words.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    /// The words.
    pub(super) words: Vec<Word>,
    /// Copyright notices, which are not among the words.
    pub(super) notices: Vec<String>,
}

impl Words {
    /// Takes a text apart.
    pub(super) fn of(text: &str) -> Self {
        let mut all = Self::default();
        let mut at = 0;
        for line in text.split_inclusive('\n') {
            if is_notice(line) {
                all.notices.push(line.trim().to_owned());
            } else {
                let marker = marker(line);
                all.add(&line[marker..], at + marker);
            }
            at += line.len();
        }
        all
    }

    fn add(&mut self, line: &str, offset: usize) {
        for (from, to) in spans(line) {
            let plain = line[from..to].to_lowercase();
            let plain = SPELLINGS
                .iter()
                .find(|(variant, _)| *variant == plain)
                .map_or(plain, |(_, word)| (*word).to_owned());
            // "non-commercial" and "noncommercial" are one word, and so on.
            let joined = self.words.last_mut().filter(|last| {
                JOINED.iter().any(|(first, second)| *first == last.plain && *second == plain)
            });
            match joined {
                Some(last) => {
                    last.plain.push_str(&plain);
                    last.to = offset + to;
                }
                None => self.words.push(Word { plain, from: offset + from, to: offset + to }),
            }
        }
    }
}

/// Runs of letters and digits; an apostrophe or combining mark ends no word.
fn spans(line: &str) -> Vec<(usize, usize)> {
    let mut spans = Vec::new();
    let mut start = None;
    for (at, c) in line.char_indices() {
        match (c.is_alphanumeric(), start) {
            (true, None) => start = Some(at),
            (false, Some(from)) => {
                spans.push((from, at));
                start = None;
            }
            _ => {}
        }
    }
    if let Some(from) = start {
        spans.push((from, line.len()));
    }
    spans
}

/// British and other spellings (SPDX guidelines, "varietal word spelling").
const SPELLINGS: &[(&str, &str)] = &[
    ("licence", "license"),
    ("licences", "licenses"),
    ("licenced", "licensed"),
    ("acknowledgement", "acknowledgment"),
    ("authorisation", "authorization"),
    ("authorised", "authorized"),
    ("behaviour", "behavior"),
    ("cancelled", "canceled"),
    ("fulfil", "fulfill"),
    ("fulfilment", "fulfillment"),
    ("favour", "favor"),
    ("initialise", "initialize"),
    ("judgement", "judgment"),
    ("labelling", "labeling"),
    ("organisation", "organization"),
    ("organisations", "organizations"),
    ("recognise", "recognize"),
    ("realise", "realize"),
    ("utilisation", "utilization"),
    ("while", "whilst"),
    ("https", "http"),
];

const JOINED: &[(&str, &str)] = &[
    ("non", "commercial"),
    ("non", "exclusive"),
    ("non", "infringement"),
    ("non", "transferable"),
    ("royalty", "free"),
    ("sub", "license"),
    ("sub", "licensing"),
    ("world", "wide"),
];

/// Length of the white space and list markers that a line begins with.
fn marker(line: &str) -> usize {
    let mut rest = line.trim_start();
    loop {
        let token = rest.split_whitespace().next().unwrap_or_default();
        let inner = token.trim_start_matches('(').trim_end_matches([')', '.', ':']);
        let closed = token.len() > inner.len();
        let short = inner.len() <= 8;
        let number = inner.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let letter = inner.len() == 1 && inner.bytes().all(|b| b.is_ascii_alphabetic());
        let roman = inner.bytes().all(|b| matches!(b, b'i' | b'v' | b'x'));
        let bullet = matches!(token, "*" | "-" | "+" | "\u{2022}" | "#" | "##" | "###" | "####");
        let counts = !inner.is_empty() && closed && short && (number || letter || roman);
        if !(bullet || counts) {
            return line.len() - rest.len();
        }
        rest = rest[token.len()..].trim_start();
    }
}

/// Words that a copyright notice, or a name in a blank, does not have: with one of
/// them it may say something about rights.
const OF_LAW: &[&str] = &[
    "academic",
    "agree",
    "agreement",
    "allowed",
    "apply",
    "commercial",
    "commercially",
    "companies",
    "condition",
    "conditions",
    "consent",
    "contact",
    "deny",
    "evaluation",
    "except",
    "excluding",
    "exclusive",
    "fee",
    "forbidden",
    "granted",
    "if",
    "income",
    "internal",
    "lawful",
    "license",
    "licensed",
    "licensee",
    "limited",
    "may",
    "military",
    "month",
    "monthly",
    "must",
    "no",
    "non",
    "noncommercial",
    "not",
    "only",
    "pay",
    "permission",
    "permitted",
    "personal",
    "prohibited",
    "provided",
    "purpose",
    "purposes",
    "redistribute",
    "research",
    "restricted",
    "restriction",
    "revenue",
    "royalties",
    "royalty",
    "shall",
    "subject",
    "terms",
    "under",
    "unless",
    "use",
    "used",
    "user",
    "users",
    "using",
    "warfare",
    "weapons",
    "without",
    "written",
];

/// Whether a word may say something about rights.
pub(super) fn is_of_law(word: &str) -> bool {
    OF_LAW.binary_search(&word).is_ok()
}

/// Most words of a copyright notice.
const LONGEST_NOTICE: usize = 25;

/// Words that follow "copyright" where a line of a longer sentence begins with it.
const CONTINUED: &[&str] = &[
    "",
    "act",
    "and",
    "claims",
    "holder",
    "holders",
    "in",
    "interest",
    "interests",
    "law",
    "laws",
    "notice",
    "notices",
    "of",
    "or",
    "owner",
    "owners",
    "protection",
    "right",
    "rights",
    "statement",
    "statements",
    "status",
    "that",
    "to",
    "treaty",
];

/// Whether a line is a copyright notice and no more.
fn is_notice(line: &str) -> bool {
    let words: Vec<String> =
        spans(line).iter().map(|(from, to)| line[*from..*to].to_lowercase()).collect();
    if words.len() > LONGEST_NOTICE || words.iter().any(|word| is_of_law(word)) {
        return false;
    }
    let reserved = ["all", "rights", "reserved"];
    if words == reserved {
        return true;
    }
    let begins = line.trim_start_matches(|c: char| !c.is_alphanumeric() && c != '\u{a9}');
    let sign = begins.starts_with(['\u{a9}']) || line.trim_start().starts_with("(c)");
    let after = match words.first().map(String::as_str) {
        Some("copyright" | "copyrights") => words.get(1).map_or("", String::as_str),
        _ if sign => return true,
        _ => return false,
    };
    let capital = begins.starts_with('C');
    capital && !CONTINUED.contains(&after)
}

#[cfg(test)]
mod tests {
    use super::{OF_LAW, Words, is_notice, marker};

    fn plain(text: &str) -> Vec<String> {
        Words::of(text).words.into_iter().map(|word| word.plain).collect()
    }

    #[test]
    fn layout_punctuation_and_spelling_do_not_count() {
        let one = plain("1. The Licence shall be, non-exclusive.\n  (a) https://x.org\n");
        let other = plain("the license\nshall be nonexclusive http x org");
        assert_eq!(one, other);
        assert_eq!(plain("* a\n- b\n(iv) c\n2.1. d"), ["a", "b", "c", "d"]);
        assert_eq!(plain("Section 4 applies"), ["section", "4", "applies"]);
    }

    #[test]
    fn words_know_where_they_are() {
        let text = "A \u{201c}quoted\u{201d} word";
        let words = Words::of(text);
        let quoted = &words.words[1];
        assert_eq!(&text[quoted.from..quoted.to], "quoted");
    }

    #[test]
    fn notices_are_told_from_sentences_and_from_terms() {
        for notice in [
            "Copyright (c) 2024 A. Person and others",
            "Copyright <year> <owner>.",
            "\u{a9} 2020 Company",
            "   (c) 2020 Company, all rights reserved",
            "All rights reserved.",
            "Copyright [yyyy] [name of copyright owner]",
        ] {
            assert!(is_notice(notice), "{notice}");
        }
        for other in [
            "copyright holder nor the names of its",
            "copyright notice, this list of",
            "Copyright (c) 2024 A. Person. Not for military purposes.",
            "Copyright 2024 X, research only",
            "the above copyright notice",
            "Permission is hereby granted",
        ] {
            assert!(!is_notice(other), "{other}");
        }
        let words = Words::of("MIT License\nCopyright (c) 2024 A\ntext\n");
        assert_eq!(words.notices, ["Copyright (c) 2024 A"]);
        assert_eq!(words.words.len(), 3);
    }

    #[test]
    fn the_list_can_be_searched_and_markers_end() {
        assert!(OF_LAW.is_sorted());
        assert_eq!(marker("i.e. this"), 0);
        assert_eq!(marker("of x"), 0);
        assert_eq!(marker("  1) (a) x"), 9);
        assert_eq!(marker("   "), 3);
    }
}
