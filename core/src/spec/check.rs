//! Checks of a `pkg.toml` that need no files.

use crate::finding::{Code, Finding, Problem};
use crate::model::digest::Digest;
use crate::model::disclosure::is_url;
use crate::model::kind::Kind;
use crate::model::path::ReleasePath;
use crate::model::spec::{ComponentSpec, FILE_NAME, Spec};

/// Longest name and version, in bytes. OCI tags are no longer.
const MAX_NAME: usize = 128;

/// Everything wrong with a spec, in the order of the file.
pub fn check(spec: &Spec) -> Vec<Finding> {
    let mut checker = Checker { at: String::new(), findings: Vec::new() };
    checker.release(spec);
    for (index, component) in spec.components.iter().enumerate() {
        checker.at = format!("[[component]] {} ({})", index + 1, component.kind);
        checker.component(component);
    }
    for data in &spec.data {
        checker.at = format!("[[data]] {:?}", data.name);
        checker.path("manifest", data.manifest.as_deref());
        checker.digest(data.digest.as_deref());
        checker.licence("licence", data.licence.as_deref());
        checker.filled("name", Some(&data.name));
        checker.date("withdrawn", data.withdrawn.as_deref());
    }
    for base in &spec.base_models {
        checker.at = format!("[[base-model]] {:?}", base.name);
        checker.digest(base.digest.as_deref());
        checker.licence("licence", base.licence.as_deref());
        checker.filled("name", Some(&base.name));
    }
    checker.disclosure(spec);
    if !spec.components.iter().any(|component| component.kind == Kind::ModelParametersFinal) {
        checker.findings.push(Problem::new(Code::NoWeights, FILE_NAME).into());
    }
    checker.findings
}

struct Checker {
    at: String,
    findings: Vec<Finding>,
}

impl Checker {
    fn add(&mut self, code: Code, message: &str) {
        let problem = Problem::new(code, FILE_NAME).detail(format!("{}: {message}", self.at));
        self.findings.push(problem.into());
    }

    fn add_with(&mut self, code: Code, message: &str, hint: impl Into<String>) {
        let problem = Problem::new(code, FILE_NAME).detail(format!("{}: {message}", self.at));
        self.findings.push(problem.hint(hint).into());
    }

    fn release(&mut self, spec: &Spec) {
        let release = &spec.release;
        "[release]".clone_into(&mut self.at);
        let name = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        if !valid_word(&release.name, name, |c| name(c) || "._-".contains(c)) {
            let message = format!("the name {:?} cannot be used", release.name);
            self.add_with(
                Code::SpecInvalid,
                &message,
                format!(
                    "Use lower-case letters, digits, `.`, `_` and `-`, a letter or digit first, \
                 at most {MAX_NAME}."
                ),
            );
        }
        let tag = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if !valid_word(&release.version, tag, |c| tag(c) || ".-".contains(c)) {
            let message = format!("the version {:?} cannot be an OCI tag", release.version);
            self.add_with(Code::SpecInvalid, &message, format!(
                "Use letters, digits, `.`, `_` and `-`, not `.` or `-` first, at most {MAX_NAME}."
            ));
        }
        for (key, date) in [
            ("released", &release.released),
            ("terms-effective-from", &release.terms_effective_from),
        ] {
            self.date(key, date.as_deref());
        }
        self.licence("licence", release.licence.as_deref());
        self.path("licence-file", release.licence_file.as_deref());
    }

    fn disclosure(&mut self, spec: &Spec) {
        for (index, snapshot) in spec.snapshots.iter().enumerate() {
            self.at = format!("[[snapshot]] {}", index + 1);
            self.date("fetched", Some(&snapshot.fetched));
            if !is_url(&snapshot.url) {
                let message = format!("`url` is {:?}, which is no URL", snapshot.url);
                self.add_with(Code::SpecInvalid, &message, "Write it as https://HOST/PATH.");
            }
            if is_url(&snapshot.file) {
                self.add_with(
                    Code::SpecInvalid,
                    "`file` is the URL once more",
                    "Save a copy of the page in the folder and name that.",
                );
            }
        }
        let disclosure = spec.disclosure();
        for (key, at) in disclosure.references() {
            "documents".clone_into(&mut self.at);
            if !is_url(at) {
                self.path(key, Some(at));
            }
        }
        for change in &spec.terms_history {
            "[[terms-history]]".clone_into(&mut self.at);
            self.date("from", Some(&change.from));
            self.licence("licence", Some(&change.licence));
        }
        if let Some(flop) = spec.training.as_ref().and_then(|it| it.compute_flop.as_deref()) {
            "[training]".clone_into(&mut self.at);
            if !flop.parse::<f64>().is_ok_and(|flop| flop.is_finite() && flop > 0.0) {
                let message = format!("`compute-flop` is {flop:?}, which is no number");
                self.add_with(Code::SpecInvalid, &message, "Write it as in \"3.8e25\".");
            }
        }
    }

    fn date(&mut self, key: &str, date: Option<&str>) {
        if let Some(date) = date.filter(|date| !is_date(date)) {
            let message = format!("`{key}` is {date:?}, which is no day");
            self.add_with(
                Code::SpecInvalid,
                &message,
                "Write a day of the calendar as YYYY-MM-DD.",
            );
        }
    }

    fn component(&mut self, component: &ComponentSpec) {
        let given = [
            ("paths", !component.paths.is_empty()),
            ("git", component.git.is_some()),
            ("url", component.url.is_some()),
            ("absent", component.absent.is_some()),
        ];
        let given: Vec<&str> = given.iter().filter(|(_, is)| *is).map(|(key, _)| *key).collect();
        if given.len() != 1 {
            let message = match given.as_slice() {
                [] => "it says neither where it is nor that it is absent".to_owned(),
                several => format!("{} exclude each other", several.join(" and ")),
            };
            self.add_with(
                Code::SpecInvalid,
                &message,
                "Give exactly one of `paths`, `git`, `url` and `absent`.",
            );
        }
        if !component.exclude.is_empty() && component.paths.is_empty() {
            self.add(Code::SpecInvalid, "`exclude` takes away from `paths`, which is not there");
        }
        if component.digest.is_some() && component.url.is_none() {
            self.add_with(
                Code::SpecInvalid,
                "`digest` belongs to `url`, which is not there",
                "Digests of packed files are computed; remove the line.",
            );
        }
        for (key, patterns) in [("paths", &component.paths), ("exclude", &component.exclude)] {
            for pattern in patterns {
                self.pattern(key, pattern);
            }
        }
        if let Some(git) = &component.git {
            // A tree may be named with a slash at its end, and the whole of it by a dot.
            let inside = git.path.as_deref().map(crate::model::git::inside);
            self.path("git.path", inside.filter(|path| !path.is_empty()));
            self.path("git.allowed-signers", git.allowed_signers.as_deref());
            self.path("git.into", git.into.as_deref());
            self.filled("git.repo", Some(&git.repo));
            self.filled("git.rev", Some(&git.rev));
        }
        self.filled("url", component.url.as_deref());
        self.filled("absent", component.absent.as_deref());
        self.digest(component.digest.as_deref());
        self.licence("licence", component.licence.as_deref());
        self.path("licence-file", component.licence_file.as_deref());
    }

    fn pattern(&mut self, key: &str, pattern: &str) {
        let plain = |c: char| !c.is_control() && c != '\\';
        let inside = pattern.split('/').all(|part| !matches!(part, "" | "." | ".."));
        if !inside || !pattern.chars().all(plain) {
            let message = format!("{pattern:?} in `{key}` is no plain relative path");
            let hint = "Write paths relative to the folder of pkg.toml, without `.`, `..`, `\\` or \
                        a `/` at either end; `dir/**` is all of a folder.";
            self.add_with(Code::UnsafePath, &message, hint);
        } else if let Err(error) = globset::Glob::new(pattern) {
            let message = format!("{pattern:?} in `{key}`: {}", error.kind());
            self.add_with(
                Code::SpecInvalid,
                &message,
                "Known are `*`, `**`, `?`, `[ab]` and `{a,b}`; write `[[]` for a bracket.",
            );
        }
    }

    fn path(&mut self, key: &str, path: Option<&str>) {
        if let Some(path) = path
            && let Err(reason) = ReleasePath::new(path)
        {
            let message = format!("{path:?} in `{key}`: {reason}");
            self.add_with(
                Code::UnsafePath,
                &message,
                "Write a path relative to the folder of pkg.toml.",
            );
        }
    }

    fn digest(&mut self, digest: Option<&str>) {
        if let Some(text) = digest
            && let Err(reason) = text.parse::<Digest>()
        {
            self.add(Code::SpecInvalid, &format!("the digest {text:?} is {reason}"));
        }
    }

    fn licence(&mut self, key: &str, expression: Option<&str>) {
        if let Some(expression) = expression
            && let Err((message, hint)) = super::licences::check(expression)
        {
            let hint = hint.unwrap_or_else(|| Code::LicenceInvalid.remedy().to_owned());
            self.add_with(Code::LicenceInvalid, &format!("`{key}`: {message}"), hint);
        }
    }

    fn filled(&mut self, key: &str, text: Option<&str>) {
        if text.is_some_and(|text| text.trim().is_empty()) {
            self.add(Code::SpecInvalid, &format!("`{key}` is empty"));
        }
    }
}

fn valid_word(text: &str, first: impl Fn(char) -> bool, rest: impl Fn(char) -> bool) -> bool {
    text.len() <= MAX_NAME && text.starts_with(first) && text.chars().all(rest)
}

/// Whether the text is a day of the Gregorian calendar as `YYYY-MM-DD`.
fn is_date(text: &str) -> bool {
    let shape = text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    shape && text.parse::<jiff::civil::Date>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::{check, is_date};
    use crate::finding::Code;

    const WEIGHTS: &str = "[[component]]\nkind = \"model-parameters-final\"\nabsent = \"why\"\n";

    fn codes(text: &str) -> Vec<Code> {
        let spec = crate::spec::parse(text, "pkg.toml").unwrap();
        check(&spec).into_iter().map(|finding| finding.code).collect()
    }

    fn release(extra: &str) -> Vec<Code> {
        codes(&format!("[release]\nname = \"m\"\nversion = \"1\"\n{extra}\n{WEIGHTS}"))
    }

    fn component(body: &str) -> Vec<Code> {
        release(&format!("[[component]]\nkind = \"model-card\"\n{body}"))
    }

    #[test]
    fn names_and_versions_follow_their_grammars() {
        let with = |name: &str, version: &str| {
            codes(&format!("[release]\nname = {name:?}\nversion = {version:?}\n{WEIGHTS}"))
        };
        let long = "a".repeat(129);
        for name in ["m", "0", "a.b_c-d", &long[..128]] {
            assert_eq!(with(name, "V1.0_x-y"), [], "{name}");
        }
        for name in ["", "M", "-a", ".a", "a b", "a/b", "\u{e4}", &long] {
            assert_eq!(with(name, "1"), [Code::SpecInvalid], "{name}");
        }
        for version in ["", "-1", ".1", "1+2", "v 1", &long] {
            assert_eq!(with("m", version), [Code::SpecInvalid], "{version}");
        }
    }

    #[test]
    fn a_component_has_exactly_one_source() {
        for good in [
            "paths = [\"README.md\"]",
            "url = \"https://x\"",
            "absent = \"no\"",
            "git = { repo = \"..\", rev = \"main\" }",
            "paths = [\"*.md\"]\nexclude = [\"b.md\"]",
            "url = \"https://x\"\ndigest = \"sha256:0000000000000000000000000000000000000000000000000000000000000000\"",
        ] {
            assert_eq!(component(good), [], "{good}");
        }
        for bad in [
            "",
            "paths = [\"a\"]\nurl = \"https://x\"",
            "absent = \"no\"\ngit = { repo = \".\", rev = \"main\" }",
            "absent = \"no\"\nexclude = [\"b.md\"]",
            "absent = \" \"",
            "url = \"https://x\"\ndigest = \"sha256:00\"",
            "paths = [\"a[\"]",
            "git = { repo = \"\", rev = \"main\" }",
        ] {
            assert_eq!(component(bad), [Code::SpecInvalid], "{bad}");
        }
        let digest = format!("paths = [\"a\"]\ndigest = \"sha256:{}\"", "0".repeat(64));
        assert_eq!(component(&digest), [Code::SpecInvalid]);
    }

    #[test]
    fn paths_stay_inside() {
        for (path, good) in [
            ("train/", true),
            (".", true),
            ("./", true),
            ("a/b", true),
            ("..", false),
            ("/", false),
        ] {
            let found =
                component(&format!("git = {{ repo = \".\", rev = \"x\", path = \"{path}\" }}"));
            assert_eq!(found.is_empty(), good, "{path}");
        }
        for bad in ["/a", "../a", "a/../b", "./a", "a//b", "a/", "a\\\\b", ""] {
            assert_eq!(component(&format!("paths = [\"{bad}\"]")), [Code::UnsafePath], "{bad}");
            let file = format!("absent = \"no\"\nlicence-file = \"{bad}\"");
            assert_eq!(component(&file), [Code::UnsafePath], "{bad}");
            let into = format!("git = {{ repo = \".\", rev = \"x\", into = \"{bad}\" }}");
            assert_eq!(component(&into), [Code::UnsafePath], "{bad}");
        }
        let manifest = "[[data]]\nname = \"d\"\nmanifest = \"../x\"\n";
        assert_eq!(release(manifest), [Code::UnsafePath]);
    }

    #[test]
    fn licences_and_digests_are_checked_everywhere() {
        assert_eq!(release("licence = \"apache-2.0\""), [Code::LicenceInvalid]);
        assert_eq!(component("absent = \"no\"\nlicence = \"x y\""), [Code::LicenceInvalid]);
        let both = "[[data]]\nname = \"d\"\nlicence = \"x\"\ndigest = \"y\"\n";
        assert_eq!(release(both), [Code::SpecInvalid, Code::LicenceInvalid]);
        let base = "[[base-model]]\nname = \"\"\nlicence = \"MIT\"\n";
        assert_eq!(release(base), [Code::SpecInvalid]);
    }

    #[test]
    fn days_are_real() {
        for good in ["2026-02-28", "2024-02-29"] {
            assert!(is_date(good), "{good}");
        }
        for bad in ["2025-02-29", "2026-13-01", "2026-1-1", "20260101", "2026-01-01T00:00", ""] {
            assert!(!is_date(bad), "{bad}");
        }
        assert_eq!(release("released = \"2026-02-30\""), [Code::SpecInvalid]);
        assert_eq!(release("terms-effective-from = \"soon\""), [Code::SpecInvalid]);
    }

    #[test]
    fn what_is_said_beside_the_components_is_checked() {
        for good in [
            "[[snapshot]]\nurl = \"https://x/y\"\nfile = \"aup.html\"\nfetched = \"2026-01-02\"",
            "[data-information]\nprovenance = \"https://x/y\"\nscope = \"data.md\"",
            "[training]\ncompute-flop = \"3.8e25\"",
            "[[terms-history]]\nfrom = \"2024-01-02\"\nlicence = \"MIT\"",
        ] {
            assert_eq!(release(good), [], "{good}");
        }
        for (bad, code) in [
            (
                "[[snapshot]]\nurl = \"x\"\nfile = \"a\"\nfetched = \"2026-01-02\"",
                Code::SpecInvalid,
            ),
            (
                "[[snapshot]]\nurl = \"https://x\"\nfile = \"https://x\"\nfetched = \"2026-01-02\"",
                Code::SpecInvalid,
            ),
            (
                "[[snapshot]]\nurl = \"https://x\"\nfile = \"../a\"\nfetched = \"2026-01-02\"",
                Code::UnsafePath,
            ),
            (
                "[[snapshot]]\nurl = \"https://x\"\nfile = \"a\"\nfetched = \"soon\"",
                Code::SpecInvalid,
            ),
            ("[data-information]\nscope = \"/data.md\"", Code::UnsafePath),
            ("[training]\ncompute-flop = \"much\"", Code::SpecInvalid),
            ("[[terms-history]]\nfrom = \"2024-01-02\"\nlicence = \"mit\"", Code::LicenceInvalid),
            ("[[data]]\nname = \"d\"\nwithdrawn = \"2023\"", Code::SpecInvalid),
        ] {
            assert_eq!(release(bad), [code], "{bad}");
        }
    }

    #[test]
    fn weights_are_asked_for() {
        let text = "[release]\nname = \"m\"\nversion = \"1\"\n";
        assert_eq!(codes(text), [Code::NoWeights]);
        let only = format!(
            "{text}[[component]]\nkind = \"model-parameters-intermediate\"\nabsent = \"x\"\n"
        );
        assert_eq!(codes(&only), [Code::NoWeights]);
        assert_eq!(codes(&format!("{text}{WEIGHTS}")), []);
    }
}
