//! Adding to a `pkg.toml` that a person has edited, without touching a byte of it.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;

use super::sort::{Item, Place};
use super::terms::{Group, Texts};
use super::{Plan, Survey, origin, text};
use crate::finding::{Code, Finding, Problem, Result, Severity};
use crate::model::path::ReleasePath;
use crate::model::spec::{FILE_NAME, Spec};
use crate::spec;

/// Plans what is to be added to `before`.
pub(super) fn plan(folder: &Path, before: String, survey: &Survey) -> Result<Plan> {
    let known = spec::parse(&before, &folder.join(FILE_NAME).display().to_string())?;
    if let Some(finding) =
        spec::check(&known).into_iter().find(|finding| finding.severity == Severity::Error)
    {
        return Err(spec::problem(finding));
    }
    let open = not_covered(folder, &known, &before, survey)?;
    let origin = origin::Origin::read(&survey.items)?;
    let groups = Texts::read(&survey.items, &origin)?.groups(&open);

    let mut added = Added::default();
    for group in &groups {
        added.component(group, &known);
    }
    for item in open.iter().filter(|item| item.place == Place::Manifest) {
        added.manifest(item)?;
    }
    let mut findings = added.findings;
    findings.extend(survey.findings(&open));
    let spec_text = joined(&before, &added.text, FILE_NAME);
    Ok(Plan {
        spec_text,
        components: groups.iter().map(Group::summary).collect(),
        findings,
        existing: true,
        before: Some(before),
    })
}

/// The files that neither the spec nor a comment of its text speaks of.
fn not_covered<'a>(
    folder: &Path,
    known: &Spec,
    before: &str,
    survey: &'a Survey,
) -> Result<Vec<&'a Item>> {
    let resolved = spec::resolve(folder, known)?;
    let free: BTreeSet<&ReleasePath> = resolved.unpacked.iter().collect();
    let excluded = known.components.iter().flat_map(|component| &component.exclude);
    let excluded = excluded.map(|pattern| spec::matcher(pattern)).collect::<Result<Vec<_>>>()?;
    let open = survey.items.iter().filter(|item| {
        let path = &item.file.path;
        free.contains(path)
            && !excluded.iter().any(|pattern| pattern.is_match(path.as_str()))
            && !is_mentioned(before, path.as_str())
    });
    Ok(open.collect())
}

/// Whether a text names a path, in quotes or in a list of undecided files.
fn is_mentioned(text: &str, path: &str) -> bool {
    text.contains(&text::quote(&globset::escape(path)))
        || text.contains(&text::quote(path))
        || text.lines().any(|line| {
            let listed = line.strip_prefix("#   ").and_then(|line| line.strip_prefix(path));
            listed.is_some_and(|rest| rest.starts_with(": "))
        })
}

#[derive(Default)]
struct Added {
    text: String,
    findings: Vec<Finding>,
}

impl Added {
    fn component(&mut self, group: &Group<'_>, known: &Spec) {
        let same = known.components.iter().find(|component| component.kind == group.kind);
        // The person said that it comes from elsewhere: files of that kind here
        // may be there on purpose or not, so they are only offered.
        let elsewhere = same.is_some_and(|component| component.paths.is_empty());
        let prefix = if elsewhere { "# " } else { "" };
        self.text.push('\n');
        text::reasons(&mut self.text, group);
        if elsewhere {
            let _ = writeln!(
                self.text,
                "# pkg.toml says that this kind is elsewhere or absent; uncomment if these belong to it."
            );
        }
        let own_terms = known.release.licence.is_none();
        let paths: Vec<String> =
            group.items.iter().map(|item| globset::escape(item.file.path.as_str())).collect();
        text::component(&mut self.text, group, &paths, own_terms, prefix);
        let how = if elsewhere { " as a comment" } else { "" };
        let message = format!("added {} with {} files{how}", group.kind, group.items.len());
        self.findings.push(Problem::new(Code::SpecExtended, FILE_NAME).detail(message).into());
    }

    fn manifest(&mut self, item: &Item) -> Result<()> {
        self.text.push('\n');
        text::data_set(&mut self.text, &origin::manifest(item)?);
        let message = format!("added the data set of {}", item.file.path);
        self.findings.push(Problem::new(Code::SpecExtended, FILE_NAME).detail(message).into());
        Ok(())
    }
}

/// Puts the addition behind the text. Where the text keeps its components in one
/// inline list, tables cannot follow it: the addition becomes a comment then.
fn joined(before: &str, added: &str, subject: &str) -> String {
    if added.is_empty() {
        return before.to_owned();
    }
    let newline = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    let whole = format!("{before}{newline}{added}");
    if spec::parse(&whole, subject).is_ok() {
        return whole;
    }
    let commented: String = added.lines().fold(String::new(), |text, line| match line {
        "" => text + "\n",
        line if line.starts_with('#') => text + line + "\n",
        line => text + "# " + line + "\n",
    });
    format!("{before}{newline}{commented}")
}
