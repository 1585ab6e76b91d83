//! Denied requests in the log: a guest may repeat a request without end, and the log must not grow with that.

use std::mem;

use crate::audit::Entry;

/// Different denials of one session that are counted separately. Further ones are counted together, without what a guest chose.
const KEPT: usize = 32;

/// Denied requests of one session, by what they asked for.
#[derive(Debug, Default)]
pub(crate) struct Repeats {
    kept: Vec<Repeat>,
}

/// The same denial, so many times.
#[derive(Debug)]
struct Repeat {
    /// Of the last one; `times` and the bytes are those since the last line.
    entry: Entry,
    all: u64,
}

impl Repeats {
    /// Takes a denial. Returns a line for the first, the tenth, the hundredth and so on, each with the number of requests
    /// that no earlier line counts.
    pub(crate) fn add(&mut self, entry: Entry) -> Option<Entry> {
        let place = match self.kept.iter().position(|known| is_same(&known.entry, &entry)) {
            Some(place) => place,
            None if self.kept.len() < KEPT => self.begin(entry.clone()),
            None => {
                let rest = anonymous(&entry);
                let known = self.kept.iter().position(|known| is_same(&known.entry, &rest));
                known.unwrap_or_else(|| self.begin(rest))
            }
        };
        let repeat = self.kept.get_mut(place)?;
        let known = &mut repeat.entry;
        (known.when, known.duration) = (entry.when, entry.duration);
        known.times = known.times.saturating_add(1);
        known.request_bytes = known.request_bytes.saturating_add(entry.request_bytes);
        known.response_bytes = known.response_bytes.saturating_add(entry.response_bytes);
        repeat.all = repeat.all.saturating_add(1);
        is_power_of_ten(repeat.all).then(|| line(known))
    }

    /// The lines for the denials that no line counts yet.
    pub(crate) fn rest(&mut self) -> impl Iterator<Item = Entry> {
        self.kept.iter_mut().filter(|repeat| repeat.entry.times > 0).map(|repeat| line(&mut repeat.entry))
    }

    fn begin(&mut self, entry: Entry) -> usize {
        let entry = Entry { times: 0, request_bytes: 0, response_bytes: 0, ..entry };
        self.kept.push(Repeat { entry, all: 0 });
        self.kept.len().saturating_sub(1)
    }
}

/// An entry for those since the last line, which ends with it.
fn line(known: &mut Entry) -> Entry {
    let line = known.clone();
    for count in [&mut known.times, &mut known.request_bytes, &mut known.response_bytes] {
        mem::take(count);
    }
    line
}

/// What is kept of a denial if there are too many kinds of them: its code.
fn anonymous(entry: &Entry) -> Entry {
    Entry { method: "OTHER".to_owned(), origin: String::new(), path: String::new(), ..entry.clone() }
}

fn is_same(one: &Entry, other: &Entry) -> bool {
    one.outcome == other.outcome && one.method == other.method && one.path == other.path && one.origin == other.origin
}

const fn is_power_of_ten(mut number: u64) -> bool {
    while number >= 10 && number.is_multiple_of(10) {
        number /= 10;
    }
    number == 1
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, SystemTime};

    use super::*;
    use crate::audit::Outcome;

    fn denied(path: &str) -> Entry {
        Entry {
            when: SystemTime::UNIX_EPOCH,
            tenant: "acme".to_owned(),
            provider: "p".to_owned(),
            version: "1".to_owned(),
            method: "GET".to_owned(),
            origin: "https://a.example:443".to_owned(),
            path: path.to_owned(),
            outcome: Outcome::Denied { code: "request-not-described" },
            times: 1,
            request_bytes: 3,
            response_bytes: 0,
            duration: Duration::ZERO,
        }
    }

    #[test]
    fn a_denial_is_written_with_its_number_and_less_and_less_often() {
        let mut repeats = Repeats::default();
        let lines: Vec<_> = (0..1_234).filter_map(|_| repeats.add(denied("/x"))).collect();
        let counts = |lines: &[Entry]| lines.iter().map(|line| (line.times, line.request_bytes)).collect::<Vec<_>>();
        assert_eq!(counts(&lines), [(1, 3), (9, 27), (90, 270), (900, 2_700)]);
        assert_eq!(counts(&repeats.rest().collect::<Vec<_>>()), [(234, 702)]);
        assert_eq!(repeats.rest().count(), 0);
    }

    #[test]
    fn denials_of_many_kinds_take_no_more_room_than_a_few() {
        let mut repeats = Repeats::default();
        let lines: Vec<_> = (0..10_000).filter_map(|n| repeats.add(denied(&format!("/{n}")))).collect();
        assert_eq!((repeats.kept.len(), lines.len()), (KEPT + 1, KEPT + 4));
        let rest: Vec<_> = repeats.rest().collect();
        assert_eq!((rest.len(), rest[0].method.as_str(), rest[0].path.as_str()), (1, "OTHER", ""));
        let all: u64 = lines.iter().chain(&rest).map(|line| line.times).sum();
        assert_eq!(all, 10_000, "each request is in one line");
    }
}
