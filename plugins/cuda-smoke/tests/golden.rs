//! Golden documents: numbers survive, and what cannot be meant is refused.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_cmp,
    clippy::doc_markdown,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::too_many_lines
)]

use pkg_cuda_smoke::golden::{
    Embedding, Golden, MAX_BYTES, Position, SCHEMA, Tolerance, Transcript, Weights,
};
use proptest::prelude::*;

fn position(first: f32) -> Position {
    let top = vec![(3, first), (1, first - 0.5)];
    Position { logsumexp: f64::from(first) + 1.0, margin: top[0].1 - top[1].1, top }
}

fn golden() -> Golden {
    Golden {
        schema: SCHEMA.to_owned(),
        engine: "test".to_owned(),
        arithmetic: "f32".to_owned(),
        architecture: "llama".to_owned(),
        weights: vec![Weights { path: "m.gguf".to_owned(), sha256: "0".repeat(64) }],
        tolerance: Tolerance::F32,
        transcripts: vec![Transcript {
            prompt: vec![1, 2],
            forced: vec![3, 3],
            positions: vec![position(4.0), position(5.0)],
            greedy: vec![3, 3],
        }],
        embeddings: vec![],
    }
}

fn encoder() -> Golden {
    let embedding = Embedding {
        tokens: vec![1, 2],
        pooled: vec![0.5, -0.5, 0.5, 0.5],
        rows: vec![vec![(2, -3.0), (0, 1.0)], vec![(1, 2.0)]],
    };
    Golden { transcripts: vec![], embeddings: vec![embedding], ..golden() }
}

fn parse(golden: &Golden) -> Result<Golden, String> {
    Golden::parse(golden.text().unwrap().as_bytes())
}

#[test]
fn what_is_right_is_read_as_it_was_written() {
    for golden in [golden(), encoder()] {
        assert_eq!(parse(&golden).unwrap(), golden);
    }
    let text = golden().text().unwrap();
    assert!(text.contains(r#""tolerance":{"maxAbs":0.001,"kl":1e-6}"#), "{text}");
    assert!(text.contains(r#""top":[[3,4.0],[1,3.5]]"#), "{text}");
}

proptest! {
    #[test]
    fn every_number_survives(bits: u32, step in 0_u32..1000, sum: f64) {
        let first = f32::from_bits(bits);
        prop_assume!(first.is_finite() && sum.is_finite());
        let second = f32::from_bits(if first > 0.0 { bits.saturating_sub(step) } else { bits + step });
        prop_assume!(second.is_finite() && second <= first);
        let mut written = golden();
        let sum = sum.abs().max(f64::from(first));
        written.transcripts[0].positions[0] =
            Position { top: vec![(0, first), (1, second)], logsumexp: sum, margin: first - second };
        prop_assume!((first - second).is_finite());
        let read = parse(&written).unwrap();
        let position = &read.transcripts[0].positions[0];
        prop_assert_eq!(position.top[0].1.to_bits(), first.to_bits());
        prop_assert_eq!(position.top[1].1.to_bits(), second.to_bits());
        prop_assert_eq!(position.logsumexp.to_bits(), sum.to_bits());
    }

    #[test]
    fn arbitrary_bytes_are_an_answer(bytes: Vec<u8>, at: prop::sample::Index, byte: u8) {
        let _ = Golden::parse(&bytes);
        let mut text = golden().text().unwrap().into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        let _ = Golden::parse(&text);
    }
}

/// A change, and what is said of it.
type Case = (fn(&mut Golden), &'static str);

#[test]
fn what_cannot_be_meant_is_refused() {
    let cases: [Case; 18] = [
        (|g| g.schema.push('x'), "the schema"),
        (|g| g.arithmetic = "f16".to_owned(), "the arithmetic"),
        (|g| g.tolerance.kl = -1.0, "a tolerance"),
        (|g| g.transcripts.clear(), "0 transcripts"),
        (|g| g.transcripts = vec![g.transcripts[0].clone(); 65], "65 transcripts"),
        (|g| g.embeddings = encoder().embeddings, "not both"),
        (|g| g.transcripts[0].prompt.clear(), "a prompt of 0"),
        (|g| g.transcripts[0].prompt = vec![1; 4097], "a prompt of 4097"),
        (|g| g.transcripts[0].forced.clear(), "0 forced"),
        (|g| g.transcripts[0].positions.truncate(1), "1 positions"),
        (|g| g.transcripts[0].greedy = vec![1; 1025], "1025 greedy"),
        (|g| g.transcripts[0].positions[0].top.truncate(1), "two logits"),
        (|g| g.transcripts[0].positions[0].top.clear(), "0 values"),
        (|g| g.transcripts[0].positions[0].top[1].0 = 3, "come twice"),
        (|g| g.transcripts[0].positions[0].top[1].1 = 9.0, "do not fall"),
        (|g| g.transcripts[0].positions[0].margin = 0.0, "the margin"),
        (|g| g.transcripts[0].positions[0].logsumexp = 3.0, "the logsumexp"),
        (
            |g| g.transcripts[0].positions[0].top = (0..257).map(|i| (i, 1.0)).collect(),
            "257 values",
        ),
    ];
    for (change, wanted) in cases {
        let mut golden = golden();
        change(&mut golden);
        let reason = parse(&golden).unwrap_err();
        assert!(reason.contains(wanted), "{reason:?} lacks {wanted:?}");
    }
    let cases: [Case; 5] = [
        (|g| g.embeddings[0].rows.truncate(1), "2 tokens with 1 rows"),
        (|g| g.embeddings[0].rows[0][0].0 = 4, "beyond the width"),
        (|g| g.embeddings[0].pooled.clear(), "0 values"),
        (|g| g.embeddings[0].tokens.clear(), "0 tokens"),
        (|g| g.embeddings[0].rows[0][1].1 = 3.5, "do not fall"),
    ];
    for (change, wanted) in cases {
        let mut golden = encoder();
        change(&mut golden);
        let reason = parse(&golden).unwrap_err();
        assert!(reason.contains(wanted), "{reason:?} lacks {wanted:?}");
    }
}

#[test]
fn numbers_that_json_makes_infinite_are_refused() {
    let text = golden().text().unwrap();
    for huge in ["1e39", "1e400"] {
        let text = text.replacen("[3,4.0]", &format!("[3,{huge}]"), 1);
        assert!(Golden::parse(text.as_bytes()).is_err(), "{huge}");
    }
    let long = vec![b' '; usize::try_from(MAX_BYTES).unwrap() + 1];
    assert!(Golden::parse(&long).unwrap_err().contains("more than"));
    let deep = "[".repeat(100_000);
    assert!(Golden::parse(deep.as_bytes()).is_err());
}

#[test]
fn questions_must_fit_the_model() {
    assert_eq!(golden().fits(true, 4, 3), Ok(()));
    for (decoder, width, context, wanted) in [
        (true, 3, 3, "token 3 is not"),
        (true, 4, 2, "3 tokens are more"),
        (false, 4, 3, "another kind"),
    ] {
        assert!(golden().fits(decoder, width, context).unwrap_err().contains(wanted));
    }
    assert_eq!(encoder().fits(false, 4, 2), Ok(()));
    assert!(encoder().fits(false, 5, 2).is_err() && encoder().fits(false, 4, 1).is_err());
    assert!(encoder().fits(true, 4, 2).is_err());
}
