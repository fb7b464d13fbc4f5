//! Applying a policy to facts.

use std::fmt::Write as _;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use super::facts::{ComponentFacts, Facts, FindingFacts, SignatureFacts, Standing};
use super::rego::Program;
use super::signers::{Signer, distinct};
use super::{Demand, Mode, Policy, Proof, Rule, RuleKind, Signed, worker};
use crate::finding::{Code, Finding, Problem, Severity};
use crate::model::kind::Selector;
use crate::model::release::Evidence;

/// What became of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It is met.
    Pass,
    /// It is not met, or whether it is met is unknown.
    Fail,
    /// It is off.
    NotApplicable,
    /// It could not be worked out.
    Error,
}

/// Whether a release may be used, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// Whether every enforced rule is met.
    pub allowed: bool,
    /// What became of each rule, in the order of the policy.
    pub rules: Vec<RuleDecision>,
}

/// What became of one rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RuleDecision {
    /// Name of the rule.
    pub id: String,
    /// Kind of the rule.
    pub kind: RuleKind,
    /// Whether it counts.
    pub mode: Mode,
    /// What became of it.
    pub outcome: Outcome,
    /// Why, in a sentence with the facts.
    pub reason: String,
    /// What was counted.
    pub facts: Counted,
}

/// What a rule counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Counted {
    /// How many were needed, where the rule needs a number.
    pub needed: Option<usize>,
    /// What counts for the rule: signers or components; for a rule that forbids
    /// findings, the findings.
    pub counted: Vec<String>,
    /// What does not count because something about it is unknown.
    pub unknown: Vec<String>,
    /// What does not count for another reason.
    pub left_out: Vec<String>,
}

impl Decision {
    /// The decision as findings: one for each rule that is not met.
    pub fn findings(&self) -> Vec<Finding> {
        self.rules.iter().filter_map(RuleDecision::finding).collect()
    }
}

impl RuleDecision {
    fn finding(&self) -> Option<Finding> {
        let code = match (self.mode, self.outcome) {
            (_, Outcome::Pass | Outcome::NotApplicable) | (Mode::Off, _) => return None,
            (Mode::Warn, _) => Code::PolicyWarning,
            (Mode::Enforce, Outcome::Fail) => Code::PolicyRefused,
            (Mode::Enforce, Outcome::Error) => Code::PolicyRuleError,
        };
        Some(Problem::new(code, &self.id).detail(&self.reason).into_finding())
    }

    /// Whether the rule refuses the release.
    fn refuses(&self) -> bool {
        self.mode == Mode::Enforce && matches!(self.outcome, Outcome::Fail | Outcome::Error)
    }
}

/// Applies a policy to facts.
pub fn decide(policy: &Policy, facts: &Facts) -> Decision {
    let signatures = facts.signatures.as_deref();
    let signers = signatures.map(|signatures| {
        signatures.iter().map(|signature| (signature, Signer::of(signature, &policy.groups)))
    });
    let bench = Bench { policy, facts, signers: signers.map(Iterator::collect) };
    let rules: Vec<RuleDecision> = policy.rules.iter().map(|rule| bench.rule(rule)).collect();
    Decision { allowed: !rules.iter().any(RuleDecision::refuses), rules }
}

/// Outcome, reason and what was counted.
type Judgement = (Outcome, String, Counted);

/// Everything that rules are judged with; who signed is worked out once.
struct Bench<'p> {
    policy: &'p Policy,
    facts: &'p Facts,
    signers: Option<Vec<(&'p SignatureFacts, Option<Signer<'p>>)>>,
}

impl Bench<'_> {
    fn rule(&self, rule: &Rule) -> RuleDecision {
        let (outcome, reason, facts) = match (rule.mode, &rule.demand) {
            (Mode::Off, _) => {
                (Outcome::NotApplicable, "the rule is off".to_owned(), Counted::default())
            }
            (_, Demand::Signed(signed)) => self.signed(signed),
            (_, Demand::Component { selector, evidence }) => self.component(*selector, *evidence),
            (_, Demand::ForbidFinding { codes, severity }) => self.forbid_finding(codes, *severity),
            (_, Demand::Plugin { id }) => self.plugin(id),
            (_, Demand::Rego(program)) => self.rego(program),
        };
        RuleDecision {
            id: rule.id.clone(),
            kind: rule.kind(),
            mode: rule.mode,
            outcome,
            reason,
            facts,
        }
    }

    fn signed(&self, rule: &Signed) -> Judgement {
        let Some(signers) = &self.signers else {
            return unknown("the signatures were not looked at");
        };
        let Ok(now) = self.facts.now.parse::<Timestamp>() else {
            let reason = format!("the time of the decision, {:?}, is no time", self.facts.now);
            return (Outcome::Error, reason, Counted::default());
        };
        let (mut counting, mut unknown, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
        for (signature, signer) in signers {
            if signature.predicate_type != rule.predicate_type {
                continue;
            }
            let name = &signature.name;
            if let (Some(plugin), Some(test)) = (&rule.plugin, &signature.test) {
                if !test.plugins.contains(plugin) {
                    continue;
                }
                if test.result == "FAILED" {
                    left_out.push(format!("{name} says that {plugin} failed"));
                    continue;
                }
            }
            match (signer, signature.standing) {
                (_, Standing::Invalid) => left_out.push(format!("{name} is invalid")),
                (_, Standing::NotChecked) => unknown.push(format!("{name} was not checked")),
                (None, Standing::Verified) => unknown.push(format!("{name} is by nobody known")),
                (Some(signer), _) if !signer.is_in(&rule.groups) => {
                    left_out.push(format!("{} belongs to no group that counts", signer.name()));
                }
                (Some(signer), Standing::Verified) => match rule.proof.lacks(signer, now) {
                    None => counting.push(signer),
                    Some(Lack::Unknown(why)) => unknown.push(format!("{} {why}", signer.name())),
                    Some(Lack::Known(why)) => left_out.push(format!("{} {why}", signer.name())),
                },
            }
        }
        let counted = distinct(&counting);
        let needed = Some(rule.threshold);
        let outcome = if counted.len() >= rule.threshold { Outcome::Pass } else { Outcome::Fail };
        let facts = Counted { needed, counted, unknown, left_out };
        (outcome, self.signed_reason(rule, outcome, &facts), facts)
    }

    fn signed_reason(&self, rule: &Signed, outcome: Outcome, facts: &Counted) -> String {
        let mut reason = format!(
            "{} of {} needed {} {}",
            facts.counted.len(),
            rule.threshold,
            self.policy.signers_in_words(rule),
            rule.did_in_words(),
        );
        if !facts.counted.is_empty() {
            let _ = write!(reason, ": {}", listed(&facts.counted));
        }
        if outcome == Outcome::Pass {
            return reason;
        }
        if facts.counted.is_empty() && facts.unknown.is_empty() && facts.left_out.is_empty() {
            reason.push_str("; there is no such signature");
        }
        if !facts.unknown.is_empty() {
            let _ = write!(reason, "; unknown: {}", listed(&facts.unknown));
        }
        if !facts.left_out.is_empty() {
            let _ = write!(reason, "; not counted: {}", listed(&facts.left_out));
        }
        reason
    }

    fn component(&self, selector: Selector, least: Evidence) -> Judgement {
        let Some(components) = &self.facts.components else {
            return unknown("the components were not looked at");
        };
        let fitting = components.iter().filter(|component| selector.matches(component.kind));
        let known = |component: &ComponentFacts| {
            format!(
                "{} is {}",
                component.kind,
                component.evidence.map_or("absent", Evidence::as_str)
            )
        };
        let (good, poor): (Vec<_>, Vec<_>) =
            fitting.partition(|component| component.evidence >= Some(least));
        let counted: Vec<String> = good.into_iter().map(known).collect();
        let left_out: Vec<String> = poor.into_iter().map(known).collect();
        let needed = least.as_str();
        let (outcome, reason) = if !counted.is_empty() {
            (Outcome::Pass, format!("{}; at least {needed} is needed", listed(&counted)))
        } else if left_out.is_empty() {
            (Outcome::Fail, format!("the release lists no {selector}"))
        } else {
            (Outcome::Fail, format!("{}; at least {needed} is needed", listed(&left_out)))
        };
        (outcome, reason, Counted { needed: Some(1), counted, left_out, ..Counted::default() })
    }

    fn forbid_finding(&self, codes: &[Code], severity: Option<Severity>) -> Judgement {
        let Some(findings) = &self.facts.findings else {
            return unknown("the content was not verified, so what would be found is unknown");
        };
        let forbidden = |finding: &&FindingFacts| {
            codes.iter().any(|code| code.as_str() == finding.code)
                || severity.is_some_and(|severity| finding.severity >= severity)
        };
        let name = |finding: &FindingFacts| match finding.subject.as_str() {
            "" => finding.code.clone(),
            subject => format!("{} ({subject})", finding.code),
        };
        let counted: Vec<String> = findings.iter().filter(forbidden).map(name).collect();
        let (outcome, reason) = if counted.is_empty() {
            (Outcome::Pass, format!("none of the {} findings is forbidden", findings.len()))
        } else {
            let number = counted.len();
            (Outcome::Fail, format!("{number} forbidden findings: {}", listed(&counted)))
        };
        (outcome, reason, Counted { counted, ..Counted::default() })
    }

    fn plugin(&self, id: &str) -> Judgement {
        let Some(plugins) = &self.facts.plugins else {
            return unknown("no plugin was run");
        };
        let Some(ran) = plugins.iter().find(|plugin| plugin.id == id) else {
            return unknown(&format!("the plugin {id} was not run"));
        };
        let said = format!("{id} {}: {}", ran.version, ran.verdict);
        let counted = vec![said.clone()];
        match ran.verdict.as_str() {
            _ if ran.holds => (Outcome::Pass, said, Counted { counted, ..Counted::default() }),
            "failed" => (Outcome::Fail, said, Counted { left_out: counted, ..Counted::default() }),
            _ => (Outcome::Fail, said, Counted { unknown: counted, ..Counted::default() }),
        }
    }

    fn rego(&self, program: &Program) -> Judgement {
        let query = &program.query;
        let answer = serde_json::to_string(self.facts)
            .map_err(|error| error.to_string())
            .and_then(|input| worker::run(self.policy.worker.as_ref(), program, Some(&input)));
        let (outcome, mut reason, reasons) = match answer {
            Err(error) => {
                let error = error.split_whitespace().collect::<Vec<_>>().join(" ");
                (Outcome::Error, format!("`{query}` could not be evaluated: {error}"), Vec::new())
            }
            Ok(answer) => match answer.allow {
                Some(true) => (Outcome::Pass, format!("`{query}` allows it"), answer.reasons),
                Some(false) => (Outcome::Fail, format!("`{query}` refuses it"), answer.reasons),
                None => {
                    let reason = format!("`{query}` is undefined, so the answer is unknown");
                    (Outcome::Fail, reason, answer.reasons)
                }
            },
        };
        if !reasons.is_empty() {
            reason = format!("{reason}: {}", reasons.join("; "));
        }
        (outcome, reason, Counted { counted: reasons, ..Counted::default() })
    }
}

fn unknown(why: &str) -> Judgement {
    let reason = format!("unknown: {why}");
    (Outcome::Fail, reason, Counted { unknown: vec![why.to_owned()], ..Counted::default() })
}

/// Most things that a reason lists; the facts beside it have all.
const MAX_LISTED: usize = 5;

/// Longest name in a reason, in characters.
const MAX_LISTED_LENGTH: usize = 200;

fn listed(names: &[String]) -> String {
    let shown = names.iter().take(MAX_LISTED);
    let short = |name: &String| name.chars().take(MAX_LISTED_LENGTH).collect::<String>();
    let mut text = shown.map(short).collect::<Vec<_>>().join(", ");
    if names.len() > MAX_LISTED {
        let _ = write!(text, " and {} more", names.len() - MAX_LISTED);
    }
    text
}

/// Why a signature does not count.
enum Lack {
    Unknown(String),
    Known(String),
}

impl Proof {
    /// What a verified signature lacks to count, if anything.
    fn lacks(self, signer: &Signer<'_>, now: Timestamp) -> Option<Lack> {
        let signature = signer.signature;
        match self {
            Self::None => None,
            Self::Log if signature.log => None,
            Self::Log => Some(Lack::Unknown("has no proven entry in a log".to_owned())),
            Self::Time if !signature.times.is_empty() => None,
            Self::Time => Some(Lack::Unknown("has no proven time".to_owned())),
            Self::MaxAge { days } => too_old(signature, days, now),
        }
    }
}

/// Whether the age of a signature is unknown or more than `days`.
fn too_old(signature: &SignatureFacts, days: u32, now: Timestamp) -> Option<Lack> {
    let mut times = Vec::new();
    for proven in &signature.times {
        let Ok(time) = proven.time.parse::<Timestamp>() else {
            let why = format!("has the time {:?}, which is none", proven.time);
            return Some(Lack::Unknown(why));
        };
        times.push(time);
    }
    // It was there at the earliest of its times; later ones prove nothing more.
    let Some(earliest) = times.into_iter().min() else {
        return Some(Lack::Unknown("has no proven time, so its age is unknown".to_owned()));
    };
    if earliest > now {
        return Some(Lack::Unknown(format!("has the time {earliest}, which is yet to come")));
    }
    let age = now.duration_since(earliest);
    if age <= SignedDuration::from_hours(24 * i64::from(days)) {
        return None;
    }
    let old = age.as_hours() / 24;
    Some(Lack::Known(format!("is {old} days old (proven at {earliest})")))
}
