//! How long is waited, and how often something is tried again.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::Duration;

/// Longest wait that a registry may ask for at once.
pub(super) const MAX_PAUSE: Duration = Duration::from_mins(1);

/// Longest that is waited in all, for one request, because a registry asked for it.
pub(super) const MAX_PAUSES: Duration = Duration::from_mins(3);

/// Tries when the caller did not say.
const RETRIES: u32 = 5;

/// Times and numbers of tries.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    /// Wait after the first failure; doubled after each further one.
    pub(super) base: Duration,
    /// Longest wait after a failure.
    pub(super) cap: Duration,
    /// How long one second of what is waited really lasts; tests make it short.
    pub(super) second: Duration,
    /// Silence after which a connection counts as dead, while a body is sent or the
    /// answer to a request without one is waited for.
    pub(super) head: Duration,
    /// The same while the body of an answer is read.
    pub(super) idle: Duration,
    /// Silence after which a registry counts as dead once it has got a whole body; it
    /// may have to hash gigabytes before it answers.
    pub(super) answer: Duration,
    /// How often a failed request is tried again.
    pub(super) retries: u32,
}

impl Pace {
    pub(super) fn new(retries: Option<u32>) -> Self {
        Self {
            base: Duration::from_millis(200),
            cap: Duration::from_secs(10),
            second: Duration::from_secs(1),
            head: Duration::from_mins(1),
            idle: Duration::from_mins(1),
            answer: Duration::from_mins(5),
            retries: retries.unwrap_or(RETRIES),
        }
    }

    /// The wait after failure number `failure`, counted from 1: between half and all of
    /// what doubling gives, so that many who failed together do not come back together.
    pub(super) fn backoff(&self, failure: u32) -> Duration {
        let full =
            self.base.saturating_mul(2_u32.saturating_pow(failure.saturating_sub(1))).min(self.cap);
        let random = u32::try_from(RandomState::new().build_hasher().finish() >> 32);
        let share = f64::from(random.unwrap_or(u32::MAX)) / f64::from(u32::MAX);
        full.mul_f64(0.5 + share / 2.0)
    }

    /// Waits. The only place where this module does.
    pub(super) fn sleep(&self, wait: Duration) {
        std::thread::sleep(self.lasting(wait));
    }

    /// How long a wait really lasts.
    pub(super) fn lasting(&self, wait: Duration) -> Duration {
        if self.second == Duration::from_secs(1) {
            return wait;
        }
        wait.mul_f64(self.second.as_secs_f64())
    }
}

/// Reads `Retry-After` (RFC 9110, section 10.2.3): seconds, or a date.
pub(super) fn retry_after(text: &str, now: jiff::Timestamp) -> Option<Duration> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are a very long time.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    let date = jiff::fmt::rfc2822::parse(text).ok()?.timestamp();
    Some(Duration::try_from(date.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Pace, retry_after};

    #[test]
    fn waits_double_up_to_a_cap_and_differ() {
        let pace = Pace::new(None);
        for (failure, full) in [(1, 200), (2, 400), (3, 800), (6, 6400), (7, 10_000), (99, 10_000)]
        {
            let wait = pace.backoff(failure);
            let full = Duration::from_millis(full);
            assert!(wait >= full / 2 && wait <= full, "{failure}: {wait:?}");
        }
        let waits: std::collections::BTreeSet<_> = (0..20).map(|_| pace.backoff(5)).collect();
        assert!(waits.len() > 1);
    }

    #[test]
    fn both_forms_of_retry_after_are_read() {
        let now = "1994-11-06T08:49:07Z".parse().unwrap();
        for (text, seconds) in [
            ("0", Some(0)),
            (" 7 ", Some(7)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(30)),
            ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0)),
            ("", None),
            ("-1", None),
            ("soon", None),
        ] {
            assert_eq!(retry_after(text, now), seconds.map(Duration::from_secs), "{text:?}");
        }
    }
}
