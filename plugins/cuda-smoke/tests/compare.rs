//! The verdict, on an engine whose every answer is known.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_cmp,
    clippy::doc_markdown,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::too_many_lines
)]

use pkg_cuda_smoke::compare::{Verdict, compare};
use pkg_cuda_smoke::cpu::argmax;
use pkg_cuda_smoke::engine::{Engine, LoadTimes, Result, Want};
use pkg_cuda_smoke::golden::{Golden, Position, SCHEMA, Tolerance, Transcript};
use pkg_plugin_sdk::{Host, Material, Outcome};
use serde_json::{Map, Value};

/// What is done to an answer: the position, how often was begun anew, the row.
type Change = fn(usize, usize, &mut Vec<f32>);

/// Answers by position only.
struct Fixed {
    at: usize,
    resets: usize,
    change: Change,
}

const VOCABULARY: usize = 40;

fn row(at: usize) -> Vec<f32> {
    let mut row: Vec<f32> = (0..VOCABULARY).map(|i| ((i * 7 + at * 3) % 40) as f32 / 8.0).collect();
    // The greatest two are nearly equal at position 2.
    let best = argmax(&row);
    if at == 2 {
        row[(best + 1) % VOCABULARY] = row[best] - 5e-4;
    }
    row
}

impl Engine for Fixed {
    fn width(&self) -> usize {
        VOCABULARY
    }

    fn reset(&mut self) -> Result<()> {
        self.at = 0;
        self.resets += 1;
        Ok(())
    }

    fn forward(&mut self, tokens: &[u32], want: Want) -> Result<Vec<f32>> {
        let mut rows = Vec::new();
        for _ in tokens {
            let mut row = row(self.at);
            (self.change)(self.at, self.resets, &mut row);
            if want == Want::Last {
                rows.clear();
            }
            rows.extend(row);
            self.at += 1;
        }
        Ok(rows)
    }

    fn step(&mut self, token: u32) -> Result<u32> {
        Ok(u32::try_from(argmax(&self.forward(&[token], Want::Last)?)).unwrap())
    }

    fn environment(&self) -> Map<String, Value> {
        Map::new()
    }

    fn materials(&self) -> Vec<Material> {
        vec![]
    }

    fn load_times(&self) -> LoadTimes {
        LoadTimes::default()
    }

    fn peak_memory(&self) -> Option<u64> {
        None
    }

    fn bandwidth(&mut self) -> Result<(Option<f64>, f64)> {
        Ok((None, 1.0))
    }

    fn energy(&self) -> Option<f64> {
        None
    }
}

/// Raises the greatest value by twice what is allowed.
fn raise(row: &mut [f32]) {
    let best = argmax(row);
    row[best] += 2e-3;
}

/// What the unchanged engine answers behind two tokens.
fn golden() -> Golden {
    let positions: Vec<Position> = (1..5)
        .map(|at| {
            let row = row(at);
            let mut top: Vec<(u32, f32)> = (0..).zip(row.iter().copied()).collect();
            top.sort_by(|a, b| b.1.total_cmp(&a.1));
            top.truncate(8);
            let sum: f64 = row.iter().map(|value| f64::from(*value).exp()).sum();
            Position { margin: top[0].1 - top[1].1, top, logsumexp: sum.ln() }
        })
        .collect();
    let greedy: Vec<u32> = positions.iter().map(|position| position.top[0].0).collect();
    Golden {
        schema: SCHEMA.to_owned(),
        engine: String::new(),
        arithmetic: "f32".to_owned(),
        architecture: String::new(),
        weights: vec![],
        tolerance: Tolerance::F32,
        transcripts: vec![Transcript {
            prompt: vec![0, 1],
            forced: greedy.clone(),
            positions,
            greedy,
        }],
        embeddings: vec![],
    }
}

fn judge(golden: &Golden, change: Change) -> Verdict {
    compare(&mut Fixed { at: 0, resets: 0, change }, golden, &Host::none()).unwrap()
}

/// Names of the checks that did not pass.
fn bad(verdict: &Verdict) -> Vec<&str> {
    let bad = verdict.checks.iter().filter(|check| check.outcome != Outcome::Passed);
    bad.map(|check| check.name.as_str()).collect()
}

#[test]
fn each_measure_finds_what_it_is_for() {
    let cases: [(Change, &[&str]); 9] = [
        (|_, _, _| (), &[]),
        // Small noise on every logit.
        (|_, _, row| row.iter_mut().for_each(|value| *value += 4e-4), &[]),
        // One logit that was kept, by twice what is allowed.
        (
            |at, _, row| {
                if at == 3 {
                    raise(row);
                }
            },
            &["max-abs-logit"],
        ),
        // A value that was not kept is no number.
        (
            |at, _, row| {
                if at == 1 {
                    let least = row.iter().copied().fold(f32::INFINITY, f32::min);
                    let place = row.iter().position(|value| *value == least).unwrap();
                    row[place] = f32::NAN;
                }
            },
            &["finite", "kl"],
        ),
        // All that was not kept rises a little: only the tail shows it.
        (
            |_, _, row| {
                let mut sorted = row.clone();
                sorted.sort_by(|a, b| b.total_cmp(a));
                row.iter_mut().filter(|value| **value < sorted[7]).for_each(|value| *value += 0.1);
            },
            &["kl"],
        ),
        // Another greatest one, from outside of what was kept.
        (
            |at, _, row| {
                if at == 4 {
                    let least = (0..VOCABULARY).min_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap();
                    row[least] = 9.0;
                }
            },
            &["kl", "argmax", "greedy"],
        ),
        // The last bit of one value, in the second run only.
        (
            |at, resets, row| {
                if at == 2 && resets == 2 {
                    row[5] = f32::from_bits(row[5].to_bits() ^ 1);
                }
            },
            &["repeatable"],
        ),
        // Only the free run differs: a warning.
        (
            |at, resets, row| {
                if at == 3 && resets == 3 {
                    row.reverse();
                }
            },
            &["greedy"],
        ),
        // All of one sign gone.
        (
            |_, _, row| row.iter_mut().for_each(|value| *value = -*value),
            &["max-abs-logit", "kl", "argmax", "greedy"],
        ),
    ];
    for (number, (change, wanted)) in cases.into_iter().enumerate() {
        let verdict = judge(&golden(), change);
        assert_eq!(bad(&verdict), wanted, "case {number}: {:?}", verdict.checks);
        assert_eq!(verdict.holds(), wanted.iter().all(|name| *name == "greedy"), "{number}");
        assert!(verdict.metrics.iter().all(|metric| metric.value.is_finite()));
    }
}

#[test]
fn a_near_tie_is_a_note() {
    // The second is lifted over the first, within what is allowed.
    let swap: Change = |at, _, row| {
        if at == 2 {
            let best = argmax(row);
            row[(best + 1) % VOCABULARY] += 9e-4;
        }
    };
    let verdict = judge(&golden(), swap);
    assert_eq!(bad(&verdict), Vec::<&str>::new(), "{:?}", verdict.checks);
    assert_eq!(verdict.findings.len(), 1);
    assert_eq!(verdict.findings[0].code, "near-tie");
    let greedy = verdict.checks.iter().find(|check| check.name == "greedy").unwrap();
    assert!(greedy.detail.as_ref().unwrap().contains("near tie"), "{greedy:?}");
}

#[test]
fn a_golden_may_be_stricter_but_not_laxer() {
    let off: Change = |_, _, row| row.iter_mut().for_each(|value| *value += 4e-4);
    let strict = Golden { tolerance: Tolerance { max_abs: 1e-4, kl: 1e-6 }, ..golden() };
    assert_eq!(bad(&judge(&strict, off)), ["max-abs-logit"]);
    let far: Change = |at, _, row| {
        if at == 3 {
            raise(row);
        }
    };
    let lax = Golden { tolerance: Tolerance { max_abs: 1.0, kl: 1.0 }, ..golden() };
    assert_eq!(bad(&judge(&lax, far)), ["max-abs-logit"]);
}
