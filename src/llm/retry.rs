//! Whether and when to ask a model again.

use std::time::Duration;

use super::Error;

/// The first wait; every further one is twice as long.
const FIRST: Duration = Duration::from_millis(500);

/// The longest wait of our own choice.
const LONGEST: Duration = Duration::from_secs(20);

/// The longest wait that a server may ask for; with a longer one the person is told instead of kept waiting.
const PATIENCE: Duration = Duration::from_secs(120);

/// How long to wait after try number `attempt` (from 1) of `attempts`; `None` to give up.
pub fn delay(error: &Error, attempt: u32, attempts: u32) -> Option<Duration> {
    if attempt >= attempts {
        return None;
    }
    match error {
        Error::Refused(_) | Error::Local(_) => None,
        Error::RateLimited { retry_after: Some(wait) } if *wait > PATIENCE => None,
        Error::RateLimited { retry_after: Some(wait) } => Some(wait.mul_f64(rand::random_range(1.0..=1.1))),
        Error::RateLimited { retry_after: None } | Error::Unavailable(_) | Error::Timeout(_) | Error::Cut => {
            let doubled = FIRST.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
            Some(doubled.min(LONGEST).mul_f64(rand::random_range(0.5..=1.0)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limited(seconds: u64) -> Error {
        Error::RateLimited { retry_after: Some(Duration::from_secs(seconds)) }
    }

    #[test]
    fn the_wait_doubles_up_to_a_limit() {
        for (attempt, whole) in [(1, 0.5), (2, 1.0), (3, 2.0), (6, 16.0), (7, 20.0), (99, 20.0), (u32::MAX - 1, 20.0)] {
            for _ in 0..50 {
                let wait = delay(&Error::Cut, attempt, u32::MAX).unwrap().as_secs_f64();
                assert!((whole / 2.0..=whole).contains(&wait), "try {attempt} waits {wait} s");
            }
        }
    }

    #[test]
    fn waits_differ() {
        let waits: std::collections::BTreeSet<_> = (0..20).map(|_| delay(&Error::Cut, 5, 9)).collect();
        assert!(waits.len() > 10);
    }

    #[test]
    fn a_server_gets_the_wait_it_asked_for() {
        for _ in 0..50 {
            let wait = delay(&limited(30), 1, 3).unwrap().as_secs_f64();
            assert!((30.0..=33.0).contains(&wait), "{wait}");
        }
        assert_eq!(delay(&limited(0), 1, 3), Some(Duration::ZERO));
        assert!(delay(&limited(120), 1, 3).is_some());
        assert_eq!(delay(&limited(121), 1, 3), None);
        assert!(delay(&Error::RateLimited { retry_after: None }, 1, 3).is_some());
    }

    #[test]
    fn what_will_not_help_is_not_tried() {
        assert_eq!(delay(&Error::Refused("no".to_owned()), 1, 3), None);
        assert_eq!(delay(&Error::Cut, 3, 3), None);
        assert_eq!(delay(&Error::Cut, 1, 0), None);
        assert!(delay(&Error::Timeout(Duration::from_secs(1)), 2, 3).is_some());
        assert!(delay(&Error::Unavailable("down".to_owned()), 2, 3).is_some());
    }
}
