//! What a plugin answers.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How it went. The worst of the checks, unless skipped.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It was looked at, and it holds.
    Passed,
    /// It holds, but somebody should look.
    Warned,
    /// It could not be decided; counts as failed where it is required.
    Inconclusive,
    /// It does not hold.
    Failed,
    /// It was not looked at; the reason says why. Never a pass.
    Skipped,
}

/// Why nothing was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SkipReason {
    /// No GPU driver is installed.
    NoDriver,
    /// The driver lacks what is needed.
    DriverTooOld,
    /// There is a driver but no GPU.
    NoDevice,
    /// The driver could not be started.
    InitFailed,
    /// Models of this architecture cannot be run.
    #[serde(rename = "unsupported-architecture")]
    UnsupportedArchitecture,
    /// The release has nothing that the plugin looks at.
    #[serde(rename = "nothing-to-check")]
    NothingToCheck,
}

/// How much a finding weighs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// For information.
    Note,
    /// Should be looked at.
    Warning,
    /// Something is wrong.
    Error,
}

/// Something found in a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// Stable code of the plugin, in kebab case.
    pub code: String,
    /// How much it weighs.
    pub severity: Severity,
    /// The file, by its path in the release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// What was found, for people.
    pub detail: String,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Check {
    /// Its name, in kebab case.
    pub name: String,
    /// How it went.
    pub outcome: Outcome,
    /// What was found, in one line.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

impl Check {
    /// A check with its outcome.
    pub fn new(name: &str, outcome: Outcome, detail: impl Into<String>) -> Self {
        Self { name: name.to_owned(), outcome, detail: Some(detail.into()) }
    }

    /// A check that passed if `holds`, otherwise failed.
    pub fn when(name: &str, holds: bool, detail: impl Into<String>) -> Self {
        Self::new(name, if holds { Outcome::Passed } else { Outcome::Failed }, detail)
    }
}

/// A figure that was measured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Metric {
    /// Its name, such as `tg128`.
    pub name: String,
    /// Its unit, such as `tokens/s`, `GB/s`, `ms`, `bytes` or `1` for a ratio.
    pub unit: String,
    /// The figure; the mean where there are samples.
    pub value: f64,
    /// Standard deviation of the samples.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stddev: Option<f64>,
    /// Every sample, in the order they were taken.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub samples: Vec<f64>,
}

impl Metric {
    /// A single figure.
    pub fn new(name: &str, unit: &str, value: f64) -> Self {
        Self { name: name.to_owned(), unit: unit.to_owned(), value, stddev: None, samples: vec![] }
    }

    /// The mean of samples, with their standard deviation (n - 1).
    pub fn of_samples(name: &str, unit: &str, samples: &[f64]) -> Self {
        #[allow(clippy::cast_precision_loss)]
        let count = samples.len() as f64;
        let mean = if samples.is_empty() { 0.0 } else { samples.iter().sum::<f64>() / count };
        let squares = samples.iter().map(|sample| (sample - mean).powi(2)).sum::<f64>();
        let stddev = (samples.len() > 1).then(|| (squares / (count - 1.0)).sqrt());
        Self { value: mean, stddev, samples: samples.to_vec(), ..Self::new(name, unit, 0.0) }
    }
}

/// Something the result depends on, by digest: kernels, a golden file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Material {
    /// What it is, such as `kernels.ptx`.
    pub name: String,
    /// Its digest, 64 hexadecimal digits.
    pub sha256: String,
}

/// A document that the plugin made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// Name of the file to write, without folders.
    pub name: String,
    /// Its text.
    pub text: String,
}

/// A reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Reply {
    /// How it went.
    pub outcome: Outcome,
    /// Why nothing was looked at; only when skipped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<SkipReason>,
    /// The result in one line.
    #[serde(default)]
    pub summary: String,
    /// What was looked at.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// What was found.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// What was measured.
    #[serde(default)]
    pub metrics: Vec<Metric>,
    /// Where it ran: device, driver, versions.
    #[serde(default)]
    pub environment: BTreeMap<String, Value>,
    /// What the result depends on.
    #[serde(default)]
    pub materials: Vec<Material>,
    /// What was made.
    #[serde(default)]
    pub artifacts: Vec<Artifact>,
}

impl Reply {
    /// A reply whose outcome is that of its gravest check.
    pub fn new(checks: impl IntoIterator<Item = Check>) -> Self {
        let checks: Vec<Check> = checks.into_iter().collect();
        let outcome = checks.iter().map(|check| check.outcome).filter(|o| *o != Outcome::Skipped);
        Self {
            outcome: outcome.max().unwrap_or(Outcome::Inconclusive),
            reason: None,
            summary: String::new(),
            checks,
            findings: Vec::new(),
            metrics: Vec::new(),
            environment: BTreeMap::new(),
            materials: Vec::new(),
            artifacts: Vec::new(),
        }
    }

    /// Nothing was looked at.
    pub fn skipped(reason: SkipReason, summary: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::Skipped,
            reason: Some(reason),
            summary: summary.into(),
            ..Self::new([])
        }
    }

    /// Says the result in one line.
    #[must_use]
    pub fn summary(mut self, text: impl Into<String>) -> Self {
        self.summary = text.into();
        self
    }

    /// Adds what was found, and lets it weigh: a warning warns, an error fails, unless the
    /// checks say that it is an open question.
    #[must_use]
    pub fn findings(mut self, findings: Vec<Finding>) -> Self {
        for finding in findings {
            let weight = match finding.severity {
                Severity::Note => Outcome::Passed,
                Severity::Warning => Outcome::Warned,
                Severity::Error if self.outcome == Outcome::Inconclusive => Outcome::Inconclusive,
                Severity::Error => Outcome::Failed,
            };
            self.outcome = self.outcome.max(weight);
            self.findings.push(finding);
        }
        self
    }

    /// What is contradictory about it; none when it is consistent.
    pub fn contradiction(&self) -> Option<String> {
        let skipped = self.outcome == Outcome::Skipped;
        let worst = self.checks.iter().map(|check| check.outcome);
        let worst = worst.filter(|outcome| *outcome != Outcome::Skipped).max();
        let error = self.findings.iter().any(|finding| finding.severity == Severity::Error);
        if skipped != self.reason.is_some() {
            return Some("a reason goes with a skip, and with a skip only".to_owned());
        }
        if skipped {
            return None;
        }
        if self.checks.is_empty() {
            return Some("nothing was looked at, but it is not called skipped".to_owned());
        }
        if worst.is_none() {
            return Some("every check was skipped, but the whole is not".to_owned());
        }
        if worst.is_some_and(|worst| self.outcome < worst) {
            return Some("the outcome is better than its gravest check".to_owned());
        }
        if error && self.outcome < Outcome::Inconclusive {
            return Some("it found an error, and yet it holds".to_owned());
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{Check, Finding, Metric, Outcome, Reply, Severity, SkipReason};

    fn finding(severity: Severity) -> Vec<Finding> {
        vec![Finding { code: "x".to_owned(), severity, file: None, detail: String::new() }]
    }

    #[test]
    fn the_gravest_decides_and_an_open_question_stays_one() {
        let check = |outcome| Check::new("c", outcome, "");
        let reply = |outcome| Reply::new([check(Outcome::Passed), check(outcome)]);
        assert_eq!(Reply::new([]).outcome, Outcome::Inconclusive);
        assert_eq!(reply(Outcome::Skipped).outcome, Outcome::Passed);
        assert_eq!(reply(Outcome::Failed).outcome, Outcome::Failed);
        let with = |outcome, severity| reply(outcome).findings(finding(severity)).outcome;
        assert_eq!(with(Outcome::Passed, Severity::Note), Outcome::Passed);
        assert_eq!(with(Outcome::Passed, Severity::Warning), Outcome::Warned);
        assert_eq!(with(Outcome::Passed, Severity::Error), Outcome::Failed);
        assert_eq!(with(Outcome::Inconclusive, Severity::Error), Outcome::Inconclusive);
        assert_eq!(with(Outcome::Failed, Severity::Error), Outcome::Failed);
    }

    #[test]
    fn every_contradiction_is_seen() {
        let good = || Reply::new([Check::when("c", true, "")]);
        assert_eq!(good().contradiction(), None);
        assert_eq!(Reply::skipped(SkipReason::NoDevice, "").contradiction(), None);
        let bad: [fn(&mut Reply); 6] = [
            |reply| reply.reason = Some(SkipReason::NoDriver),
            |reply| reply.outcome = Outcome::Skipped,
            |reply| reply.checks.clear(),
            |reply| reply.checks[0].outcome = Outcome::Skipped,
            |reply| reply.checks[0].outcome = Outcome::Failed,
            |reply| reply.findings = finding(Severity::Error),
        ];
        for (number, spoil) in bad.into_iter().enumerate() {
            let mut reply = good();
            spoil(&mut reply);
            assert!(reply.contradiction().is_some(), "{number}");
        }
    }

    #[test]
    fn samples_have_a_mean_and_a_deviation() {
        let metric = Metric::of_samples("m", "s", &[1.0, 2.0, 3.0]);
        assert!((metric.value - 2.0).abs() < 1e-12);
        assert!((metric.stddev.unwrap() - 1.0).abs() < 1e-12);
        assert_eq!(Metric::of_samples("m", "s", &[1.0]).stddev, None);
        assert!(Metric::of_samples("m", "s", &[]).value.abs() < 1e-12);
    }
}
