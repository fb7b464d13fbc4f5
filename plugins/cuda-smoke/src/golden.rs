//! Golden outputs: what a model must answer, recorded by the reference engine.
//!
//! A decoder is asked by teacher forcing: behind a prompt come the tokens that were
//! recorded, whatever the engine would say itself, so that one near tie does not change
//! all that follows. An encoder is asked for its hidden states.

use std::collections::HashSet;

use pkg_plugin_sdk::File;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::engine::{EngineError, Result};
use crate::model::Model;
use crate::source;

/// What a golden document calls itself.
pub const SCHEMA: &str = "urn:x-pkg:golden:v1";
/// Most bytes of a golden document.
pub const MAX_BYTES: u64 = 16 << 20;
/// The arithmetic that goldens of this version are of.
pub const ARITHMETIC: &str = "f32";
/// Most transcripts or embeddings.
const MAX_ASKED: usize = 64;
/// Most tokens of a prompt.
const MAX_PROMPT: usize = 4096;
/// Most forced tokens.
const MAX_FORCED: usize = 1024;
/// Most tokens in all.
const MAX_TOKENS: usize = 1 << 16;
/// Most values that are kept of a row.
const MAX_TOP: usize = 256;
/// Most values of a pooled vector.
const MAX_WIDTH: usize = 1 << 16;

/// A golden document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Golden {
    /// [`SCHEMA`].
    pub schema: String,
    /// What recorded it, for people.
    pub engine: String,
    /// Arithmetic of weights and activations: [`ARITHMETIC`].
    pub arithmetic: String,
    /// Architecture of the model, as its files name it.
    pub architecture: String,
    /// The weights it was recorded from.
    pub weights: Vec<Weights>,
    /// How far results may be off.
    pub tolerance: Tolerance,
    /// What a decoder answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transcripts: Vec<Transcript>,
    /// What an encoder answered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub embeddings: Vec<Embedding>,
}

/// A file of weights.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Weights {
    /// Its path in the release.
    pub path: String,
    /// Its SHA-256, 64 hexadecimal digits.
    pub sha256: String,
}

/// How far results may be off.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Tolerance {
    /// A logit or a value of a hidden state, as it is.
    pub max_abs: f64,
    /// The Kullback-Leibler divergence of a position, in nats.
    pub kl: f64,
}

impl Tolerance {
    /// What is allowed when everything is in f32: 200 times the noise of other orders of
    /// summation that was seen, and a fortieth of what one bad block of 32 weights does.
    pub const F32: Self = Self { max_abs: 1e-3, kl: 1e-6 };

    /// The stricter of each.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        Self { max_abs: self.max_abs.min(other.max_abs), kl: self.kl.min(other.kl) }
    }
}

/// What a decoder answered to a prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Transcript {
    /// Ids of the prompt's tokens.
    pub prompt: Vec<u32>,
    /// Ids of the tokens that follow, whatever the engine answers.
    pub forced: Vec<u32>,
    /// The answer at each position: number i after the prompt and i forced tokens.
    pub positions: Vec<Position>,
    /// What the reference goes on with when it is left alone.
    pub greedy: Vec<u32>,
}

/// The logits at a position.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Position {
    /// The greatest logits with their ids, greatest first.
    pub top: Vec<(u32, f32)>,
    /// Logarithm of the sum of the exponentials of all logits.
    pub logsumexp: f64,
    /// By how much the greatest is above the second.
    pub margin: f32,
}

/// What an encoder made of tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Embedding {
    /// Ids of the tokens.
    pub tokens: Vec<u32>,
    /// Mean of the hidden states, divided by its length.
    pub pooled: Vec<f32>,
    /// Of each token's hidden state the values that are furthest from zero, with their
    /// places, furthest first.
    pub rows: Vec<Vec<(u32, f32)>>,
}

impl Golden {
    /// Reads a document, and whether it can be meant.
    pub fn parse(bytes: &[u8]) -> std::result::Result<Self, String> {
        if bytes.len() as u64 > MAX_BYTES {
            return Err(format!("{} bytes are more than {MAX_BYTES}", bytes.len()));
        }
        let golden: Self = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        golden.check()?;
        Ok(golden)
    }

    /// The document as it is written: one line.
    pub fn text(&self) -> Result<String> {
        let failed = |error: serde_json::Error| EngineError::Failed(error.to_string());
        let mut text = serde_json::to_string(self).map_err(failed)?;
        text.push('\n');
        Ok(text)
    }

    fn check(&self) -> std::result::Result<(), String> {
        if self.schema != SCHEMA {
            return Err(format!("the schema is {:?}, not {SCHEMA:?}", cut(&self.schema)));
        }
        if self.arithmetic != ARITHMETIC {
            return Err(format!("the arithmetic {:?} is not known", cut(&self.arithmetic)));
        }
        for allowed in [self.tolerance.max_abs, self.tolerance.kl] {
            if !allowed.is_finite() || allowed < 0.0 {
                return Err("a tolerance is no number that can be".to_owned());
            }
        }
        let asked = self.transcripts.len() + self.embeddings.len();
        if asked == 0 || asked > MAX_ASKED {
            return Err(format!("{asked} transcripts and embeddings; 1 to {MAX_ASKED} can be"));
        }
        if !self.transcripts.is_empty() && !self.embeddings.is_empty() {
            return Err("a model is a decoder or an encoder, not both".to_owned());
        }
        let fed = |transcript: &Transcript| transcript.prompt.len() + transcript.forced.len();
        let fed = self.transcripts.iter().map(fed).sum::<usize>()
            + self.embeddings.iter().map(|embedding| embedding.tokens.len()).sum::<usize>();
        if fed > MAX_TOKENS {
            return Err(format!("{fed} tokens are more than {MAX_TOKENS}"));
        }
        self.transcripts.iter().try_for_each(Transcript::check)?;
        self.embeddings.iter().try_for_each(Embedding::check)
    }

    /// Whether the model can be asked these questions; the reason if not.
    ///
    /// `width` is that of an output row, `context` the most tokens.
    pub fn fits(
        &self,
        decoder: bool,
        width: usize,
        context: usize,
    ) -> std::result::Result<(), String> {
        if decoder == self.transcripts.is_empty() {
            return Err("it is of another kind of model".to_owned());
        }
        for transcript in &self.transcripts {
            let Transcript { prompt, forced, greedy, positions } = transcript;
            let ids = prompt.iter().chain(forced).chain(greedy);
            let ids = ids.chain(positions.iter().flat_map(|at| at.top.iter().map(|(id, _)| id)));
            if let Some(id) = ids.into_iter().find(|id| **id as usize >= width) {
                return Err(format!("token {id} is not in the vocabulary of {width}"));
            }
            let length = prompt.len() + forced.len().max(greedy.len()) - 1;
            if length > context {
                return Err(format!("{length} tokens are more than the context of {context}"));
            }
        }
        for embedding in &self.embeddings {
            if embedding.pooled.len() != width || embedding.tokens.len() > context {
                return Err(format!(
                    "{} tokens with vectors of {} values do not fit a context of {context} and a width of {width}",
                    embedding.tokens.len(),
                    embedding.pooled.len()
                ));
            }
        }
        Ok(())
    }

    /// How the weights of the model differ from those that the document is of; none if
    /// they are the same bytes.
    pub fn other_weights(&self, model: &Model) -> Option<String> {
        let sorted = |digests: Vec<&str>| {
            let mut digests: Vec<String> =
                digests.into_iter().map(|digest| cut(digest).to_ascii_lowercase()).collect();
            digests.sort_unstable();
            digests
        };
        let ours = sorted(model.files.iter().map(source::promised).collect());
        let theirs = sorted(self.weights.iter().map(|file| file.sha256.as_str()).collect());
        let shown =
            |digests: &[String]| digests.iter().take(4).cloned().collect::<Vec<_>>().join(", ");
        (ours != theirs).then(|| {
            format!(
                "the golden outputs are of the weights {}, the release has {}",
                shown(&theirs),
                shown(&ours)
            )
        })
    }
}

impl Transcript {
    fn check(&self) -> std::result::Result<(), String> {
        let (prompt, forced) = (self.prompt.len(), self.forced.len());
        if !(1..=MAX_PROMPT).contains(&prompt) || !(1..=MAX_FORCED).contains(&forced) {
            return Err(format!("a prompt of {prompt} tokens with {forced} forced ones cannot be"));
        }
        if self.positions.len() != forced || self.greedy.len() > MAX_FORCED {
            return Err(format!(
                "{} positions and {} greedy tokens for {forced} forced ones cannot be",
                self.positions.len(),
                self.greedy.len()
            ));
        }
        self.positions.iter().try_for_each(Position::check)
    }
}

impl Position {
    fn check(&self) -> std::result::Result<(), String> {
        check_top(&self.top, |value| value)?;
        let [(_, first), (_, second), ..] = self.top.as_slice() else {
            return Err("a position needs two logits".to_owned());
        };
        if !self.logsumexp.is_finite() || self.logsumexp < f64::from(*first) - 1e-3 {
            return Err(format!("the logsumexp {} is below a logit", self.logsumexp));
        }
        if (first - second).to_bits() != self.margin.to_bits() {
            return Err(format!("the margin {} is not {}", self.margin, first - second));
        }
        Ok(())
    }
}

impl Embedding {
    fn check(&self) -> std::result::Result<(), String> {
        let count = self.tokens.len();
        if !(1..=MAX_PROMPT).contains(&count) || self.rows.len() != count {
            return Err(format!("{count} tokens with {} rows cannot be", self.rows.len()));
        }
        let width = self.pooled.len();
        let finite = self.pooled.iter().all(|value| value.is_finite());
        if !(1..=MAX_WIDTH).contains(&width) || !finite {
            return Err(format!("a pooled vector of {width} values is none, or not finite"));
        }
        for row in &self.rows {
            check_top(row, f32::abs)?;
            if row.iter().any(|(place, _)| *place as usize >= width) {
                return Err(format!("a row has a place beyond the width of {width}"));
            }
        }
        Ok(())
    }
}

/// Finite values, greatest first, each place once.
fn check_top(top: &[(u32, f32)], key: fn(f32) -> f32) -> std::result::Result<(), String> {
    if !(1..=MAX_TOP).contains(&top.len()) {
        return Err(format!("{} values of a row; 1 to {MAX_TOP} can be", top.len()));
    }
    let mut places = HashSet::new();
    let single = top.iter().all(|(place, value)| value.is_finite() && places.insert(place));
    let falling = top.iter().zip(&top[1..]).all(|(a, b)| key(a.1) >= key(b.1));
    if single && falling {
        Ok(())
    } else {
        Err("the values of a row do not fall, are not finite, or come twice".to_owned())
    }
}

/// The start of a text of others.
fn cut(text: &str) -> String {
    text.chars().take(64).collect()
}

/// The golden document of a release: named `golden.json` or `*.golden.json`, and of the
/// right schema. With it comes its SHA-256. Several for the same weights are a failure.
pub fn find(files: &[File], model: &Model) -> Result<Option<(Golden, File, String)>> {
    let mut found = Vec::new();
    for file in files {
        let name = file.name();
        if name != "golden.json" && !name.ends_with(".golden.json") {
            continue;
        }
        let bytes = source::small(file, MAX_BYTES)?;
        let says = serde_json::from_slice::<Schema>(&bytes);
        // Other documents may bear the name.
        if !says.is_ok_and(|says| says.schema == SCHEMA) {
            continue;
        }
        let golden = Golden::parse(&bytes)
            .map_err(|reason| EngineError::Failed(format!("{}: {reason}", file.path)))?;
        found.push((golden, file.clone(), source::sha256(&bytes)));
    }
    if found.len() > 1 && found.iter().any(|(golden, ..)| golden.other_weights(model).is_none()) {
        found.retain(|(golden, ..)| golden.other_weights(model).is_none());
    }
    if let [_, (_, second, _), ..] = found.as_slice() {
        return Err(EngineError::Failed(format!(
            "{} golden documents may be meant, {} among them",
            found.len(),
            second.path
        )));
    }
    Ok(found.pop())
}

#[derive(Deserialize)]
struct Schema {
    schema: String,
}
