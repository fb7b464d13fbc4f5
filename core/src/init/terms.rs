//! Which licence goes with which files.
//!
//! A licence text covers its folder and everything below, unless a deeper one
//! does. What the model's metadata declares covers the model but not its code.
//! Where text and metadata disagree, nothing is written.

use std::collections::BTreeMap;

use super::Summary;
use super::origin::{Declared, Origin};
use super::sort::{Item, Place};
use crate::finding::{Code, Finding, Problem, Result};
use crate::licence::text::{Concluded, conclude};
use crate::model::kind::{Group as Content, Kind};
use crate::model::path::ReleasePath;
use crate::scan::licence::{self, Proposal};
use crate::scan::{self, file_name, folder_of};

/// Largest licence text that is read, in bytes.
const MAX_TEXT: u64 = 1 << 20;

/// The terms of a group of files.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Terms {
    /// SPDX expression; none if it was not decided.
    pub(super) licence: Option<String>,
    /// The text.
    pub(super) file: Option<ReleasePath>,
    /// Grounds or question, for people.
    pub(super) note: String,
}

impl Terms {
    /// Whether the terms are the same, on whatever grounds.
    pub(super) fn same(&self, other: &Self) -> bool {
        (&self.licence, &self.file) == (&other.licence, &other.file)
    }
}

/// Files of one kind under the same terms.
#[derive(Debug)]
pub(super) struct Group<'a> {
    pub(super) kind: Kind,
    pub(super) terms: Terms,
    pub(super) items: Vec<&'a Item>,
}

impl Group<'_> {
    pub(super) fn summary(&self) -> Summary {
        Summary {
            kind: self.kind,
            files: self.items.len() as u64,
            bytes: self.items.iter().map(|item| item.file.size).sum(),
            licence: self.terms.licence.clone(),
        }
    }
}

struct Text {
    path: ReleasePath,
    /// Folder that it covers.
    scope: String,
    proposal: Option<Proposal>,
}

/// The licence texts of a folder, and what its metadata declares.
pub(super) struct Texts {
    texts: Vec<Text>,
    declared: Option<(String, Declared)>,
}

impl Texts {
    pub(super) fn read(items: &[Item], origin: &Origin) -> Result<Self> {
        let mut texts = Vec::new();
        for item in items.iter().filter(|item| item.place == Place::Licence) {
            let text = scan::small_text(&item.file.disk, MAX_TEXT)?;
            texts.push(Text {
                path: item.file.path.clone(),
                scope: scope(&item.file.path),
                proposal: text.as_deref().and_then(propose),
            });
        }
        Ok(Self { texts, declared: origin.declared() })
    }

    /// Sorts the items that go into components by kind and terms.
    pub(super) fn groups<'a>(&self, items: &[&'a Item]) -> Vec<Group<'a>> {
        let mut groups: BTreeMap<(Content, Kind, Terms), Vec<&'a Item>> = BTreeMap::new();
        for &item in items {
            if let Place::Kind(kind) = item.place {
                let terms = self.terms(kind, &item.file.path);
                groups.entry((kind.group(), kind, terms)).or_default().push(item);
            }
        }
        let groups = groups.into_iter();
        groups.map(|((_, kind, terms), items)| Group { kind, terms, items }).collect()
    }

    /// What should be known about the terms, once for each.
    pub(super) fn findings(groups: &[Group<'_>]) -> Vec<Finding> {
        let mut seen: Vec<&Terms> = Vec::new();
        let mut findings = Vec::new();
        for group in groups {
            if seen.iter().any(|terms| terms.same(&group.terms)) {
                continue;
            }
            seen.push(&group.terms);
            let subject = group.terms.file.as_ref().map_or("pkg.toml", ReleasePath::as_str);
            let (code, message) = match &group.terms.licence {
                Some(licence) => {
                    (Code::LicenceProposed, format!("{licence}: {}", group.terms.note))
                }
                None => (
                    Code::UndecidedLicence,
                    format!("{} and others: {}", group.kind, group.terms.note),
                ),
            };
            findings.push(Problem::new(code, subject).detail(message).into());
        }
        findings
    }

    fn terms(&self, kind: Kind, path: &ReleasePath) -> Terms {
        let text = self.nearest(kind, path);
        let file = text.map(|text| text.path.clone());
        let declared = self.declared.as_ref().filter(|_| kind.group() != Content::Code);
        let proposal = text.and_then(|text| text.proposal.as_ref());
        let (licence, note) = decide(file.as_ref(), proposal, declared);
        Terms { licence, file, note }
    }

    /// The text that covers a file; of several in one folder, the one that is
    /// named after the content, or the one with the shortest name.
    fn nearest(&self, kind: Kind, path: &ReleasePath) -> Option<&Text> {
        let covers = |text: &&Text| {
            let below = path.as_str().strip_prefix(&text.scope);
            text.scope.is_empty() || below.is_some_and(|rest| rest.starts_with('/'))
        };
        let rank = |text: &&Text| {
            let name = file_name(&text.path).to_ascii_lowercase();
            let content = named_after(&name);
            let fits = match content {
                None => 1,
                Some(content) if content == kind.group() => 2,
                Some(Content::Weights) if kind.group() == Content::Config => 2,
                Some(_) => 0,
            };
            // A policy is part of the terms, but is not the licence itself.
            let licence = licence::is_licence_name(&text.path);
            (
                text.scope.len(),
                licence,
                fits,
                std::cmp::Reverse(name.len()),
                text.proposal.is_some(),
            )
        };
        self.texts.iter().filter(covers).max_by_key(rank)
    }
}

fn named_after(name: &str) -> Option<Content> {
    let names = [
        ("code", Content::Code),
        ("model", Content::Weights),
        ("weights", Content::Weights),
        ("data", Content::Data),
        ("docs", Content::Docs),
    ];
    names.into_iter().find(|(word, _)| name.contains(word)).map(|(_, content)| content)
}

/// Which licence a text is, word for word; otherwise what it looks like.
fn propose(text: &str) -> Option<Proposal> {
    let proposal = match conclude(text) {
        Concluded::Licence { ids } => match ids.as_slice() {
            [only] => {
                let note = format!("its text is {only}, word for word");
                Proposal { expression: Some(only.clone()), note }
            }
            several => {
                let note =
                    format!("the text is that of {}: which one is it?", several.join(" and "));
                Proposal { expression: None, note }
            }
        },
        Concluded::Modified { of, changes, .. } => {
            let added = changes.iter().map(|change| change.added.as_str());
            let added = added.max_by_key(|added| added.len()).unwrap_or_default();
            let added: String = added.chars().take(120).collect();
            let note = format!(
                "the text is {} with other terms in it ({added:?}): it is not that licence",
                of.join(" / ")
            );
            Proposal { expression: None, note }
        }
        Concluded::Unknown { .. } => return licence::propose(text),
    };
    Some(proposal)
}

/// The folder that a licence text covers: its own, but the one above where the
/// folder is there only to keep licences or the records of a Python package.
fn scope(path: &ReleasePath) -> String {
    let mut folder = folder_of(path);
    loop {
        let (above, last) = folder.rsplit_once('/').unwrap_or(("", folder));
        let keeps = matches!(last.to_ascii_lowercase().as_str(), "licenses" | "licences");
        if folder.is_empty() || !(keeps || last.ends_with("-info")) {
            return folder.to_owned();
        }
        folder = above;
    }
}

fn decide(
    file: Option<&ReleasePath>,
    proposal: Option<&Proposal>,
    declared: Option<&(String, Declared)>,
) -> (Option<String>, String) {
    match (file, proposal, declared) {
        (None, _, None) => (None, "neither a licence text nor metadata names one".to_owned()),
        (None, _, Some((from, Declared::Is(licence)))) => {
            let note = format!("as {from} says; add the licence text and `licence-file`");
            (Some(licence.clone()), note)
        }
        (_, None, Some((from, Declared::Unclear(question)))) => {
            (None, format!("{from} says {question}"))
        }
        (Some(file), None, None) => {
            (None, format!("the text of {file} was not recognised: which licence is it?"))
        }
        (Some(file), None, Some((from, Declared::Is(licence)))) => {
            let note = format!("as {from} says; the text of {file} was not recognised, compare it");
            (Some(licence.clone()), note)
        }
        (_, Some(proposal), None) => (proposal.expression.clone(), proposal.note.clone()),
        (_, Some(proposal), Some((from, Declared::Unclear(question)))) => {
            let note = format!("{from} says {question}; {}", proposal.note);
            (proposal.expression.clone(), note)
        }
        (_, Some(proposal), Some((from, Declared::Is(licence)))) => match &proposal.expression {
            Some(expression) if expression == licence => {
                let note = format!("as {from} says; {}", proposal.note);
                (Some(licence.clone()), note)
            }
            Some(other) => {
                (None, format!("{from} says {licence}, but the text looks like {other}"))
            }
            None => (None, format!("{from} says {licence}, but {}", proposal.note)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::{Declared, Proposal, Text, Texts, decide, scope};
    use crate::model::kind::Kind;
    use crate::model::path::ReleasePath;

    fn path(text: &str) -> ReleasePath {
        ReleasePath::new(text).unwrap()
    }

    #[test]
    fn text_and_metadata_have_to_agree() {
        let file = path("LICENSE");
        let text = |expression: Option<&str>| Proposal {
            expression: expression.map(str::to_owned),
            note: "note".to_owned(),
        };
        let card = |declared| ("README.md".to_owned(), declared);
        let is = card(Declared::Is("MIT".to_owned()));
        let unclear = card(Declared::Unclear("`other`: which?".to_owned()));
        let mit = text(Some("MIT"));
        for (file, proposal, declared, expected) in [
            (None, None, None, None),
            (None, None, Some(&is), Some("MIT")),
            (Some(&file), None, Some(&is), Some("MIT")),
            (Some(&file), Some(&mit), Some(&is), Some("MIT")),
            (Some(&file), Some(&mit), None, Some("MIT")),
            (Some(&file), Some(&mit), Some(&unclear), Some("MIT")),
            (Some(&file), Some(&text(Some("ISC"))), Some(&is), None),
            (Some(&file), Some(&text(None)), Some(&is), None),
            (Some(&file), None, Some(&unclear), None),
            (None, None, Some(&unclear), None),
            (Some(&file), None, None, None),
        ] {
            let (licence, note) = decide(file, proposal, declared);
            assert_eq!(licence.as_deref(), expected, "{note}");
            assert!(!note.is_empty());
        }
    }

    #[test]
    fn the_nearest_text_covers_a_file() {
        for (name, expected) in [
            ("LICENSE", ""),
            ("a/b/LICENSE", "a/b"),
            ("x.dist-info/licenses/LICENSE", ""),
            ("a/LICENSES/MIT.txt", "a"),
        ] {
            assert_eq!(scope(&path(name)), expected, "{name}");
        }
        let names = ["LICENSE", "LICENSE-CODE", "sub/LICENSE", "sub/USE_POLICY.md"];
        let texts =
            names.map(|name| Text { path: path(name), scope: scope(&path(name)), proposal: None });
        let texts = Texts { texts: texts.into(), declared: None };
        let nearest = |kind, file: &str| texts.nearest(kind, &path(file)).unwrap().path.to_string();
        assert_eq!(nearest(Kind::ModelParametersFinal, "m.bin"), "LICENSE");
        assert_eq!(nearest(Kind::InferenceCode, "a.py"), "LICENSE-CODE");
        assert_eq!(nearest(Kind::ModelParametersFinal, "sub/x/m.bin"), "sub/LICENSE");
        assert_eq!(nearest(Kind::ModelParametersFinal, "subset/m.bin"), "LICENSE");
    }
}
