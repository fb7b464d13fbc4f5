//! Work queue over all cores, largest job first.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::BUFFER;
use crate::fsx;

/// Runs `work` once per job on all cores, the largest job first, each thread
/// with one read buffer of its own. Results are in the order of the jobs.
pub fn run_largest_first<J: Sync, R: Send>(
    jobs: &[J],
    size: impl Fn(&J) -> u64,
    work: impl Fn(&J, &mut [u8]) -> R + Sync,
) -> Vec<R> {
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(size(&jobs[*index])));
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<(usize, R)>> = Mutex::new(Vec::with_capacity(jobs.len()));
    let take = || {
        let mut buffer = vec![0; BUFFER];
        while let Some(index) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
            let result = work(&jobs[*index], &mut buffer);
            results.lock().unwrap_or_else(PoisonError::into_inner).push((*index, result));
        }
    };
    let threads = fsx::threads().min(jobs.len());
    if threads <= 1 {
        take();
    } else {
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(take);
            }
        });
    }
    let mut results = results.into_inner().unwrap_or_else(PoisonError::into_inner);
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::run_largest_first;

    #[test]
    fn results_keep_the_order_of_the_jobs() {
        let jobs: Vec<u64> = (0..1000).map(|n| n * 7 % 1000).collect();
        let doubled = run_largest_first(&jobs, |job| *job, |job, _| job * 2);
        assert_eq!(doubled, jobs.iter().map(|job| job * 2).collect::<Vec<_>>());
    }
}
