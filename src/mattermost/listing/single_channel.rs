//! Which guests are in exactly one channel: from 11.6 on they take no seat of a licensed server. The report on users
//! shows who they are; the list of users does not.

use alloc::string::{String, ToString};

use hashbrown::HashSet;
use provider_sdk::hash::fnv1a;
use provider_sdk::http::{Answered, Request};

use super::super::api::{self, Answer, REPORT_ROWS_PER_PAGE};
use super::super::failure::{Failure, Meaning as _};
use super::super::wire::ReportRow;

/// The most pages of the report that are read: a million guests.
const PAGES_AT_MOST: u32 = 10_000;

/// The active guests of a single channel, as 64-bit fingerprints of their ids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SingleChannelGuests {
    ids: Option<HashSet<u64>>,
    state: State,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
enum State {
    /// Nothing was requested.
    #[default]
    Unasked,
    /// Name and id of the account after which the report goes on, both empty at its beginning, and the number of pages
    /// that were read.
    After(String, String, u32),
    /// All are known.
    Known,
    /// The token may not read the report, or the server has none.
    Hidden,
}

impl SingleChannelGuests {
    /// Nothing is known yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { ids: None, state: State::Unasked }
    }

    /// Whether the server was asked.
    #[must_use]
    pub fn is_asked(&self) -> bool {
        self.state != State::Unasked
    }

    /// The next request, one at a time; `None` if all is known, or nothing can be.
    #[must_use]
    pub fn ask(&self) -> Option<Request> {
        match &self.state {
            // Most servers have none, and counting them costs a large server far less than listing them.
            State::Unasked => Some(api::count_single_channel_guests()),
            State::After(name, id, _) => Some(api::single_channel_guests(name, id)),
            State::Known | State::Hidden => None,
        }
    }

    /// Takes the answer.
    ///
    /// # Errors
    /// The server cannot be reached or does not answer as Mattermost does. The same request is then to be sent again.
    pub fn take(&mut self, answered: &Answered) -> Result<(), Failure> {
        let pages = match self.state {
            State::Unasked => {
                self.state = match Failure::unless_refused(api::read_bare_count(answered))? {
                    Some(0) => State::Known,
                    Some(_) => State::After(String::new(), String::new(), 0),
                    None => State::Hidden,
                };
                return Ok(());
            }
            State::After(_, _, pages) => pages,
            State::Known | State::Hidden => return Ok(()),
        };
        let Some(answer) = Failure::unless_refused(Answer::of(answered))? else {
            self.state = State::Hidden;
            return Ok(());
        };
        let rows = answer.rows::<ReportRow<'_>>(REPORT_ROWS_PER_PAGE)?;
        let ids = self.ids.get_or_insert_default();
        let before = ids.len();
        ids.extend(rows.rows.iter().map(|row| fnv1a(row.id.as_str().as_bytes())));
        // A page without a new guest is also the end: the list repeats itself.
        let goes_on = rows.sent() >= REPORT_ROWS_PER_PAGE && ids.len() > before && pages < PAGES_AT_MOST;
        self.state = match rows.rows.last() {
            Some(last) if goes_on => {
                let (name, id) = (last.username.as_str().to_string(), last.id.as_str().to_string());
                State::After(name, id, pages.saturating_add(1))
            }
            _ => State::Known,
        };
        Ok(())
    }

    /// Whether a guest is in exactly one channel; `None` if that is not known.
    #[must_use]
    pub fn has(&self, id: &str) -> Option<bool> {
        let known = self.state == State::Known;
        known.then(|| self.ids.as_ref().is_some_and(|ids| ids.contains(&fnv1a(id.as_bytes()))))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::fake::{Fake, json};
    use super::*;
    use alloc::format;
    use alloc::vec::Vec;
    use provider_sdk::http::{Lost, exchange};

    fn page(from: u32, to: u32) -> String {
        let rows: Vec<_> = (from..to).map(|n| format!(r#"{{"id":"{n:026}","username":"g{n}"}}"#)).collect();
        format!("[{}]", rows.join(","))
    }

    fn server(request: &Request) -> provider_sdk::http::Outcome {
        let path = request.path.as_str();
        if path.contains("/count") {
            return json(200, "130");
        }
        assert!(path.contains("guest_filter=single_channel") && path.contains("hide_inactive=true"));
        if path.contains("from_column_value=g99&") { json(200, page(100, 130)) } else { json(200, page(0, 100)) }
    }

    fn find(guests: &mut SingleChannelGuests, network: &mut Fake<'_>) -> Result<(), Failure> {
        while let Some(request) = guests.ask() {
            let [answered] = exchange(network, [request]);
            guests.take(&answered)?;
        }
        Ok(())
    }

    #[test]
    fn guests_are_read_page_by_page() {
        let mut guests = SingleChannelGuests::new();
        assert_eq!(guests.has(&format!("{:026}", 5)), None);
        find(&mut guests, &mut Fake::new(server)).unwrap();
        assert_eq!([5, 129, 130].map(|n| guests.has(&format!("{n:026}"))), [Some(true), Some(true), Some(false)]);
    }

    #[test]
    fn a_refusal_leaves_it_unknown_and_a_failure_asks_again() {
        let mut guests = SingleChannelGuests::new();
        find(&mut guests, &mut Fake::new(|_| Err(Lost::Closed))).unwrap_err();
        find(&mut guests, &mut Fake::new(|_| json(403, r#"{"id":"api.context.permissions.app_error"}"#))).unwrap();
        assert_eq!(guests.has("x"), None);
        find(&mut guests, &mut Fake::new(|_| panic!("asked again"))).unwrap();
    }

    #[test]
    fn guests_are_not_listed_if_the_count_is_zero() {
        let mut guests = SingleChannelGuests::new();
        let mut network = Fake::new(|_| json(200, "0"));
        find(&mut guests, &mut network).unwrap();
        assert_eq!((network.sent.len(), guests.has("x")), (1, Some(false)));
    }

    #[test]
    fn reading_stops_if_the_report_does_not_end() {
        let mut guests = SingleChannelGuests::new();
        let mut network =
            Fake::new(
                |request| {
                    if request.path.contains("/count") { json(200, "130") } else { json(200, page(0, 100)) }
                },
            );
        find(&mut guests, &mut network).unwrap();
        assert_eq!(network.sent.len(), 3);
    }
}
