//! When a draft expires, who is told before, and when its text goes.

use chrono::TimeDelta;

use super::{Instant, Invalid};

/// The days after which an idle draft is reminded of, expired and purged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpiryRule {
    expire_after: i64,
    remind_after: Vec<i64>,
    purge_after: i64,
}

/// What is due for a draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Tell the owner; the day counts idle days, and each day is told once.
    Reminder {
        /// The idle day it is for.
        day: i64,
    },
    /// Make it read-only.
    Expiry,
}

impl ExpiryRule {
    /// A rule: expire after so many idle days, remind on these idle days, purge so many days after expiry.
    pub fn new(expire_after: u32, remind_after: &[u32], purge_after: u32) -> Result<Self, Invalid> {
        if expire_after == 0 {
            return Err(Invalid::new("drafts.expire_after_days", "must be at least 1"));
        }
        let mut remind_after: Vec<i64> = remind_after.iter().map(|day| i64::from(*day)).collect();
        remind_after.sort_unstable();
        remind_after.dedup();
        Ok(Self { expire_after: i64::from(expire_after), remind_after, purge_after: i64::from(purge_after) })
    }

    /// What is due for a draft last used at `active_at`: expiry, or the latest reminder whose day has come.
    pub fn due(&self, active_at: Instant, now: Instant) -> Option<Due> {
        let idle = now - active_at;
        if idle >= TimeDelta::days(self.expire_after) {
            return Some(Due::Expiry);
        }
        self.remind_after
            .iter()
            .rev()
            .find(|day| **day < self.expire_after && idle >= TimeDelta::days(**day))
            .map(|day| Due::Reminder { day: *day })
    }

    /// Drafts last used before this are worth a look.
    pub fn earliest_due(&self, now: Instant) -> Instant {
        let days = self.remind_after.first().copied().unwrap_or(self.expire_after).min(self.expire_after);
        now - TimeDelta::days(days)
    }

    /// When a draft last used at `active_at` expires.
    pub fn expires_at(&self, active_at: Instant) -> Instant {
        active_at + TimeDelta::days(self.expire_after)
    }

    /// Drafts that expired before this lose their text and conversation.
    pub fn purge_before(&self, now: Instant) -> Instant {
        now - TimeDelta::days(self.purge_after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due_after(days: i64) -> Option<Due> {
        let rule = ExpiryRule::new(30, &[23, 29], 30).unwrap();
        let start = Instant::UNIX_EPOCH;
        rule.due(start, start + TimeDelta::days(days))
    }

    #[test]
    fn the_owner_is_told_on_day_23_and_29_and_the_draft_expires_on_day_30() {
        assert_eq!(due_after(22), None);
        assert_eq!(due_after(23), Some(Due::Reminder { day: 23 }));
        assert_eq!(due_after(28), Some(Due::Reminder { day: 23 }));
        assert_eq!(due_after(29), Some(Due::Reminder { day: 29 }));
        assert_eq!(due_after(30), Some(Due::Expiry));
        assert_eq!(due_after(300), Some(Due::Expiry));
    }

    #[test]
    fn reminders_after_the_end_are_never_due() {
        let rule = ExpiryRule::new(5, &[23, 29], 30).unwrap();
        let start = Instant::UNIX_EPOCH;
        assert_eq!(rule.due(start, start + TimeDelta::days(4)), None);
        assert_eq!(rule.earliest_due(start), start - TimeDelta::days(5));
    }
}
