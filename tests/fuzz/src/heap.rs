//! An allocator that counts: what an input may cost is held against it.
//!
//! It counts for each thread apart, so that targets can run beside each other. What
//! a reader's own threads use is not counted.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// Most heap that an input may need at once, in bytes, beside [`PER_BYTE`].
pub const BASE: u64 = 64 << 20;

/// Most heap that an input may need at once for each byte it has.
pub const PER_BYTE: u64 = 64;

/// Most calls of the allocator for an input, beside [`CALLS_PER_BYTE`]: the measure of
/// work, which is the same on every machine.
pub const CALLS: u64 = 4_000_000;

/// Most calls of the allocator for each byte of an input.
pub const CALLS_PER_BYTE: u64 = 512;

thread_local! {
    static NOW: Cell<i64> = const { Cell::new(0) };
    static PEAK: Cell<i64> = const { Cell::new(0) };
    static MADE: Cell<u64> = const { Cell::new(0) };
}

/// The system's allocator, with counters.
#[derive(Debug)]
pub struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

fn note(change: i64) {
    // A thread that ends may allocate after its counters are gone.
    let _ = NOW.try_with(|now| {
        now.set(now.get().wrapping_add(change));
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(now.get())));
    });
    if change > 0 {
        let _ = MADE.try_with(|made| made.set(made.get() + 1));
    }
}

fn signed(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

// SAFETY: every call goes to the system's allocator as it came; the counters are apart.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(signed(layout.size()));
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(signed(layout.size()));
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        note(-signed(layout.size()));
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(signed(size) - signed(layout.size()));
        // SAFETY: as the caller promises.
        unsafe { System.realloc(place, layout, size) }
    }
}

/// What a call cost this thread.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cost {
    /// Most bytes of heap at once, beyond those before the call.
    pub peak: u64,
    /// Calls that got memory.
    pub calls: u64,
}

/// Runs `body` and says what it cost.
pub fn measure(body: impl FnOnce()) -> Cost {
    let (before, made) = (NOW.get(), MADE.get());
    PEAK.set(before);
    body();
    let peak = u64::try_from(PEAK.get().saturating_sub(before)).unwrap_or_default();
    Cost { peak, calls: MADE.get() - made }
}

/// Holds a cost against what an input of `len` bytes may cost.
///
/// # Panics
/// If it is more.
pub fn hold(cost: Cost, len: usize) {
    let len = len as u64;
    let (heap, calls) = (BASE + PER_BYTE * len, CALLS + CALLS_PER_BYTE * len);
    assert!(cost.peak <= heap, "{} bytes of heap for {len} bytes, more than {heap}", cost.peak);
    assert!(cost.calls <= calls, "{} allocations for {len} bytes, more than {calls}", cost.calls);
}

#[cfg(test)]
mod tests {
    use super::{BASE, Cost, hold, measure};

    #[test]
    fn what_is_held_at_once_is_counted() {
        let cost = measure(|| {
            for _ in 0..10 {
                drop(std::hint::black_box(vec![0_u8; 1 << 20]));
            }
        });
        assert_eq!(cost, Cost { peak: 1 << 20, calls: 10 });
    }

    #[test]
    #[should_panic(expected = "bytes of heap")]
    fn too_much_is_no_pass() {
        hold(Cost { peak: BASE + 129, calls: 0 }, 2);
    }
}
