//! Results of commands, and how they read.

use std::fmt::Write as _;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use super::output::{Render, human_size, printable, table};
use crate::demo::DemoReport;
use crate::exit::Exit;
use crate::export::Exported;
use crate::init::Summary;
use crate::model::digest::Digest;
use crate::openness::adopter::Answer;
use crate::policy::Outcome;
use crate::show::Overview;
use crate::sign::Signed;
use crate::signatures::{About, SignatureReport, Standing};
use crate::trust::who::Who;
use crate::verify::{ComponentReport, Verdict};

/// Result of `pkg init`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct InitResult {
    /// The file.
    pub path: PathBuf,
    /// Whether it was written.
    pub written: bool,
    /// Whether a `pkg.toml` was there before.
    pub existing: bool,
    /// What was found for it.
    pub components: Vec<Summary>,
    /// Its text.
    pub text: String,
    /// Whether to show the text.
    #[serde(skip)]
    pub show_text: bool,
}

impl Render for InitResult {
    fn render(&self, page: &mut String) {
        if self.show_text {
            page.push_str(&self.text);
        }
        let path = self.path.display();
        let rows: Vec<Vec<String>> = self
            .components
            .iter()
            .map(|component| {
                let licence = component.licence.as_deref().unwrap_or("licence undecided");
                let files = counted(component.files, component.bytes);
                vec![component.kind.to_string(), files, printable(licence)]
            })
            .collect();
        table(&rows, page);
        let _ = match (self.written, self.existing) {
            (true, false) => writeln!(page, "wrote {path}; read it, then run `pkg pack`"),
            (true, true) => writeln!(page, "added to {path}; what you wrote there is unchanged"),
            (false, true) if !self.show_text => writeln!(page, "{path} covers everything already"),
            _ => Ok(()),
        };
    }
}

/// Result of `pkg pack`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct PackResult {
    /// The bundle.
    pub output: PathBuf,
    /// Name of the release.
    pub name: String,
    /// Version of the release.
    pub version: String,
    /// Digest of the release.
    pub digest: Digest,
    /// Number of files.
    pub files: usize,
    /// Bytes of the files.
    pub bytes: u64,
    /// Bytes that were read; the rest was known from an earlier pack.
    pub bytes_read: u64,
    /// Bytes per shard, when large files got shard digests.
    pub shard_size: Option<u64>,
    /// Layers that hold parts of large files.
    pub parts: usize,
    /// Signatures that were there and still fit.
    pub signatures_kept: usize,
}

impl Render for PackResult {
    fn render(&self, page: &mut String) {
        let read = if self.bytes_read == self.bytes {
            String::new()
        } else {
            format!(", {} read again", human_size(self.bytes_read))
        };
        let _ = writeln!(
            page,
            "packed {} {} into {}: {} files, {}{read}",
            self.name,
            self.version,
            self.output.display(),
            self.files,
            human_size(self.bytes)
        );
        let _ = writeln!(page, "digest {}", self.digest);
        if self.parts > 0 {
            let _ = writeln!(page, "{} layers hold parts of large files", self.parts);
        }
        if self.signatures_kept > 0 {
            let _ = writeln!(page, "{} signatures still fit and were kept", self.signatures_kept);
        }
    }
}

/// Result of `pkg keygen`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeygenResult {
    /// Private key file.
    pub private: PathBuf,
    /// Public key file.
    pub public: PathBuf,
    /// Algorithm.
    pub algorithm: String,
    /// Whether the private key is encrypted.
    pub encrypted: bool,
    /// SHA-256 of the public key's PEM text, as signatures name it.
    pub key_hint: String,
}

impl Render for KeygenResult {
    fn render(&self, page: &mut String) {
        let how = if self.encrypted { "encrypted" } else { "not encrypted" };
        let _ = writeln!(page, "wrote {} ({how}; keep it secret)", self.private.display());
        let _ = writeln!(page, "wrote {} (publish it)", self.public.display());
        let _ = writeln!(page, "{} key, hint {}", self.algorithm, self.key_hint);
    }
}

impl Render for Signed {
    fn render(&self, page: &mut String) {
        let (name, version) = (printable(&self.name), printable(&self.version));
        let _ = if self.added.is_empty() {
            writeln!(page, "{name} {version} is signed so already")
        } else {
            writeln!(page, "signed {name} {version}")
        };
        let _ = writeln!(page, "digest {}", self.digest);
        let _ = writeln!(page, "by     {}", printable(&self.who.to_string()));
        for proven in &self.times {
            let logged = if self.logged { ", logged" } else { "" };
            let _ = writeln!(page, "time   {}{logged}", proven.time);
        }
        if let Some(method) = &self.model_signature {
            let _ = writeln!(page, "model signature over the unpacked files, method {method}");
        }
    }
}

/// A number of files and their size.
fn counted(files: u64, bytes: u64) -> String {
    let noun = if files == 1 { "file" } else { "files" };
    format!("{files} {noun}, {}", human_size(bytes))
}

fn component_rows(components: &[ComponentReport]) -> Vec<Vec<String>> {
    components
        .iter()
        .map(|component| {
            let content = match (&component.absent, &component.url) {
                (Some(why), _) => printable(why),
                (None, Some(url)) => printable(url),
                (None, None) => counted(component.files, component.bytes),
            };
            let licence = match (&component.licence, component.licence_text) {
                (_, _) if component.absent.is_some() => String::new(),
                (Some(licence), Some(_)) => format!("{} (text packed)", printable(licence)),
                (Some(licence), None) => format!("{} (no text)", printable(licence)),
                (None, Some(_)) => "licence text packed".to_owned(),
                (None, None) => "licence unknown".to_owned(),
            };
            let evidence = component.evidence.map_or("absent", |evidence| evidence.as_str());
            vec![component.kind.to_string(), evidence.to_owned(), content, licence]
        })
        .collect()
}

pub(super) fn signature_line(signature: &SignatureReport) -> String {
    let about = match signature.about {
        About::Release => "release statement".to_owned(),
        About::Model => "model signature".to_owned(),
        About::Attestation => printable(&signature.predicate_type),
        About::Other => "unreadable".to_owned(),
    };
    let standing = match (signature.standing, signature.times.first()) {
        (Standing::Verified, Some(proven)) => {
            let logged = if signature.logged { ", logged" } else { "" };
            format!("verified, made by {}{logged}", proven.time)
        }
        (Standing::Verified, None) => "verified, time not proven".to_owned(),
        (Standing::NotChecked, _) => "present, not checked".to_owned(),
        (Standing::Invalid, _) => "INVALID".to_owned(),
    };
    let who = match &signature.who {
        Some(Who::Key { hint, .. }) => format!("key {}", shortened(hint)),
        Some(who) => who.to_string(),
        None => match &signature.claimed {
            Some(claimed) => format!("claims to be {}", shortened(claimed)),
            None => "says not by whom".to_owned(),
        },
    };
    format!("{about}: {standing} ({})", printable(&who))
}

/// The beginning of a hint, which says enough; other names are shown whole.
fn shortened(name: &str) -> &str {
    let hint = name.strip_prefix("key ").unwrap_or(name);
    let is_hint = hint.len() == 64 && hint.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hint { name.get(..name.len() - 48).unwrap_or(name) } else { name }
}

/// Most components listed on the first screen.
const COMPONENTS_SHOWN: usize = 11;

impl Render for Overview {
    fn render(&self, page: &mut String) {
        let publisher = self.publisher.as_deref().map_or_else(
            || "publisher not stated".to_owned(),
            |publisher| format!("by {}", printable(publisher)),
        );
        let _ =
            writeln!(page, "{} {}, {publisher}", printable(&self.name), printable(&self.version));
        if let Some(description) = &self.description {
            let short: String = printable(description).chars().take(96).collect();
            let _ = writeln!(page, "{short}");
        }
        let _ = writeln!(page, "digest  {}", self.digest);
        if !self.model.is_empty() {
            let _ = writeln!(page, "model   {}", printable(&self.model.join(", ")));
        }
        let _ = writeln!(page, "content {} files, {}", self.files, human_size(self.bytes));
        for signature in self.signatures.iter().take(3) {
            let _ = writeln!(page, "signed  {}", signature_line(signature));
        }
        if self.signatures.is_empty() {
            page.push_str("signed  no\n");
        } else if self.signatures.len() > 3 {
            let _ = writeln!(page, "        and {} more signatures", self.signatures.len() - 3);
        }
        let rows = component_rows(&self.components);
        table(&rows[..rows.len().min(COMPONENTS_SHOWN)], page);
        if rows.len() > COMPONENTS_SHOWN {
            let more = rows.len() - COMPONENTS_SHOWN;
            let _ = writeln!(page, "  and {more} more components; `--json` lists all");
        }
        super::code::recorded(&self.components, page);
        let names = |list: Vec<&str>| printable(&list.join(", "));
        if !self.base_models.is_empty() {
            let list = self.base_models.iter().map(|base| base.name.as_str()).collect();
            let _ = writeln!(page, "made from {} (as declared)", names(list));
        }
        if !self.data.is_empty() {
            let list = self.data.iter().map(|data| data.name.as_str()).collect();
            let _ = writeln!(page, "data      {} (as declared)", names(list));
        }
        if let Some(terms) = &self.terms {
            let _ = writeln!(page, "label   {}", printable(&terms.label));
            let all = [("may", &terms.may), ("must", &terms.must), ("may not", &terms.may_not)];
            for (verb, what) in all.into_iter().filter(|(_, what)| !what.is_empty()) {
                let whole = what.join("; ");
                let mut text: String = whole.chars().take(TERMS_SHOWN).collect();
                if text.len() < whole.len() {
                    text.push('\u{2026}');
                }
                let _ = writeln!(page, "{verb:<7} {}", printable(&text));
            }
        }
        answer(self.answer.as_ref(), page);
    }
}

/// Characters of each line of terms on the first screen.
const TERMS_SHOWN: usize = 100;

/// What the terms mean for who asked.
fn answer(answer: Option<&Answer>, page: &mut String) {
    if let Some(answer) = answer {
        let _ = writeln!(page, "answer  {} ({})", printable(&answer.sentence), answer.caveat);
    }
}

/// A verdict and how the run ended.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub(super) struct Judged {
    /// The verdict.
    pub verdict: Verdict,
    /// How the run ended.
    #[serde(skip)]
    pub exit: Exit,
}

impl Render for Judged {
    fn render(&self, page: &mut String) {
        let verdict = &self.verdict;
        let title = format!("{} {}", printable(&verdict.name), printable(&verdict.version));
        let title = title.trim();
        let signed = verdict.signatures.iter().any(|s| s.standing == Standing::Verified);
        let is = if signed { "is what was signed" } else { "has the digest that was asked for" };
        let _ = match self.exit {
            Exit::Ok if verdict.not_checked.is_empty() => writeln!(page, "OK: {title} {is}"),
            Exit::Ok => writeln!(page, "OK in part: {title} {is}, as far as it was checked"),
            Exit::Unsigned => writeln!(page, "UNSIGNED: {title}"),
            _ => writeln!(page, "REFUSED: {title}"),
        };
        if self.exit == Exit::Ok && !signed {
            page.push_str("signed  not checked; who made it is not known\n");
        }
        let _ = writeln!(page, "digest  {}", verdict.digest);
        for signature in &verdict.signatures {
            let _ = writeln!(page, "signed  {}", signature_line(signature));
        }
        let _ = writeln!(
            page,
            "content {} of {} files verified, {} read",
            verdict.files_verified,
            verdict.files_total,
            human_size(verdict.bytes_read)
        );
        table(&component_rows(&verdict.components), page);
        super::code::recorded(&verdict.components, page);
        answer(verdict.answer.as_ref(), page);
        for run in &verdict.plugins {
            let _ = writeln!(page, "plugin  {}", super::bench::run_line(run));
        }
        for compared in &verdict.compared {
            super::code::compared(compared, page);
        }
        for required in &verdict.required {
            let met = if required.met { "met" } else { "NOT MET" };
            let results: Vec<String> = required
                .results
                .iter()
                .map(|it| format!("{} by {}", printable(&it.result), printable(&it.who)))
                .collect();
            let results =
                if results.is_empty() { "no result".to_owned() } else { results.join(", ") };
            let plugin = printable(&required.plugin);
            let _ = writeln!(page, "require test-result:{plugin} {met}: {results}");
        }
        if let Some(decision) = &verdict.decision {
            let outcome = if decision.allowed { "met" } else { "NOT MET" };
            let met = decision.rules.iter().filter(|rule| rule.outcome == Outcome::Pass).count();
            let _ =
                writeln!(page, "policy  {outcome}: {met} of {} rules pass", decision.rules.len());
        }
    }
}

/// Result of `pkg unpack`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct UnpackResult {
    /// The folder.
    pub output: PathBuf,
    /// Digest of the release.
    pub digest: Digest,
    /// Number of files.
    pub files: usize,
    /// Bytes of the files.
    pub bytes: u64,
    /// Files that were left out, as asked.
    pub left_out: usize,
    /// Whether the folder carries a model signature.
    pub model_signature: bool,
}

impl Render for UnpackResult {
    fn render(&self, page: &mut String) {
        let output = self.output.display();
        let size = human_size(self.bytes);
        let _ = writeln!(page, "unpacked {} files, {size}, into {output}", self.files);
        if self.left_out > 0 {
            let _ = writeln!(page, "{} files were left out, as asked", self.left_out);
        }
        let _ = writeln!(
            page,
            "every byte fits {}; who signed it: pkg verify {output} --key KEY",
            self.digest
        );
    }
}

impl Render for Exported {
    fn render(&self, page: &mut String) {
        let output = self.output.display();
        let _ = writeln!(page, "exported into {output}; README.txt there says how to check it");
        let _ = writeln!(page, "digest {}", self.digest);
        if let Some(root) = self.trusted_root {
            let _ = writeln!(page, "root   {root}");
        }
    }
}

impl Render for DemoReport {
    fn render(&self, page: &mut String) {
        for (number, step) in self.steps.iter().enumerate() {
            let _ = writeln!(page, "{}. {}", number + 1, step.what);
            let _ = writeln!(page, "   $ {}", step.command);
            for line in &step.result {
                let _ = writeln!(page, "     {line}");
            }
        }
        if let Some(folder) = &self.folder {
            let _ = writeln!(page, "everything is in {}", folder.display());
        }
    }
}

/// One finding code, explained.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Explanation {
    /// The code.
    pub code: String,
    /// What it means.
    pub meaning: String,
    /// What to do.
    pub remedy: String,
    /// Exit code of a run that it ends.
    pub exit_code: u8,
}

/// Result of `pkg explain`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ExplainResult {
    /// The codes that were asked for.
    pub codes: Vec<Explanation>,
}

impl Render for ExplainResult {
    fn render(&self, page: &mut String) {
        if let [only] = self.codes.as_slice() {
            let _ = writeln!(page, "{}: {}", only.code, only.meaning);
            let _ = writeln!(page, "  next: {}", only.remedy);
            let _ = writeln!(page, "  exit code: {}", only.exit_code);
            return;
        }
        let rows: Vec<Vec<String>> =
            self.codes.iter().map(|code| vec![code.code.clone(), code.meaning.clone()]).collect();
        table(&rows, page);
    }
}

/// Result of `pkg schema` and `pkg completions`.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SchemaResult {
    /// Names of the documents.
    pub names: Vec<String>,
    /// The document that was asked for.
    pub text: Option<String>,
}

impl Render for SchemaResult {
    fn render(&self, page: &mut String) {
        match &self.text {
            Some(text) => page.push_str(text),
            None => {
                for name in &self.names {
                    let _ = writeln!(page, "{name}");
                }
            }
        }
    }
}
