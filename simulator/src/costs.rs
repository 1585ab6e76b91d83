//! How much time a request takes on a real server.
//!
//! By default, the simulator answers all pages equally fast. A real server does not: `/users` pages by offset, and
//! the database reads all rows before the page. If [`Costs`] are switched on, each answer waits until a real server
//! would have sent it: a Mattermost 11.6 with PostgreSQL 15, on a machine of two cores that the client used as well,
//! measured in November 2026 with 50,435 and 200,435 accounts.
//!
//! # The model
//!
//! A request has two times. `alone` is the shortest time for an answer. `busy` is how long the request occupies the one
//! machine: requests that arrive together are answered one after another, each that long after the one before, however
//! many are in flight. If `busy` is less than `alone`, the two cores help a client that sends several requests at once.
//! If it is more, an answer leaves work behind that delays the next one, such as the client's own work on the same
//! machine.
//!
//! # The table
//!
//! In milliseconds; interpolated linearly between two points, and extrapolated after the last one. A page has 200 rows;
//! for smaller pages the offset counts. Without separate measurements `busy` is half of `alone`: two cores.
//!
//! | request | alone | busy | measured |
//! |---|---|---|---|
//! | `GET /users`, page p | 9 + 0.58 p | 38.5 + 0.233 p | page 0 of an idle server in 9; of all pages, one after another by a client that itself takes some 30 a page, 29.5 s and 336 s; eight in flight 17.2 s and 155.9 s. An idle server gave page 1,000 in 406: in a listing of everything a page takes half as long again, and the model follows the listings |
//! | `GET /users/known`, n ids | 20 + 1.4 per 1,000 | the same | 90 for 50,435 and 300 for 200,435 |
//! | `POST /users/ids`, n ids | 0: 5, 200: 10, 1,000: 28, 3,000: 58, 9,000: 236 | 0: 3, 200: 5.6, 1,000: 27, 2,000: 53, 5,000: 160 | single requests of an idle server; all accounts, four requests in flight, by 1,000, 2,000 and 5,000: 1.33, 1.51 and 1.59 s, and 5.53, 4.82 and 6.52 s |
//! | the same with `since` | 200: 3, 1,000: 4.5, 5,000: 14, 9,000: 22 | half | single requests, nobody changed |
//! | `POST /users/status/ids`, n ids | 200: 2.3, 1,000: 7, 5,000: 54, 9,000: 123 | half | single requests |
//! | `GET /teams/{id}/members`, page p | 0: 3, 250: 22, 500: 40, 1,000: 72 | two thirds | single requests; all 1,003 pages, eight in flight, 25.6 s |
//! | `GET /users?in_team`, page p | 0: 14, 80: 184, 500: 730 | half | single requests |
//! | the same with `team_roles` | 5 | half | |
//! | `GET /users?without_team` | page 0: 34, others 295 | half | of 200,435 accounts; in proportion to them |
//! | `GET /users?not_in_team` | 68 | half | likewise |
//! | `GET /users/stats/filtered` | 30 | half | likewise |
//! | `GET /reports/users`, a page with so much of the list still to come | all: 964, 75 %: 873, 50 %: 580, 6 %: 103 | half | likewise |
//! | the same with `has_no_team` | 30,000, and an error for 150,000 accounts and more | half | of 200,435 accounts, twice |
//! | `GET /reports/users/count` | 43 | half | likewise |
//! | `GET /bots` | 5 | half | |
//! | everything else, and every refusal | 2 | half | |

use std::fmt;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How many accounts the measured server had.
const MEASURED: f64 = 200_435.0;

/// With this many accounts or more, the report on those in no team takes longer than the server waits for its database.
const TOO_MANY_FOR_REPORT: u32 = 150_000;

/// The response times of a real 11.6. As text: `11.6`, or `11.6/8` for an eighth of these times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Costs {
    /// How many times as fast as the real server: 1 for its own time.
    pub faster: u32,
}

/// The error for text that does not name costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoCosts;

impl fmt::Display for NoCosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("costs are 11.6, or 11.6/N for everything in an Nth of the time")
    }
}

impl std::error::Error for NoCosts {}

impl FromStr for Costs {
    type Err = NoCosts;

    fn from_str(text: &str) -> Result<Self, NoCosts> {
        let (version, faster) = text.split_once('/').unwrap_or((text, "1"));
        let faster = faster.parse().ok().filter(|faster| *faster > 0);
        faster.filter(|_| version == "11.6").map(|faster| Self { faster }).ok_or(NoCosts)
    }
}

impl Costs {
    /// Whether the report on those in no team takes longer than the server waits for its database.
    pub(crate) const fn is_too_much_for_the_report(self, accounts: u32) -> bool {
        accounts >= TOO_MANY_FOR_REPORT
    }
}

impl fmt::Display for Costs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.faster == 1 { f.write_str("11.6") } else { write!(f, "11.6/{}", self.faster) }
    }
}

/// What a request costs, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Cost {
    alone: f64,
    busy: f64,
}

impl Cost {
    const fn new(alone: f64, busy: f64) -> Self {
        Self { alone, busy }
    }

    /// Two of them at once take as long as one.
    const fn of_a_core(alone: f64) -> Self {
        Self::new(alone, alone / 2.0)
    }
}

/// What a request asks of the server. Pages count from 0 and have 200 rows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Work {
    Page { page: f64 },
    Known { ids: f64 },
    Profiles { ids: f64 },
    ProfilesSince { ids: f64 },
    Statuses { ids: f64 },
    Members { page: f64 },
    InTeam { page: f64 },
    TeamAdmins,
    WithoutTeam { page: f64, accounts: f64 },
    NotInTeam { accounts: f64 },
    Count { accounts: f64 },
    Report { to_come: f64, accounts: f64 },
    ReportOfTeamless { accounts: f64 },
    ReportCount { accounts: f64 },
    Bots,
    Other,
}

/// The height at x of a line through points, which goes on behind the last.
fn along(points: &[(f64, f64)], x: f64) -> f64 {
    let mut pairs = points.iter().zip(points.iter().skip(1)).peekable();
    while let Some(((x0, y0), (x1, y1))) = pairs.next() {
        if x <= *x1 || pairs.peek().is_none() {
            return y0 + (x - x0) * (y1 - y0) / (x1 - x0);
        }
    }
    0.0
}

impl Work {
    fn cost(self) -> Cost {
        const SINCE: [(f64, f64); 4] = [(200.0, 3.0), (1_000.0, 4.5), (5_000.0, 14.0), (9_000.0, 22.0)];
        const STATUSES: [(f64, f64); 4] = [(200.0, 2.3), (1_000.0, 7.0), (5_000.0, 54.0), (9_000.0, 123.0)];
        const MEMBERS: [(f64, f64); 4] = [(0.0, 3.0), (250.0, 22.0), (500.0, 40.0), (1_000.0, 72.0)];
        const IN_TEAM: [(f64, f64); 3] = [(0.0, 14.0), (80.0, 184.0), (500.0, 730.0)];
        const REPORT: [(f64, f64); 5] = [(0.0, 50.0), (0.06, 103.0), (0.5, 580.0), (0.75, 873.0), (1.0, 964.0)];
        const PROFILES: [(f64, f64); 5] =
            [(0.0, 5.0), (200.0, 10.0), (1_000.0, 28.0), (3_000.0, 58.0), (9_000.0, 236.0)];
        const MANY_PROFILES: [(f64, f64); 5] =
            [(0.0, 3.0), (200.0, 5.6), (1_000.0, 27.0), (2_000.0, 53.0), (5_000.0, 160.0)];
        match self {
            Self::Page { page } => Cost::new(9.0 + 0.58 * page, 38.5 + 0.233 * page),
            Self::Known { ids } => Cost::new(20.0 + 0.0014 * ids, 20.0 + 0.0014 * ids),
            Self::Profiles { ids } => Cost::new(along(&PROFILES, ids), along(&MANY_PROFILES, ids)),
            Self::ProfilesSince { ids } => Cost::of_a_core(along(&SINCE, ids).max(2.0)),
            Self::Statuses { ids } => Cost::of_a_core(along(&STATUSES, ids).max(2.0)),
            Self::Members { page } => Cost::new(along(&MEMBERS, page), along(&MEMBERS, page) * 2.0 / 3.0),
            Self::InTeam { page } => Cost::of_a_core(along(&IN_TEAM, page)),
            Self::WithoutTeam { page, accounts } => {
                Cost::of_a_core(if page < 1.0 { 34.0 } else { 295.0 } * accounts / MEASURED + 2.0)
            }
            Self::NotInTeam { accounts } => Cost::of_a_core(68.0 * accounts / MEASURED + 2.0),
            Self::Count { accounts } => Cost::of_a_core(30.0 * accounts / MEASURED + 2.0),
            Self::Report { to_come, accounts } => Cost::of_a_core(along(&REPORT, to_come) * accounts / MEASURED + 2.0),
            Self::ReportOfTeamless { accounts } => Cost::of_a_core(30_000.0 * (accounts / MEASURED).min(1.0) + 2.0),
            Self::ReportCount { accounts } => Cost::of_a_core(43.0 * accounts / MEASURED + 2.0),
            Self::TeamAdmins | Self::Bots => Cost::of_a_core(5.0),
            Self::Other => Cost::of_a_core(2.0),
        }
    }
}

/// The one machine that all requests wait for.
#[derive(Debug, Default)]
pub(crate) struct Machine(Mutex<Queue>);

/// Times are counted from the start of the server.
#[derive(Debug, Default)]
struct Queue {
    /// When it has done all that it was asked for.
    free_at: Duration,
}

impl Queue {
    /// When an answer is there to a request that came at this time.
    fn take(&mut self, came_at: Duration, cost: Cost, faster: u32) -> Duration {
        let time = |ms: f64| Duration::from_secs_f64(ms.max(0.0) / 1e3 / f64::from(faster.max(1)));
        let begins = self.free_at.max(came_at);
        self.free_at = begins + time(cost.busy);
        (came_at + time(cost.alone)).max(begins + time(cost.alone.min(cost.busy)))
    }
}

impl Machine {
    /// Waits until a real server would have answered a request that came then, however long it took to make the answer
    /// here.
    pub(crate) async fn wait(&self, costs: Costs, work: Work, (started, came_at): (Instant, Instant)) {
        let came_at = came_at.saturating_duration_since(started);
        let ends = self.0.lock().unwrap_or_else(PoisonError::into_inner).take(came_at, work.cost(), costs.faster);
        tokio::time::sleep_until(started + ends).await;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BinaryHeap;

    use super::*;

    /// How long a client takes, in seconds, that has so many requests in flight and works so many milliseconds on each
    /// answer before the next request: by a clock that only this counts.
    fn seconds(in_flight: usize, client_ms: f64, work: impl Iterator<Item = Work>) -> f64 {
        let mut queue = Queue::default();
        let mut free: BinaryHeap<_> = (0..in_flight).map(|_| std::cmp::Reverse(Duration::ZERO)).collect();
        let mut last = Duration::ZERO;
        for work in work {
            let std::cmp::Reverse(now) = free.pop().unwrap();
            let ends = queue.take(now, work.cost(), 1) + Duration::from_secs_f64(client_ms / 1e3);
            last = last.max(ends);
            free.push(std::cmp::Reverse(ends));
        }
        last.as_secs_f64()
    }

    fn pages(users: u32) -> impl Iterator<Item = Work> {
        (0..users.div_ceil(200)).map(|page| Work::Page { page: page.into() })
    }

    fn profiles(users: u32, batch: u32) -> impl Iterator<Item = Work> {
        (0..users.div_ceil(batch)).map(move |n| Work::Profiles { ids: (users - n * batch).min(batch).into() })
    }

    /// What the command asked for when it listed by pages, eight requests in flight: the pages, activity by a thousand,
    /// and who runs each of 40 teams.
    fn by_pages(users: u32) -> impl Iterator<Item = Work> {
        let activity = (0..users.div_ceil(1_000)).map(|_| Work::Statuses { ids: 1_000.0 });
        pages(users).chain(activity).chain((0..40).map(|_| Work::TeamAdmins))
    }

    #[test]
    fn measured_listings_come_out_within_a_fifth() {
        // What the Python client does itself for each page of 200, in milliseconds.
        let client_ms = 30.0;
        let of = |users, batch| seconds(4, 0.0, profiles(users, batch));
        let members = (0..1_003).map(|page| Work::Members { page: page.into() });
        let cases = [
            ("all pages, eight in flight, 50,435", seconds(8, 0.0, pages(50_435)), 17.2),
            ("all pages, eight in flight, 200,435", seconds(8, 0.0, pages(200_435)), 155.9),
            ("the command by pages, 50,435", seconds(8, 0.0, by_pages(50_435)), 19.5),
            ("the command by pages, 200,435", seconds(8, 0.0, by_pages(200_435)), 178.0),
            ("a plain loop, 50,435", seconds(1, client_ms, pages(50_435)), 29.5),
            ("a plain loop, 200,435", seconds(1, client_ms, pages(200_435)), 336.0),
            ("known, 50,435", seconds(1, 0.0, [Work::Known { ids: 50_435.0 }].into_iter()), 0.09),
            ("known, 200,435", seconds(1, 0.0, [Work::Known { ids: 200_435.0 }].into_iter()), 0.30),
            ("profiles by 1,000, 50,435", of(50_435, 1_000), 1.33),
            ("profiles by 2,000, 50,435", of(50_435, 2_000), 1.51),
            ("profiles by 5,000, 50,435", of(50_435, 5_000), 1.59),
            ("profiles by 1,000, 200,435", of(200_435, 1_000), 5.53),
            ("profiles by 2,000, 200,435", of(200_435, 2_000), 4.82),
            ("profiles by 5,000, 200,435", of(200_435, 5_000), 6.52),
            ("members of a team of 200,435, eight in flight", seconds(8, 0.0, members), 25.6),
        ];
        for (what, modelled, measured) in cases {
            let off = modelled / measured - 1.0;
            assert!(off.abs() <= 0.2, "{what}: {modelled:.2} s where {measured} s were measured, {:.0} %", off * 100.0);
        }
    }

    #[test]
    fn single_requests_of_an_idle_server_take_what_was_measured() {
        let accounts = MEASURED;
        let cases = [
            (Work::Page { page: 0.0 }, 9.0),
            (Work::Profiles { ids: 200.0 }, 10.0),
            (Work::Profiles { ids: 1_000.0 }, 28.0),
            (Work::Profiles { ids: 3_000.0 }, 58.0),
            (Work::Profiles { ids: 9_000.0 }, 236.0),
            (Work::ProfilesSince { ids: 9_000.0 }, 22.0),
            (Work::Statuses { ids: 5_000.0 }, 54.0),
            (Work::InTeam { page: 0.0 }, 14.0),
            (Work::InTeam { page: 80.0 }, 184.0),
            (Work::InTeam { page: 500.0 }, 730.0),
            (Work::Members { page: 250.0 }, 22.0),
            (Work::Members { page: 1_000.0 }, 72.0),
            (Work::WithoutTeam { page: 0.0, accounts }, 34.0),
            (Work::WithoutTeam { page: 1.0, accounts }, 295.0),
            (Work::NotInTeam { accounts }, 68.0),
            (Work::Count { accounts }, 30.0),
            (Work::Report { to_come: 1.0, accounts }, 964.0),
            (Work::Report { to_come: 0.06, accounts }, 103.0),
            (Work::ReportCount { accounts }, 43.0),
            (Work::TeamAdmins, 5.0),
            (Work::Bots, 5.0),
        ];
        for (work, ms) in cases {
            let took = seconds(1, 0.0, [work].into_iter()) * 1e3;
            assert!((took / ms - 1.0).abs() <= 0.1, "{work:?}: {took:.1} ms where {ms} ms were measured");
        }
    }

    #[test]
    fn pages_cost_the_square_of_the_users_and_lists_of_ids_as_much_as_there_are() {
        let growth = |of: &dyn Fn(u32) -> f64| of(200_000) / of(50_000);
        let by_pages = growth(&|users| seconds(8, 0.0, pages(users)));
        let by_ids = growth(&|users| seconds(4, 0.0, profiles(users, 1_000)));
        assert!(by_pages > 8.0, "{by_pages}");
        assert!((3.9..4.1).contains(&by_ids), "{by_ids}");
    }

    #[test]
    fn all_requests_wait_for_one_machine() {
        let one = seconds(4, 0.0, profiles(100_000, 1_000));
        for in_flight in [8, 16, 64] {
            let many = seconds(in_flight, 0.0, profiles(100_000, 1_000));
            assert!((many / one - 1.0).abs() < 0.02, "{in_flight} in flight: {many} s instead of {one} s");
        }
        let mut queue = Queue::default();
        let (cost, at) = (Work::Profiles { ids: 1_000.0 }.cost(), Duration::from_secs(9));
        let first = queue.take(at, cost, 1);
        assert_eq!(first, at + Duration::from_millis(28));
        assert_eq!(queue.take(at, cost, 1), at + Duration::from_millis(27 + 27));
        // A server that rested begins at once.
        let later = Duration::from_secs(20);
        assert_eq!(queue.take(later, cost, 4), later + Duration::from_millis(7), "in a quarter of the time");
    }

    #[test]
    fn costs_are_read_from_text() {
        for (text, faster) in [("11.6", 1), ("11.6/8", 8)] {
            let costs: Costs = text.parse().unwrap();
            assert_eq!((costs.faster, costs.to_string().as_str()), (faster, text));
        }
        for text in ["", "7.6", "11.6/", "11.6/0", "11.6/x", "/2", "11.6/2/2"] {
            assert_eq!(text.parse::<Costs>(), Err(NoCosts), "{text}");
        }
    }
}
