//! Inverse frequencies of rotary position embedding.

/// The frequency of pair i of a head of `head_width` values: `base^(-2i / head_width)`.
pub(super) fn plain(base: f64, head_width: usize) -> Vec<f64> {
    let frequency = |pair| base.powf(-2.0 * f64::from(pair) / head_width as f64);
    (0..(head_width / 2) as u32).map(frequency).collect()
}

/// Positions are divided by a factor.
pub(super) fn linear(frequencies: &mut [f64], factor: f64) {
    for frequency in frequencies {
        *frequency /= factor;
    }
}

/// Parameters of the scaling that came with Llama 3.1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Llama3 {
    pub(super) factor: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    /// Context that the model was trained with first, in tokens.
    pub(super) context: f64,
}

impl Llama3 {
    /// Slow turns get slower, fast ones stay, those between are blended
    /// (`_compute_llama3_parameters` in transformers' `modeling_rope_utils.py`).
    pub(super) fn apply(self, frequencies: &mut [f64]) {
        for frequency in frequencies {
            let wave = std::f64::consts::TAU / *frequency;
            if wave > self.context / self.low {
                *frequency /= self.factor;
            } else if wave >= self.context / self.high {
                let smooth = (self.context / wave - self.low) / (self.high - self.low);
                *frequency = (1.0 - smooth) * *frequency / self.factor + smooth * *frequency;
            }
        }
    }
}

/// The frequencies as engines take them; none if one is no positive finite number.
pub(super) fn finish(frequencies: &[f64]) -> Option<Vec<f32>> {
    let single = |frequency: &f64| {
        let single = *frequency as f32;
        (single.is_finite() && *frequency > 0.0).then_some(single)
    };
    frequencies.iter().map(single).collect()
}

#[cfg(test)]
#[allow(clippy::float_cmp)]
mod tests {
    use super::{Llama3, finish, linear, plain};

    #[test]
    fn frequencies_fall_from_one() {
        let f = plain(10_000.0, 8);
        assert_eq!(f.len(), 4);
        for (found, wanted) in f.iter().zip([1.0, 0.1, 0.01, 0.001]) {
            assert!((found - wanted).abs() < 1e-15);
        }
        assert!(finish(&plain(f64::NAN, 8)).is_none());
        assert!(finish(&plain(-1.0, 8)).is_none() && finish(&plain(0.0, 8)).is_none());
        let mut f = plain(10_000.0, 8);
        linear(&mut f, 4.0);
        assert_eq!(f[0], 0.25);
    }

    #[test]
    fn llama3_scales_slow_turns_only() {
        // Llama 3.2's figures; the wave of pair i is 2 pi / f.
        let scaling = Llama3 { factor: 32.0, low: 1.0, high: 4.0, context: 8192.0 };
        let before = plain(500_000.0, 64);
        let mut after = before.clone();
        scaling.apply(&mut after);
        for (before, after) in before.iter().zip(&after) {
            let wave = std::f64::consts::TAU / before;
            let ratio = before / after;
            match wave {
                wave if wave < 2048.0 => assert_eq!(ratio, 1.0),
                wave if wave > 8192.0 => assert_eq!(ratio, 32.0),
                _ => assert!(ratio > 1.0 && ratio < 32.0),
            }
        }
        assert!(after.iter().zip(&after[1..]).all(|(a, b)| a > b));
    }
}
