//! Adapts to what a server can take: limits concurrency and lowers it while the server is slow or refuses, keeps the
//! pauses that the server asks for, and retries temporary failures.
//!
//! When one request has to wait, all do: requests in flight are awaited, then there is one pause, and then failed
//! requests are retried before any new one is sent. So the core never sees a failure that a short pause mends, and a
//! server in trouble gets no requests for that moment.

use alloc::vec::Vec;

use super::cause::Cause;
use super::hash::fnv1a;
use super::http::{Answered, Lost, Network, Outcome, Request, Response, Ticket, Work};
use super::in_flight::MaxInFlight;
use super::wait::{retry_after_ms, until_allowed_ms};

/// How often a request is sent that fails temporarily.
const TRIES: u32 = 3;

/// How often a request is sent that never gets an answer: each try may have taken a minute already.
const TRIES_WITHOUT_ANSWER: u32 = 2;

/// How often a request is sent that is refused by a rate limit.
const TRIES_WHEN_LIMITED: u32 = 4;

/// The first pause after a failure, in milliseconds, before jitter; each further one is twice as long.
const FIRST_PAUSE_MS: u32 = 250;

/// The longest single pause within a call, in milliseconds. A longer one is left to the host.
const LONGEST_PAUSE_MS: u32 = 10_000;

/// The longest that all pauses of one call take together, in milliseconds.
const PAUSES_IN_ALL_MS: u32 = 30_000;

/// If a server takes longer than this to begin an answer, in milliseconds, concurrency is lowered.
const SLOW_MS: u32 = 5_000;

/// A server that never begins an answer within so many milliseconds counts as a high-latency one: it gets more requests
/// at once, and calls return more pages each.
pub const FAR_MS: u32 = 5;

/// What is known of a server, for the next call.
#[derive(Clone, Copy, Debug, Default)]
pub struct Learnt {
    /// How many requests in flight the server takes; `None` before the first call.
    window: Option<usize>,
    /// The shortest time that it took to begin an answer, in milliseconds.
    fastest_ms: Option<u32>,
}

impl Learnt {
    /// Nothing.
    #[must_use]
    pub const fn nothing() -> Self {
        Self { window: None, fastest_ms: None }
    }
}

/// A network that paces another. It lives as long as a call.
pub struct Paced<'a> {
    network: &'a mut dyn Network,
    pace: Pace,
}

impl core::fmt::Debug for Paced<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Paced").field("pace", &self.pace).finish_non_exhaustive()
    }
}

impl<'a> Paced<'a> {
    /// Paces a network for one call.
    pub fn new(network: &'a mut dyn Network, in_flight: MaxInFlight) -> Self {
        Self::taught(network, in_flight, Learnt::nothing())
    }

    /// The same with what earlier calls have learnt.
    pub fn taught(network: &'a mut dyn Network, in_flight: MaxInFlight, learnt: Learnt) -> Self {
        let (start, most) = (in_flight.start(), in_flight.most());
        let chance = fnv1a(&network.now_ms().to_le_bytes());
        let pace = Pace {
            start,
            most,
            window: learnt.window.unwrap_or(start).min(most),
            reached: 0,
            good: 0,
            good_ms: 0,
            fastest_ms: learnt.fastest_ms,
            settling: 0,
            pause_ms: 0,
            paused_ms: 0,
            chance,
            shut: None,
        };
        Self { network, pace }
    }

    /// What is known of the server now.
    #[must_use]
    pub const fn learnt(&self) -> Learnt {
        Learnt { window: Some(self.pace.window), fastest_ms: self.pace.fastest_ms }
    }
}

impl Network for Paced<'_> {
    fn run(&mut self, work: &mut dyn Work) {
        let mut round = Round { work, pace: &mut self.pace, flying: Vec::new(), in_flight: 0, waiting: Vec::new() };
        loop {
            self.network.run(&mut round);
            // A pause that no request waits for is left to the call's next request.
            if round.waiting.is_empty() {
                return;
            }
            self.network.pause(core::mem::take(&mut round.pace.pause_ms));
        }
    }

    fn pause(&mut self, ms: u32) {
        self.network.pause(ms);
    }

    fn now_ms(&mut self) -> i64 {
        self.network.now_ms()
    }

    fn latency_ms(&self) -> u32 {
        self.pace.fastest_ms.unwrap_or_default()
    }
}

/// What the call has learnt of the server.
#[derive(Debug)]
struct Pace {
    /// Requests in flight that any server takes, by the settings.
    start: usize,
    /// The most requests in flight, by the settings.
    most: usize,
    /// The most requests in flight, as the server takes them: 1 to `most`.
    window: usize,
    /// Requests that were in flight at once since the window was last changed.
    reached: usize,
    /// Answers without trouble since the window was last changed, and the milliseconds until they began, added up.
    good: usize,
    good_ms: u32,
    /// The shortest time until an answer began, in milliseconds.
    fastest_ms: Option<u32>,
    /// Answers still to come to requests that were sent before the window was last changed; they say nothing about it.
    settling: usize,
    /// The pause that is due before anything more is sent, in milliseconds.
    pause_ms: u32,
    /// Milliseconds of all pauses.
    paused_ms: u32,
    /// The state of the random numbers.
    chance: u64,
    /// The refusal of a server that asks for a longer pause than a call waits. All further requests of this call get it
    /// as their answer, and are not sent.
    shut: Option<Outcome>,
}

impl Pace {
    /// Halves the window. Answers to requests that are in flight already then say nothing new.
    fn shrink(&mut self, in_flight: usize) {
        self.change_window((self.window / 2).max(1));
        self.settling = in_flight;
    }

    fn change_window(&mut self, window: usize) {
        self.window = window;
        (self.reached, self.good, self.good_ms) = (0, 0, 0);
    }

    fn went_well(&mut self, took_ms: u32, in_flight: usize) {
        if took_ms > SLOW_MS {
            return self.shrink(in_flight);
        }
        self.fastest_ms = Some(self.fastest_ms.map_or(took_ms, |fastest| fastest.min(took_ms)));
        self.good = self.good.saturating_add(1);
        self.good_ms = self.good_ms.saturating_add(took_ms);
        if self.good >= self.window {
            self.change_window(self.next_window());
        }
    }

    /// The window after a clean round. Up to what any server takes, it grows by one. Beyond that it doubles while a
    /// high-latency server takes no longer for more at once, and goes back when answers take twice as long: requests
    /// then wait for each other, not for the network.
    fn next_window(&self) -> usize {
        let average_ms = self.good_ms / u32::try_from(self.good).unwrap_or(u32::MAX).max(1);
        let fastest_ms = self.fastest_ms.unwrap_or_default();
        if self.window < self.start {
            self.window.saturating_add(1)
        } else if fastest_ms >= FAR_MS && self.reached >= self.window && average_ms <= fastest_ms.saturating_mul(3) / 2
        {
            self.window.saturating_mul(2).min(self.most)
        } else if average_ms > fastest_ms.saturating_mul(2) {
            self.start
        } else {
            self.window
        }
    }

    /// The pause before the next try: between half and one and a half of what is due, so that many clients do not retry
    /// at the same moment.
    fn pause_before(&mut self, tries: u32) -> u32 {
        let due = FIRST_PAUSE_MS.saturating_mul(1 << tries.saturating_sub(1).min(10));
        self.chance = fnv1a(&self.chance.to_le_bytes());
        let part = u32::try_from(self.chance % u64::from(due)).unwrap_or_default();
        (due / 2).saturating_add(part)
    }

    /// Stops sending in this call if the server limits its requests, or is down for longer than a call waits. Of
    /// several such answers, the one that asks for the longest wait counts.
    fn shut_by(&mut self, outcome: &Outcome) {
        let Ok(response) = outcome else { return };
        let asked_ms = retry_after_ms(response).unwrap_or_default();
        let is_shut = response.status == 429 || (response.status == 503 && asked_ms > LONGEST_PAUSE_MS);
        let before_ms = match &self.shut {
            Some(Ok(response)) => retry_after_ms(response),
            Some(Err(_)) | None => None,
        };
        if is_shut && (self.shut.is_none() || before_ms.is_none_or(|before_ms| before_ms < asked_ms)) {
            self.shut = Some(outcome.clone());
        }
    }

    /// Whether the call can wait so many milliseconds; if so, they are counted.
    fn affords(&mut self, ms: u32) -> bool {
        let paused_ms = self.paused_ms.saturating_add(ms);
        let affords = ms <= LONGEST_PAUSE_MS && paused_ms <= PAUSES_IN_ALL_MS;
        if affords {
            self.paused_ms = paused_ms;
        }
        affords
    }
}

/// A request in flight, by the work's own ticket, and how often it was sent.
#[derive(Clone, Copy, Debug)]
struct Flight {
    ticket: Ticket,
    tries: u32,
}

/// The work as the network below sees it.
struct Round<'w> {
    work: &'w mut dyn Work,
    pace: &'w mut Pace,
    flying: Vec<Option<Flight>>,
    in_flight: usize,
    /// The requests to send after the pause.
    waiting: Vec<(Flight, Request)>,
}

impl Round<'_> {
    /// Whether to retry the request, after a pause that is now due.
    fn is_worth_another_try(&mut self, tries: u32, is_spare: bool, outcome: &Outcome, is_settling: bool) -> bool {
        // A request that timed out once, here or at a proxy, would take as long again.
        let is_silence = match outcome {
            Ok(response) => response.status == 504,
            Err(lost) => matches!(lost, Lost::TimedOut | Lost::Truncated),
        };
        if is_spare && is_silence {
            return false;
        }
        let (most, asked_ms) = match outcome {
            Ok(response) => match response.status {
                429 => (TRIES_WHEN_LIMITED, retry_after_ms(response)),
                500 | 502..=504 => (TRIES, retry_after_ms(response)),
                _ => return false,
            },
            Err(Lost::Closed | Lost::Truncated | Lost::Explained(Cause::ConnectionLost | Cause::ProxyFailed, _)) => {
                (TRIES, None)
            }
            Err(Lost::TimedOut) => (TRIES_WITHOUT_ANSWER, None),
            Err(
                Lost::NameNotFound
                | Lost::Refused
                | Lost::TlsUntrusted
                | Lost::TlsFailed
                | Lost::Denied
                | Lost::TooLarge(_)
                | Lost::HeadTooLarge(_)
                | Lost::NotHttp
                | Lost::Encoded(_)
                | Lost::Explained(..)
                | Lost::Other(_),
            ) => return false,
        };
        if !is_settling {
            self.pace.shrink(self.in_flight);
        }
        // It waits until the server may be asked again, as all others do.
        if self.pace.shut.is_some() {
            self.pace.shut_by(outcome);
            return true;
        }
        // Requests that fail together wait together, and their pause is counted once.
        let pause_ms = asked_ms.unwrap_or(0).max(self.pace.pause_before(tries));
        let more_ms = pause_ms.saturating_sub(self.pace.pause_ms);
        if tries < most && pause_ms <= LONGEST_PAUSE_MS && self.pace.affords(more_ms) {
            self.pace.pause_ms = self.pace.pause_ms.max(pause_ms);
            return true;
        }
        self.pace.shut_by(outcome);
        false
    }

    fn send(&mut self, flight: Flight, request: Request) -> (Ticket, Request) {
        self.in_flight = self.in_flight.saturating_add(1);
        self.pace.reached = self.pace.reached.max(self.in_flight);
        let slot = self.flying.iter().position(Option::is_none).unwrap_or(self.flying.len());
        match self.flying.get_mut(slot) {
            Some(place) => *place = Some(flight),
            None => self.flying.push(Some(flight)),
        }
        (slot, request)
    }
}

impl Work for Round<'_> {
    fn next(&mut self) -> Option<(Ticket, Request)> {
        if let Some(refusal) = &self.pace.shut {
            // A request that is not sent needs no pause either, whether new or retried.
            self.pace.pause_ms = 0;
            for (flight, request) in self.waiting.drain(..) {
                self.work.arrived(flight.ticket, Answered { request, outcome: refusal.clone() });
            }
            while let Some((ticket, request)) = self.work.next() {
                self.work.arrived(ticket, Answered { request, outcome: refusal.clone() });
            }
            return None;
        }
        if self.in_flight >= self.pace.window || (self.pace.pause_ms > 0 && self.in_flight > 0) {
            return None;
        }
        if self.pace.pause_ms == 0
            && let Some((flight, request)) = self.waiting.pop()
        {
            return Some(self.send(flight, request));
        }
        if !self.waiting.is_empty() {
            return None;
        }
        let (ticket, request) = self.work.next()?;
        let flight = Flight { ticket, tries: 1 };
        if self.pace.pause_ms > 0 {
            self.waiting.push((flight, request));
            return None;
        }
        Some(self.send(flight, request))
    }

    fn begins(&mut self, slot: Ticket, head: &Response) -> bool {
        let flight = self.flying.get(slot).copied().flatten();
        flight.is_some_and(|flight| self.work.begins(flight.ticket, head))
    }

    fn part(&mut self, slot: Ticket, bytes: &[u8]) -> bool {
        let flight = self.flying.get(slot).copied().flatten();
        flight.is_some_and(|flight| self.work.part(flight.ticket, bytes))
    }

    fn arrived(&mut self, slot: Ticket, answered: Answered) {
        let Some(flight) = self.flying.get_mut(slot).and_then(Option::take) else { return };
        self.in_flight = self.in_flight.saturating_sub(1);
        let is_settling = self.pace.settling > 0;
        self.pace.settling = self.pace.settling.saturating_sub(1);
        if self.is_worth_another_try(flight.tries, answered.request.is_spare, &answered.outcome, is_settling) {
            let tries = flight.tries.saturating_add(1);
            self.waiting.push((Flight { tries, ..flight }, answered.request));
            return;
        }
        if let Ok(response) = &answered.outcome
            && response.status < 400
        {
            if !is_settling {
                self.pace.went_well(response.took_ms, self.in_flight);
            }
            if self.pace.pause_ms == 0
                && self.pace.shut.is_none()
                && let Some(ms) = until_allowed_ms(response, self.pace.window)
                && self.pace.affords(ms)
            {
                self.pace.pause_ms = ms;
            }
        }
        self.work.arrived(flight.ticket, answered);
    }
}

#[cfg(test)]
mod tests {
    use super::super::http::{Response, exchange_all};
    use super::super::testing::{Fake, json};
    use super::*;
    use alloc::string::ToString;
    use std::format;

    fn requests(many: usize) -> Vec<Request> {
        (0..many).map(|n| Request::get(format!("/r{n}"))).collect()
    }

    fn limited(headers: &[(&'static str, &str)]) -> Outcome {
        let headers = headers.iter().map(|(key, value)| (*key, (*value).to_string())).collect();
        Ok(Response { status: 429, headers, body: b"limit exceeded\n".to_vec(), took_ms: 1, redirect: None })
    }

    /// Sends so many requests to a server whose first answers are `faults`; returns the last statuses, 0 for none.
    fn send(many: usize, faults: &[Outcome], most: u8, network: impl FnOnce(&mut Fake<'_>)) -> Vec<u16> {
        let mut faults = faults.iter();
        let mut fake = Fake::new(|_| faults.next().cloned().unwrap_or_else(|| json(200, "[]")));
        fake.in_flight = 100;
        let answered = exchange_all(&mut Paced::new(&mut fake, MaxInFlight::new(most).unwrap()), requests(many));
        network(&mut fake);
        answered.iter().map(|answered| answered.outcome.as_ref().map_or(0, |response| response.status)).collect()
    }

    #[test]
    fn no_more_is_in_flight_than_the_setting_allows() {
        for most in [1, 3, 32] {
            let statuses = send(50, &[], most, |fake| assert_eq!(fake.together, [usize::from(most)]));
            assert!(statuses.len() == 50 && statuses.iter().all(|status| *status == 200));
        }
    }

    #[test]
    fn temporary_failures_are_retried_after_growing_pauses() {
        for fault in
            [json(500, "{}"), json(502, ""), json(503, ""), json(504, ""), Err(Lost::Closed), Err(Lost::Truncated)]
        {
            let statuses = send(1, &[fault.clone(), fault], 8, |fake| {
                assert_eq!(fake.sent.len(), 3);
                let [first, second] = fake.pauses.as_slice() else { panic!("{:?}", fake.pauses) };
                assert!((125..375).contains(first) && (250..750).contains(second), "{first} {second}");
            });
            assert_eq!(statuses, [200]);
        }
    }

    #[test]
    fn tries_are_bounded() {
        let cases =
            [(json(500, "{}"), 3, 500), (Err(Lost::Closed), 3, 0), (Err(Lost::TimedOut), 2, 0), (limited(&[]), 4, 429)];
        for (fault, tries, status) in cases {
            let faults: Vec<_> = (0..10).map(|_| fault.clone()).collect();
            assert_eq!(send(1, &faults, 8, |fake| assert_eq!(fake.sent.len(), tries, "{fault:?}")), [status]);
        }
    }

    #[test]
    fn spare_requests_are_not_retried_after_a_timeout() {
        for (fault, tries) in [
            (Err(Lost::TimedOut), 1),
            (Err(Lost::Truncated), 1),
            (json(504, ""), 1),
            (Err(Lost::Closed), 3),
            (json(500, "{}"), 3),
            (limited(&[]), 4),
        ] {
            let mut fake = Fake::new(|_| fault.clone());
            exchange_all(&mut Paced::new(&mut fake, MaxInFlight::DEFAULT), alloc::vec![Request::get("/known").spare()]);
            assert_eq!(fake.sent.len(), tries, "{fault:?}");
        }
    }

    #[test]
    fn permanent_failures_are_not_retried() {
        let lost = [
            Lost::Refused,
            Lost::NameNotFound,
            Lost::TlsUntrusted,
            Lost::Denied,
            Lost::TooLarge(5),
            Lost::Explained(Cause::TlsExpired, "x".into()),
            Lost::Explained(Cause::ProxyUnreachable, "x".into()),
            Lost::Other("x".into()),
        ];
        for fault in lost.map(Err).into_iter().chain([401, 403, 404, 413, 501, 302].map(|status| json(status, "{}"))) {
            send(1, &[fault], 8, |fake| assert_eq!((fake.sent.len(), fake.pauses.len()), (1, 0)));
        }
    }

    #[test]
    fn requests_that_fail_together_wait_together() {
        let faults: Vec<_> = (0..8).map(|_| limited(&[("retry-after", "2")])).collect();
        let statuses = send(20, &faults, 8, |fake| {
            assert_eq!((fake.sent.len(), fake.pauses.as_slice()), (28, [2_000].as_slice()));
            // Halved after the refusals, and one more for every clean round.
            assert!(fake.together == [8, 6], "{:?}", fake.together);
        });
        assert!(statuses.iter().all(|status| *status == 200));
    }

    #[test]
    fn after_a_long_wait_nothing_more_is_sent() {
        let statuses = send(200, &[limited(&[("retry-after", "60")])], 8, |fake| {
            assert!(fake.pauses.is_empty() && fake.sent.len() <= 8, "{}", fake.sent.len());
        });
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 7);
        assert!(statuses.iter().all(|status| matches!(status, 200 | 429)));
    }

    #[test]
    fn retries_are_not_sent_after_a_long_wait() {
        let an_hour = "Tue, 24 Nov 2026 16:25:29 GMT";
        let down = |wait: &str| {
            let mut answer = json(503, "{}").unwrap();
            answer.headers.push(("retry-after", wait.to_string()));
            Ok(answer)
        };
        let dated = |wait: &str| limited(&[("date", "Tue, 24 Nov 2026 15:25:29 GMT"), ("retry-after", wait)]);
        // The answers to the first two of 20 requests, and the wait that all further answers ask for.
        let cases = [
            ("a failure, then an hour", json(500, "{}"), limited(&[("retry-after", "3600")]), 3_600_000),
            ("two seconds, then an hour", limited(&[("retry-after", "2")]), dated(an_hour), 3_600_000),
            ("an hour, then two seconds", dated(an_hour), limited(&[("retry-after", "2")]), 3_600_000),
            ("an hour, then a failure", limited(&[("retry-after", "3600")]), json(500, "{}"), 3_600_000),
            ("a minute, then an hour", limited(&[("retry-after", "60")]), down("3600"), 3_600_000),
            ("an hour, then a minute", down("3600"), limited(&[("retry-after", "60")]), 3_600_000),
        ];
        for (name, first, second, wait_ms) in cases {
            let mut faults = [first, second].into_iter();
            let mut fake = Fake::new(|_| faults.next().unwrap_or_else(|| json(200, "[]")));
            let answered = exchange_all(&mut Paced::new(&mut fake, MaxInFlight::new(2).unwrap()), requests(20));
            assert!(fake.sent.len() <= 3 && fake.pauses.is_empty(), "{name}: {} {:?}", fake.sent.len(), fake.pauses);
            let waits = answered.iter().filter_map(|answered| retry_after_ms(answered.outcome.as_ref().unwrap()));
            assert_eq!(waits.max(), Some(wait_ms), "{name}");
            assert_eq!(answered.iter().filter(|answered| answered.outcome.as_ref().unwrap().status == 500).count(), 0);
        }
    }

    #[test]
    fn a_past_wait_or_a_mere_reset_causes_no_pause() {
        let past =
            limited(&[("date", "Tue, 24 Nov 2026 15:25:29 GMT"), ("retry-after", "Tue, 24 Nov 2026 15:25:19 GMT")]);
        let mut failed = json(503, "{}").unwrap();
        failed.headers.push(("x-ratelimit-reset", "3600".to_string()));
        for fault in [past, Ok(failed)] {
            let statuses = send(1, std::slice::from_ref(&fault), 8, |fake| {
                assert!(matches!(fake.pauses.as_slice(), [125..375]), "{fault:?} {:?}", fake.pauses);
            });
            assert_eq!(statuses, [200]);
        }
    }

    #[test]
    fn pauses_of_one_call_are_bounded() {
        let faults: Vec<_> = (0..100).map(|_| limited(&[("retry-after", "9")])).collect();
        let statuses = send(5, &faults, 1, |fake| assert_eq!(fake.pauses, [9_000, 9_000, 9_000]));
        assert_eq!(statuses, [429; 5]);
    }

    #[test]
    fn an_empty_bucket_gets_time_before_it_refuses() {
        let empty = || {
            let headers = [("x-ratelimit-remaining", "0"), ("x-ratelimit-limit", "10"), ("x-ratelimit-reset", "5")];
            let headers = headers.map(|(key, value)| (key, value.to_string())).into();
            Ok(Response { status: 200, headers, body: b"[]".to_vec(), took_ms: 1, redirect: None })
        };
        send(6, &[json(200, "[]"), empty()], 2, |fake| assert_eq!(fake.pauses, [1_000]));
        // After the last request there is no pause.
        send(1, &[empty()], 2, |fake| assert!(fake.pauses.is_empty()));
    }

    #[test]
    fn a_slow_server_gets_fewer_requests_at_once() {
        let slow = || Ok(Response { status: 200, body: b"[]".to_vec(), took_ms: SLOW_MS + 1, ..Response::default() });
        let mut fake = Fake::new(|_| slow());
        fake.in_flight = 100;
        let mut paced = Paced::new(&mut fake, MaxInFlight::new(8).unwrap());
        exchange_all(&mut paced, requests(40));
        assert_eq!(paced.pace.window, 1);
        exchange_all(&mut paced, requests(2));
        drop(paced);
        assert_eq!(fake.together, [8, 1]);
    }

    #[test]
    fn a_high_latency_server_gets_more_requests_while_it_takes_no_longer() {
        let taking = |ms: u32| Response { status: 200, body: b"[]".to_vec(), took_ms: ms, ..Response::default() };
        // Milliseconds until an answer begins, by the number of earlier requests, and the final window.
        let cases: [(&str, fn(usize) -> u32, usize); 5] = [
            ("far", |_| 20, 32),
            ("far, and a little slower at times", |n| if n % 4 == 0 { 45 } else { 20 }, 32),
            ("near", |_| FAR_MS - 1, 8),
            ("far, and slower with more", |n| if n > 8 { 35 } else { 20 }, 16),
            ("far, and soon overloaded", |n| if n > 30 { 200 } else { 20 }, 8),
        ];
        for (name, took_ms, expect) in cases {
            let mut sent = 0;
            let mut fake = Fake::new(|_| {
                sent += 1;
                Ok(taking(took_ms(sent)))
            });
            fake.in_flight = 100;
            let mut paced = Paced::new(&mut fake, MaxInFlight::DEFAULT);
            exchange_all(&mut paced, requests(200));
            let learnt = paced.learnt();
            assert_eq!(learnt.window, Some(expect), "{name}");
            assert_eq!(Paced::taught(&mut fake, MaxInFlight::DEFAULT, learnt).pace.window, expect, "{name}");
        }
        let mut fake = Fake::new(|_| Ok(taking(20)));
        fake.in_flight = 100;
        exchange_all(&mut Paced::new(&mut fake, MaxInFlight::new(8).unwrap()), requests(200));
        assert_eq!(fake.together, [8], "a setting is never exceeded");
    }
}
