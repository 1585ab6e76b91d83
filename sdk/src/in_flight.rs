//! How many requests are sent to a server at once.

/// How many requests are in flight at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MaxInFlight {
    start: u8,
    most: u8,
}

impl MaxInFlight {
    /// Eight to begin with: what a server of two cores answers fastest (eight pages of users at a time take 40 % of the
    /// time of one at a time, sixteen no less). A high-latency server gets more, as long as its answers take no longer.
    pub const DEFAULT: Self = Self { start: 8, most: Self::MAX };
    /// More do not help any server: its connections to the database are then the limit.
    pub const MAX: u8 = 32;

    /// So many requests, 1 to [`MAX`](Self::MAX), and never more.
    #[must_use]
    pub const fn new(requests: u8) -> Option<Self> {
        if requests >= 1 && requests <= Self::MAX { Some(Self { start: requests, most: requests }) } else { None }
    }

    /// How many requests are in flight before anything is known of the server.
    #[must_use]
    pub fn start(self) -> usize {
        usize::from(self.start)
    }

    /// How many requests are in flight at most.
    #[must_use]
    pub fn most(self) -> usize {
        usize::from(self.most)
    }
}
