//! Which kernels this processor has, and which of them does so many streams fastest.

use sha2::block_api::compress256;

#[cfg(target_arch = "aarch64")]
use super::armv8;
use super::{Block, State, Work};
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512, shani};

/// A way to do blocks of several streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kernel {
    /// One stream at a time, by the `sha2` package, which uses SHA instructions where the
    /// processor has them. Always there.
    Serial,
    /// x86-64 SHA instructions, two or three streams in turn.
    ShaNi,
    /// AVX2, eight streams side by side.
    Avx2,
    /// AVX-512, sixteen streams side by side, or twice sixteen in turn.
    Avx512,
    /// `ARMv8` SHA-2 instructions, two or three streams in turn.
    ArmSha2,
}

impl Kernel {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Serial, Self::ShaNi, Self::Avx2, Self::Avx512, Self::ArmSha2];

    /// Whether this processor has it.
    pub fn is_available(self) -> bool {
        match self {
            Self::Serial => true,
            #[cfg(target_arch = "x86_64")]
            Self::ShaNi => shani::is_available(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => avx2::is_available(),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => avx512::is_available(),
            #[cfg(target_arch = "aarch64")]
            Self::ArmSha2 => armv8::is_available(),
            #[cfg(target_arch = "x86_64")]
            Self::ArmSha2 => false,
            #[cfg(not(target_arch = "x86_64"))]
            Self::ShaNi | Self::Avx2 | Self::Avx512 => false,
            #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
            Self::ArmSha2 => false,
        }
    }

    /// What the kernel is called in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Serial => "serial",
            Self::ShaNi => "sha-ni",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx-512",
            Self::ArmSha2 => "armv8-sha2",
        }
    }

    /// Calls it can make: streams in one call, and what a block of each takes together, in
    /// the time that one block takes alone with SHA instructions.
    ///
    /// Measured on one processor with all of the x86-64 kernels (`cargo bench -p
    /// pkg-kernels`); elsewhere the figures differ and the order stays.
    fn calls(self) -> &'static [(usize, f32)] {
        match self {
            Self::Serial if Self::ShaNi.is_available() || Self::ArmSha2.is_available() => {
                &[(1, 1.0)]
            }
            Self::Serial => &[(1, 4.0)],
            Self::ShaNi | Self::ArmSha2 => &[(2, 1.32), (3, 1.73)],
            Self::Avx2 => &[(8, 10.5)],
            Self::Avx512 => &[(16, 5.8), (32, 10.0)],
        }
    }
}

/// A choice of kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kernels {
    chosen: [bool; Kernel::ALL.len()],
}

impl Kernels {
    /// All that this processor has.
    pub fn detected() -> Self {
        Self { chosen: Kernel::ALL.map(Kernel::is_available) }
    }

    /// One alone, even for fewer streams than it is good for; none when this processor does
    /// not have it.
    pub fn only(kernel: Kernel) -> Option<Self> {
        kernel.is_available().then(|| Self { chosen: Kernel::ALL.map(|other| other == kernel) })
    }

    /// The kernels that are used.
    pub fn iter(self) -> impl Iterator<Item = Kernel> {
        Kernel::ALL.into_iter().zip(self.chosen).filter(|(_, chosen)| *chosen).map(|(one, _)| one)
    }

    /// How many streams at once are worth having: more do not make a stream cheaper.
    pub fn lanes(self) -> usize {
        self.best(usize::MAX).0.1
    }

    /// Numbers of streams that one call can do.
    pub fn widths(self) -> impl Iterator<Item = usize> {
        self.iter().flat_map(|kernel| kernel.calls().iter().map(|(streams, _)| *streams))
    }

    /// The call that takes the least time for each of `streams` streams.
    fn best(self, streams: usize) -> ((Kernel, usize), f32) {
        let each = |(kernel, (wide, cost)): (Kernel, (usize, f32))| {
            let useful = u16::try_from(wide.min(streams)).unwrap_or(u16::MAX);
            ((kernel, wide), cost / f32::from(useful.max(1)))
        };
        self.iter()
            .flat_map(|kernel| kernel.calls().iter().map(move |call| (kernel, *call)))
            .map(each)
            .min_by(|(_, one), (_, other)| one.total_cmp(other))
            .unwrap_or(((Kernel::Serial, 1), 1.0))
    }

    /// Does all blocks of all streams; their order in `work` changes.
    pub(super) fn run(self, work: &mut [Work<'_>]) {
        loop {
            work.sort_by_key(|work| std::cmp::Reverse(work.blocks.len()));
            let active = work.partition_point(|work| !work.blocks.is_empty());
            if active == 0 {
                return;
            }
            let ((kernel, wide), _) = self.best(active);
            call(kernel, wide, &mut work[..active.min(wide)]);
        }
    }
}

/// One call of a kernel, which does as many blocks as the shortest stream has.
fn call(kernel: Kernel, wide: usize, work: &mut [Work<'_>]) {
    match (kernel, wide) {
        #[cfg(target_arch = "x86_64")]
        (Kernel::ShaNi, 2) => gathered::<2>(work, shani::compress),
        #[cfg(target_arch = "x86_64")]
        (Kernel::ShaNi, _) => gathered::<3>(work, shani::compress),
        #[cfg(target_arch = "x86_64")]
        (Kernel::Avx2, _) => gathered::<8>(work, avx2::compress),
        #[cfg(target_arch = "x86_64")]
        (Kernel::Avx512, 32) => gathered::<32>(work, avx512::compress_two),
        #[cfg(target_arch = "x86_64")]
        (Kernel::Avx512, _) => gathered::<16>(work, avx512::compress),
        #[cfg(target_arch = "aarch64")]
        (Kernel::ArmSha2, 2) => gathered::<2>(work, armv8::compress),
        #[cfg(target_arch = "aarch64")]
        (Kernel::ArmSha2, _) => gathered::<3>(work, armv8::compress),
        _ => {
            for work in work {
                compress256(&mut work.state, std::mem::take(&mut work.blocks));
            }
        }
    }
}

/// Calls a kernel of `N` streams. Lanes that nobody needs repeat the first stream.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn gathered<const N: usize>(
    work: &mut [Work<'_>],
    kernel: impl Fn(&mut [State; N], &[&[Block]; N]),
) {
    let Some(shortest) = work.iter().map(|work| work.blocks.len()).min() else { return };
    let source = |lane: usize| if lane < work.len() { lane } else { 0 };
    let blocks: [&[Block]; N] = std::array::from_fn(|lane| &work[source(lane)].blocks[..shortest]);
    let mut states: [State; N] = std::array::from_fn(|lane| work[source(lane)].state);
    kernel(&mut states, &blocks);
    for (work, state) in work.iter_mut().zip(states) {
        work.state = state;
        work.blocks = &work.blocks[shortest..];
    }
}
