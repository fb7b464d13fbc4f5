//! What a run is given: tokens, their positions, and how far to turn.

use super::driver::{DeviceBuffer, HostBuffer, Stream, bytes_of};
use crate::engine::{EngineError, Result};

/// Bytes before the tokens: the first position, and nothing.
const HEAD: usize = 16;

/// Where everything lies in a block of bytes, the same on host and device.
///
/// The position of the first token; the tokens; the position of each; for each token and
/// pair of a head, cosine and sine of the angle.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    tokens: usize,
    frequencies: Vec<f32>,
}

/// Addresses of the parts on the device.
#[derive(Debug, Clone, Copy)]
pub(super) struct Addresses {
    /// The position of the first token.
    pub(super) state: u64,
    pub(super) tokens: u64,
    pub(super) positions: u64,
    pub(super) table: u64,
}

impl Layout {
    /// For so many tokens; nothing turns without frequencies.
    pub(super) fn new(tokens: usize, frequencies: &[f32]) -> Self {
        Self { tokens, frequencies: frequencies.to_vec() }
    }

    /// Most tokens.
    pub(super) fn tokens(&self) -> usize {
        self.tokens
    }

    fn positions_at(&self) -> usize {
        HEAD + self.tokens.next_multiple_of(4) * 4
    }

    fn table_at(&self) -> usize {
        self.positions_at() + self.tokens.next_multiple_of(4) * 4
    }

    /// Bytes in all.
    pub(super) fn bytes(&self) -> usize {
        self.table_at() + self.tokens * self.frequencies.len() * 8
    }

    pub(super) fn addresses(&self, device: &DeviceBuffer) -> Addresses {
        let start = device.address();
        Addresses {
            state: start,
            tokens: start + HEAD as u64,
            positions: start + self.positions_at() as u64,
            table: start + self.table_at() as u64,
        }
    }

    /// Writes what the tokens behind so many others are.
    pub(super) fn write(&self, to: &mut [u8], tokens: &[u32], past: usize) -> Result<()> {
        let small = || EngineError::Failed("there is no room for the tokens".to_owned());
        if tokens.len() > self.tokens || to.len() < self.bytes() {
            return Err(small());
        }
        let first = u32::try_from(past).map_err(|_| small())?;
        put(to, 0, [first.to_le_bytes()]);
        put(to, HEAD, tokens.iter().map(|token| token.to_le_bytes()));
        let positions = (first..).take(tokens.len());
        put(to, self.positions_at(), positions.map(u32::to_le_bytes));
        let angles = (0..tokens.len()).flat_map(|i| {
            // In f64: positions times frequencies need more digits than f32 has.
            let position = (past + i) as f64;
            self.frequencies.iter().flat_map(move |frequency| {
                let (sine, cosine) = (position * f64::from(*frequency)).sin_cos();
                [(cosine as f32).to_le_bytes(), (sine as f32).to_le_bytes()]
            })
        });
        put(to, self.table_at(), angles);
        Ok(())
    }
}

/// Words one after the other; what does not fit is left out.
fn put(to: &mut [u8], at: usize, words: impl IntoIterator<Item = [u8; 4]>) {
    let room = to.get_mut(at..).unwrap_or_default();
    for (place, word) in room.chunks_exact_mut(4).zip(words) {
        place.copy_from_slice(&word);
    }
}

/// Inputs on the device, and where they come from.
#[derive(Debug)]
pub(super) struct Inputs {
    pub(super) layout: Layout,
    pub(super) device: DeviceBuffer,
    host: HostBuffer,
}

impl Inputs {
    pub(super) fn new(stream: &Stream, layout: Layout) -> Result<Self> {
        let context = stream.context();
        let device = DeviceBuffer::new(context, layout.bytes())?;
        let host = HostBuffer::new(context, layout.bytes())?;
        Ok(Self { layout, device, host })
    }

    /// Takes tokens to the device.
    pub(super) fn set(
        &mut self,
        stream: &Stream,
        tokens: &[u32],
        past: usize,
    ) -> Result<Addresses> {
        self.layout.write(self.host.bytes_mut()?, tokens, past)?;
        self.host.upload(stream, &self.device, 0, self.layout.bytes())?;
        Ok(self.addresses())
    }

    pub(super) fn addresses(&self) -> Addresses {
        self.layout.addresses(&self.device)
    }
}

/// Output rows on the way to the host, some at a time.
#[derive(Debug)]
pub(super) struct Outputs {
    host: HostBuffer,
}

impl Outputs {
    /// Room for so many bytes at a time.
    pub(super) fn new(stream: &Stream, bytes: usize) -> Result<Self> {
        Ok(Self { host: HostBuffer::new(stream.context(), bytes)? })
    }

    /// Puts the first values of a buffer behind others.
    pub(super) fn append(
        &mut self,
        stream: &Stream,
        from: &DeviceBuffer,
        values: usize,
        to: &mut Vec<f32>,
    ) -> Result<()> {
        let bytes = bytes_of(values)?;
        self.host.download(stream, from, 0, bytes)?;
        stream.synchronize()?;
        let words = self.host.bytes()?.get(..bytes).unwrap_or_default().chunks_exact(4);
        to.extend(words.map(|word| {
            let mut bits = [0; 4];
            bits.copy_from_slice(word);
            f32::from_le_bytes(bits)
        }));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Layout;

    #[test]
    fn inputs_lie_where_the_kernels_look() {
        let layout = Layout::new(5, &[1.0, 0.5]);
        let mut bytes = vec![0; layout.bytes()];
        layout.write(&mut bytes, &[7, 8, 9], 3).unwrap();
        let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
        let rounded = |value: f64| (value as f32).to_bits();
        assert_eq!([word(0), word(16), word(20), word(24), word(28)], [3, 7, 8, 9, 0]);
        assert_eq!([word(48), word(52), word(56)], [3, 4, 5]);
        assert_eq!(word(80), rounded(3.0_f64.cos()));
        assert_eq!(word(84), rounded(3.0_f64.sin()));
        assert_eq!(word(88), rounded(1.5_f64.cos()));
        assert_eq!(word(80 + 2 * 16 + 12), rounded(2.5_f64.sin()));
        assert_eq!(bytes.len(), 80 + 5 * 16);
        assert!(layout.write(&mut bytes, &[0; 6], 0).is_err());
        assert!(layout.write(&mut bytes[1..], &[0], 0).is_err());
        assert!(layout.write(&mut bytes, &[0], usize::MAX).is_err());
    }
}
