//! How many users there are of each sort, for the summary of a listing.

use std::collections::BTreeMap;

use provider_host::model::{SeatUse, User};

use crate::output::words::{count, number};
use crate::select::{Answer, Times, idle, never_used};
use crate::span::Span;

/// How long a seat is unused before it counts as idle, unless the command line says otherwise.
pub(crate) const IDLE: Span = Span::days(90);

/// How many users there are of each status, role, kind and seat, and how many seats are idle.
#[derive(Default)]
pub(crate) struct Tally {
    status: BTreeMap<&'static str, u64>,
    role: BTreeMap<String, u64>,
    kind: BTreeMap<&'static str, u64>,
    seat: BTreeMap<&'static str, u64>,
    idle: Idle,
}

/// Occupied seats by their use.
#[derive(Default)]
struct Idle {
    seats: u64,
    idle: u64,
    never: u64,
    unknown: u64,
}

impl Tally {
    /// Counts a user. A seat is idle if its holder has not used it for the span.
    pub(crate) fn add(&mut self, user: &User, span: Span, times: &Times) {
        *self.status.entry(user.status.as_str()).or_default() += 1;
        match self.role.get_mut(&user.role) {
            Some(count) => *count += 1,
            None => drop(self.role.insert(user.role.clone(), 1)),
        }
        *self.kind.entry(user.kind.as_str()).or_default() += 1;
        *self.seat.entry(user.seat.as_str()).or_default() += 1;
        if user.seat == SeatUse::Occupied {
            self.idle.seats += 1;
            match idle(user, span, times) {
                Answer::Yes => {
                    self.idle.idle += 1;
                    self.idle.never += u64::from(never_used(user, times) == Answer::Yes);
                }
                Answer::Unknown => self.idle.unknown += 1,
                Answer::No => {}
            }
        }
    }

    /// The roles of the users.
    pub(crate) fn roles(&self) -> impl Iterator<Item = &str> {
        self.role.keys().map(String::as_str)
    }

    /// A line for each of status, role, kind and seat.
    pub(crate) fn lines(&self) -> Vec<String> {
        vec![line("status", &self.status), line("role", &self.role), line("kind", &self.kind), line("seat", &self.seat)]
    }

    /// A line for each of status, seat, and idle seats.
    pub(crate) fn summary(&self, span: Span) -> Vec<String> {
        let Idle { seats, idle, never, unknown } = self.idle;
        let mut text = format!("{} of {} not used for {span}", number(idle), count(seats, "occupied seat"));
        if never > 0 {
            text += &format!(", {} of them never", number(never));
        }
        if unknown > 0 {
            text += &format!("; not known for {}", number(unknown));
        }
        vec![line("status", &self.status), line("seat", &self.seat), format!("{:<8} {text}", "idle")]
    }
}

/// `status   812 active, 23 deactivated`, the most frequent first.
fn line<K: AsRef<str> + Ord>(title: &str, counts: &BTreeMap<K, u64>) -> String {
    let mut parts: Vec<(&str, u64)> = counts.iter().map(|(name, count)| (name.as_ref(), *count)).collect();
    parts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let parts: Vec<String> = parts.into_iter().map(|(name, count)| format!("{} {name}", number(count))).collect();
    format!("{title:<8} {}", if parts.is_empty() { "nobody".to_owned() } else { parts.join(", ") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::output::samples::{anna, bare};
    use provider_host::model::ActivityKnowledge;

    fn tally(users: &[User]) -> Tally {
        let (mut tally, times) = (Tally::default(), Times::at(clock::instant("2027-06-01").unwrap()));
        users.iter().for_each(|user| tally.add(user, Span::days(90), &times));
        tally
    }

    #[test]
    fn users_are_counted_with_the_most_frequent_first() {
        let tally = tally(&[bare(), anna(), anna()]);
        let expect = [
            "status   2 active, 1 deactivated",
            "role     2 system-admin, 1 member",
            "kind     2 member, 1 bot",
            "seat     2 occupied, 1 free",
        ];
        assert_eq!(tally.lines(), expect);
        assert_eq!(tally.roles().collect::<Vec<_>>(), ["member", "system-admin"]);
    }

    #[test]
    fn idle_seats_are_counted_apart_from_those_of_unknown_activity() {
        let never = User { activity: ActivityKnowledge::Never, last_activity_at: None, ..anna() };
        let hidden = User { activity: ActivityKnowledge::Unknown, last_activity_at: None, ..anna() };
        let fresh = User { last_activity_at: Some("2027-05-01T00:00:00.000Z".into()), ..anna() };
        let cases: [(&[User], [&str; 3]); 4] = [
            (&[], ["status   nobody", "seat     nobody", "idle     0 of 0 occupied seats not used for 90 days"]),
            (
                std::slice::from_ref(&fresh),
                ["status   1 active", "seat     1 occupied", "idle     0 of 1 occupied seat not used for 90 days"],
            ),
            (
                &[anna(), never, bare(), fresh.clone()],
                [
                    "status   3 active, 1 deactivated",
                    "seat     3 occupied, 1 free",
                    "idle     2 of 3 occupied seats not used for 90 days, 1 of them never",
                ],
            ),
            (
                &[hidden, fresh.clone()],
                [
                    "status   2 active",
                    "seat     2 occupied",
                    "idle     0 of 2 occupied seats not used for 90 days; not known for 1",
                ],
            ),
        ];
        for (users, expect) in cases {
            assert_eq!(tally(users).summary(Span::days(90)), expect);
        }
    }
}
