//! A request as its route gets it, and the server that it is for.

use crate::caller::{Caller, Tokens};
use crate::config::Config;
use crate::population::Population;
use crate::profiles::Profiles;
use crate::roster::Roster;

/// A server: what all routes read.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) config: Config,
    /// Everybody at the start.
    pub(crate) population: Population,
    pub(crate) tokens: Tokens,
    /// The URL that the server is reached at.
    pub(crate) url: String,
}

/// A request below `/api/v4`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) world: &'a World,
    /// Everybody at the moment of the answer.
    pub(crate) roster: &'a Roster,
    /// What the server remembers of profiles.
    pub(crate) profiles: &'a Profiles,
    pub(crate) now_ms: i64,
    pub(crate) caller: Caller,
    pub(crate) query: Query<'a>,
    pub(crate) body: &'a [u8],
}

/// The query of a request. Of a name that comes twice the first value counts, as in Go.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Query<'a>(pub(crate) &'a str);

impl<'a> Query<'a> {
    pub(crate) fn get(self, name: &str) -> Option<&'a str> {
        self.0.split('&').find_map(|pair| {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            (key == name).then_some(value)
        })
    }

    /// As Go reads a flag.
    pub(crate) fn flag(self, name: &str) -> bool {
        self.get(name).is_some_and(|value| matches!(value, "1" | "t" | "T" | "true" | "TRUE" | "True"))
    }

    /// The page; 0 if it is not a number.
    pub(crate) fn page(self) -> u32 {
        self.get("page").and_then(|value| value.parse().ok()).unwrap_or(0)
    }

    /// The place of the first row, and how many rows there may be.
    pub(crate) fn window(self) -> (u32, usize) {
        let place = u64::from(self.page()).saturating_mul(u64::from(self.per_page()));
        (u32::try_from(place).unwrap_or(u32::MAX), usize::try_from(self.per_page()).unwrap_or_default())
    }

    /// The window of `not_in_team`, whose offset the server multiplies by the size of a page twice.
    pub(crate) fn window_squared(self) -> (u32, usize) {
        let (place, take) = self.window();
        (place.saturating_mul(self.per_page()), take)
    }

    /// Rows a page; 60 if it is not a number, and at most 200 (server/channels/web/params.go).
    pub(crate) fn per_page(self) -> u32 {
        self.get("per_page").and_then(|value| value.parse::<u32>().ok()).unwrap_or(60).min(200)
    }
}
