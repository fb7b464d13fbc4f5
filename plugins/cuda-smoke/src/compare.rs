//! What an engine answers, held against golden outputs.
//!
//! Why these measures: a faulty block of 32 weights among 135 million moves a logit by
//! 0.04 and changes no greatest one; a wrong base of the rotation still gives the same
//! text. Texts prove nothing, logits do.

use pkg_plugin_sdk::{Check, Finding, Host, Metric, Outcome, Severity};
use sha2::{Digest as _, Sha256};

use crate::cpu::argmax;
use crate::engine::{Engine, EngineError, Result, Want};
use crate::golden::{Embedding, Golden, Position, Tolerance, Transcript};
use crate::record::{logsumexp, pooled};

/// Positions that are fed together, so that the rows stay few.
const TOGETHER: usize = 32;
/// Tails that are less likely than this say nothing: they are rounding.
const LEAST_TAIL: f64 = 1e-12;
/// Near ties that are told one by one.
const MAX_TOLD: usize = 8;

/// What a comparison found.
#[derive(Debug, Clone, Default)]
pub struct Verdict {
    /// What was looked at.
    pub checks: Vec<Check>,
    /// What is worth knowing beside.
    pub findings: Vec<Finding>,
    /// How far results were off.
    pub metrics: Vec<Metric>,
}

impl Verdict {
    /// Whether nothing failed.
    pub fn holds(&self) -> bool {
        self.checks.iter().all(|check| check.outcome < Outcome::Inconclusive)
    }
}

/// Asks an engine what the golden document asks, twice, and compares.
///
/// The caller made sure that the questions fit the model ([`Golden::fits`]).
pub fn compare(engine: &mut dyn Engine, golden: &Golden, host: &Host<'_>) -> Result<Verdict> {
    let tolerance = Tolerance::F32.stricter(golden.tolerance);
    let mut sums = Sums { tolerance, width: engine.width().max(1), ..Sums::default() };
    let all = golden.transcripts.len() + golden.embeddings.len();
    for (number, transcript) in golden.transcripts.iter().enumerate() {
        tell(host, number, all)?;
        let first = ask(engine, transcript, |at, row| sums.position(number, at, transcript, row))?;
        let second = ask(engine, transcript, |_, _| ())?;
        sums.repeated(number, first == second);
        sums.greedy(engine, number, transcript)?;
    }
    for (number, embedding) in golden.embeddings.iter().enumerate() {
        tell(host, number, all)?;
        engine.reset()?;
        let first = engine.forward(&embedding.tokens, Want::All)?;
        engine.reset()?;
        let second = engine.forward(&embedding.tokens, Want::All)?;
        sums.repeated(number, digest(&first) == digest(&second));
        sums.embedding(number, embedding, &first);
    }
    Ok(if golden.transcripts.is_empty() { sums.encoder() } else { sums.decoder() })
}

fn tell(host: &Host<'_>, number: usize, all: usize) -> Result<()> {
    host.progress(number as u64, all as u64);
    if host.cancelled() {
        return Err(EngineError::Failed("cancelled".to_owned()));
    }
    Ok(())
}

fn digest(rows: &[f32]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for value in rows {
        hash.update(value.to_bits().to_le_bytes());
    }
    hash.finalize().into()
}

/// Feeds prompt and forced tokens; `each` gets the row of each position. The answer is a
/// digest of all rows.
fn ask(
    engine: &mut dyn Engine,
    transcript: &Transcript,
    mut each: impl FnMut(usize, &[f32]),
) -> Result<[u8; 32]> {
    let Some((last, before)) = transcript.prompt.split_last() else {
        return Err(EngineError::Failed("a prompt without tokens".to_owned()));
    };
    engine.reset()?;
    if !before.is_empty() {
        engine.forward(before, Want::Last)?;
    }
    let mut fed = vec![*last];
    fed.extend(transcript.forced.iter().take(transcript.positions.len().saturating_sub(1)));
    let (width, mut at) = (engine.width().max(1), 0);
    let mut hash = Sha256::new();
    for tokens in fed.chunks(TOGETHER) {
        let rows = engine.forward(tokens, Want::All)?;
        if rows.len() != tokens.len() * width {
            return Err(EngineError::Failed(format!(
                "{} values came back for {} tokens",
                rows.len(),
                tokens.len()
            )));
        }
        hash.update(digest(&rows));
        for row in rows.chunks_exact(width) {
            each(at, row);
            at += 1;
        }
    }
    Ok(hash.finalize().into())
}

/// A greatest figure, and where it was.
#[derive(Debug, Clone, Default)]
struct Worst {
    value: f64,
    place: String,
}

impl Worst {
    /// A figure that is no number is the worst of all.
    fn take(&mut self, value: f64, place: impl FnOnce() -> String) {
        let value = if value.is_nan() { f64::INFINITY } else { value };
        if value > self.value {
            *self = Self { value, place: place() };
        }
    }

    fn check(&self, name: &str, allowed: f64, unit: &str) -> Check {
        let place =
            if self.place.is_empty() { String::new() } else { format!(" at {}", self.place) };
        let detail = format!("{:.3e}{unit}{place}; {allowed:.1e}{unit} is allowed", self.value);
        Check::when(name, self.value <= allowed, detail)
    }
}

#[derive(Debug, Default)]
struct Sums {
    tolerance: Tolerance,
    width: usize,
    positions: usize,
    not_finite: Vec<String>,
    max_abs: Worst,
    kl: Worst,
    kl_sum: f64,
    pooled: Worst,
    agreed: usize,
    disagreed: Vec<String>,
    ties: Vec<String>,
    asked: usize,
    unrepeated: Vec<String>,
    greedy_same: usize,
    greedy_parted: Vec<String>,
    greedy_tied: Vec<String>,
}

impl Sums {
    fn position(&mut self, number: usize, at: usize, transcript: &Transcript, row: &[f32]) {
        let Some(golden) = transcript.positions.get(at) else { return };
        let place = || format!("transcript {number} position {at}");
        self.positions += 1;
        let finite = row.iter().filter(|value| !value.is_finite()).count();
        if finite > 0 {
            self.not_finite.push(format!("{finite} values at {}", place()));
        }
        for (id, wanted) in &golden.top {
            let found = row.get(*id as usize).copied().unwrap_or(f32::NAN);
            let off = (f64::from(found) - f64::from(*wanted)).abs();
            self.max_abs.take(off, || format!("{} token {id}", place()));
        }
        let kl = divergence(golden, row);
        self.kl.take(kl, place);
        self.kl_sum += kl;
        self.argmax(golden, row, &place());
    }

    fn argmax(&mut self, golden: &Position, row: &[f32], place: &str) {
        let wanted = golden.top.first().map_or(0, |(id, _)| *id as usize);
        let found = argmax(row);
        if found == wanted {
            self.agreed += 1;
            return;
        }
        let text =
            format!("{place}: token {found}, not {wanted}; the margin is {:.2e}", golden.margin);
        if f64::from(golden.margin) > 2.0 * self.tolerance.max_abs {
            self.disagreed.push(text);
        } else {
            self.ties.push(text);
        }
    }

    fn repeated(&mut self, number: usize, same: bool) {
        self.asked += 1;
        if !same {
            self.unrepeated.push(number.to_string());
        }
    }

    /// Lets the engine go on by itself.
    fn greedy(&mut self, engine: &mut dyn Engine, number: usize, asked: &Transcript) -> Result<()> {
        let Some((first, rest)) = asked.greedy.split_first() else { return Ok(()) };
        engine.reset()?;
        let row = engine.forward(&asked.prompt, Want::Last)?;
        let mut found = argmax(&row) as u64;
        let mut parted = (found != u64::from(*first)).then_some(0);
        for (at, (fed, wanted)) in asked.greedy.iter().zip(rest).enumerate() {
            if parted.is_some() {
                break;
            }
            found = engine.step(*fed)?.into();
            parted = (found != u64::from(*wanted)).then_some(at + 1);
        }
        let Some(at) = parted else {
            self.greedy_same += 1;
            return Ok(());
        };
        let text = format!("transcript {number} parts at token {at} with {found}");
        // Where the reference was forced along its own way its margins are known.
        let known = asked.forced.get(..at) == asked.greedy.get(..at);
        let margin = asked.positions.get(at).filter(|_| known).map(|at| f64::from(at.margin));
        if margin.is_some_and(|margin| margin <= 2.0 * self.tolerance.max_abs) {
            self.greedy_tied.push(text);
        } else {
            self.greedy_parted.push(text);
        }
        Ok(())
    }

    fn embedding(&mut self, number: usize, golden: &Embedding, rows: &[f32]) {
        let rows_there = rows.len() == golden.tokens.len() * self.width;
        if !rows_there || !rows.iter().all(|value| value.is_finite()) {
            self.not_finite.push(format!("embedding {number}"));
        }
        for (at, (wanted, row)) in golden.rows.iter().zip(rows.chunks_exact(self.width)).enumerate()
        {
            self.positions += 1;
            for (place, wanted) in wanted {
                let found = row.get(*place as usize).copied().unwrap_or(f32::NAN);
                let off = (f64::from(found) - f64::from(*wanted)).abs();
                self.max_abs.take(off, || format!("embedding {number} token {at} value {place}"));
            }
        }
        let found = pooled(rows, self.width);
        for (place, (found, wanted)) in found.iter().zip(&golden.pooled).enumerate() {
            let off = (f64::from(*found) - f64::from(*wanted)).abs();
            self.pooled.take(off, || format!("embedding {number} value {place}"));
        }
    }

    fn finite(&self) -> Check {
        let detail = match self.not_finite.first() {
            Some(first) => format!("not finite: {first}, and {} more", self.not_finite.len() - 1),
            None => format!("all values of {} rows of {}", self.positions, self.width),
        };
        Check::when("finite", self.not_finite.is_empty(), detail)
    }

    fn repeatable(&self) -> Check {
        let detail = if self.unrepeated.is_empty() {
            format!("{} of {} runs gave the same bits twice", self.asked, self.asked)
        } else {
            format!("other bits the second time: runs {}", self.unrepeated.join(", "))
        };
        Check::when("repeatable", self.unrepeated.is_empty(), detail)
    }

    fn greedy_check(&self) -> Option<Check> {
        let all = self.greedy_same + self.greedy_parted.len() + self.greedy_tied.len();
        if all == 0 {
            return None;
        }
        let mut detail = format!("{} of {all} free runs are the same", self.greedy_same);
        let parted = self.greedy_parted.first().map(|text| format!("; {text}"));
        let tied = self.greedy_tied.first().map(|text| format!("; {text}, at a near tie"));
        detail.extend(parted.into_iter().chain(tied));
        let same = self.greedy_parted.is_empty();
        let outcome = if same { Outcome::Passed } else { Outcome::Warned };
        Some(Check::new("greedy", outcome, detail))
    }

    fn decoder(self) -> Verdict {
        let Tolerance { max_abs, kl } = self.tolerance;
        let mut detail = format!("{} of {} positions agree", self.agreed, self.positions);
        detail.extend(self.disagreed.first().map(|first| format!("; {first}")));
        let mut checks = vec![
            self.finite(),
            self.max_abs.check("max-abs-logit", max_abs, ""),
            self.kl.check("kl", kl, " nats"),
            Check::when("argmax", self.disagreed.is_empty(), detail),
            self.repeatable(),
        ];
        checks.extend(self.greedy_check());
        let told = self.ties.iter().take(MAX_TOLD).map(|text| Finding {
            code: "near-tie".to_owned(),
            severity: Severity::Note,
            file: None,
            detail: text.clone(),
        });
        let count = self.positions.max(1) as f64;
        let metrics = vec![
            figure("max-abs-logit", "1", self.max_abs.value),
            figure("kl-max", "nats", self.kl.value),
            figure("kl-mean", "nats", self.kl_sum / count),
            figure("argmax-agreement", "1", self.agreed as f64 / count),
        ];
        Verdict { findings: told.collect(), checks, metrics }
    }

    fn encoder(self) -> Verdict {
        // Components of a vector of length one are of this size.
        let allowed = self.tolerance.max_abs / (self.width as f64).sqrt();
        let checks = vec![
            self.finite(),
            self.max_abs.check("max-abs-hidden", self.tolerance.max_abs, ""),
            self.pooled.check("pooled", allowed, ""),
            self.repeatable(),
        ];
        let metrics = vec![
            figure("max-abs-hidden", "1", self.max_abs.value),
            figure("max-abs-pooled", "1", self.pooled.value),
        ];
        Verdict { findings: Vec::new(), checks, metrics }
    }
}

impl Default for Tolerance {
    fn default() -> Self {
        Self::F32
    }
}

/// A figure; what is infinite becomes the greatest number there is, as JSON has no infinity.
fn figure(name: &str, unit: &str, value: f64) -> Metric {
    Metric::new(name, unit, if value.is_finite() { value } else { f64::MAX })
}

/// Kullback-Leibler divergence of the golden position from the row, in nats: over the
/// logits that were kept, and all others as one.
pub fn divergence(golden: &Position, row: &[f32]) -> f64 {
    let sum = logsumexp(row);
    if !sum.is_finite() {
        return f64::INFINITY;
    }
    let (mut kl, mut wanted_tail, mut kept) = (0.0, 1.0, 0.0);
    for (id, wanted) in &golden.top {
        let found = row.get(*id as usize).copied().unwrap_or(f32::NEG_INFINITY);
        let (wanted, found) = (f64::from(*wanted) - golden.logsumexp, f64::from(found) - sum);
        kl += wanted.exp() * (wanted - found);
        wanted_tail -= wanted.exp();
        kept += found.exp();
    }
    let found_tail = (1.0 - kept).max(LEAST_TAIL);
    if wanted_tail > LEAST_TAIL {
        kl += wanted_tail * (wanted_tail / found_tail).ln();
    } else if found_tail > 1e-6 {
        // All that was likely is kept, and yet much lies elsewhere.
        kl += -(1.0 - found_tail).ln();
    }
    // Rounding may put it just below zero.
    if kl.is_nan() { f64::INFINITY } else { kl.max(0.0) }
}

#[cfg(test)]
#[allow(clippy::float_cmp)]
mod tests {
    use super::{Worst, divergence};
    use crate::golden::Position;
    use crate::record::logsumexp;

    fn position(row: &[f32], kept: usize) -> Position {
        let mut top: Vec<(u32, f32)> = (0..).zip(row.iter().copied()).collect();
        top.sort_by(|a, b| b.1.total_cmp(&a.1));
        top.truncate(kept);
        Position { margin: top[0].1 - top[1].1, top, logsumexp: logsumexp(row) }
    }

    #[test]
    fn the_divergence_is_that_of_the_definition() {
        let p = [1.0_f32, 2.0, 0.5, -1.0];
        let q = [1.1_f32, 1.8, 0.5, -0.5];
        let exact: f64 = p
            .iter()
            .zip(&q)
            .map(|(a, b)| {
                let (a, b) = (f64::from(*a) - logsumexp(&p), f64::from(*b) - logsumexp(&q));
                a.exp() * (a - b)
            })
            .sum();
        assert!((divergence(&position(&p, 4), &q) - exact).abs() < 1e-12);
        // Putting values into one bucket can only lose.
        let bucket = divergence(&position(&p, 2), &q);
        assert!(bucket > 0.0 && bucket <= exact);
        assert!(divergence(&position(&p, 4), &p) < 1e-14);
        let shifted = p.map(|value| value + 3.0);
        assert!(divergence(&position(&p, 3), &shifted) < 1e-7, "a shift is no divergence");
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            assert_eq!(divergence(&position(&p, 4), &[1.0, bad, 0.5, -1.0]), f64::INFINITY);
        }
    }

    #[test]
    fn what_is_no_number_is_the_worst() {
        let mut worst = Worst::default();
        worst.take(f64::NAN, || "here".to_owned());
        assert!(worst.value.is_infinite());
        let check = worst.check("x", 1.0, "");
        assert_eq!(check.outcome, pkg_plugin_sdk::Outcome::Failed);
        assert!(check.detail.is_some_and(|text| text.contains("here")));
    }
}
