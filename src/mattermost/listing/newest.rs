//! The newest accounts, from the report on users, which does not have bots.

use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use provider_sdk::http::{Network, exchange};

use super::super::api::{self, Answer, REPORT_ROWS_PER_PAGE};
use super::super::failure::{Failure, Meaning as _};
use super::super::wire::User;

/// The most pages of the report that are read, and the number of known users that allow one page more. A page of the
/// report costs a server of 200,000 users a second, as long as six pages of the list.
const PAGES_AT_MOST: u32 = 10;
const USERS_A_PAGE: u32 = 10_000;

/// Accounts that the report shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Newest {
    /// The ids of all accounts created since.
    Since(Vec<String>),
    /// The token may not see it, or the server does not have it.
    Refused,
    /// There are so many that reading the report costs more than it saves.
    TooMany,
}

impl Newest {
    /// Finds the accounts other than bots that were created since `floor_ms`, given the number of known users.
    ///
    /// # Errors
    /// The server cannot be reached or does not answer as Mattermost does.
    pub fn since(floor_ms: i64, known: u32, network: &mut dyn Network) -> Result<Self, Failure> {
        let mut ids = Vec::new();
        let mut after: Option<(i64, String)> = None;
        for _ in 0..PAGES_AT_MOST.saturating_add(known / USERS_A_PAGE) {
            let request = api::newest(after.as_ref().map(|(ms, id)| (*ms, id.as_str())));
            let [answered] = exchange(network, [request]);
            let Some(answer) = Failure::unless_refused(Answer::of(&answered))? else { return Ok(Self::Refused) };
            let rows = answer.rows::<User<'_>>(REPORT_ROWS_PER_PAGE)?;
            let new = rows.rows.iter().filter(|row| row.create_at.0 >= floor_ms);
            ids.extend(new.map(|row| row.id.as_str().to_string()));
            match rows.rows.last() {
                Some(last) if rows.sent() >= REPORT_ROWS_PER_PAGE && last.create_at.0 >= floor_ms => {
                    after = Some((last.create_at.0, last.id.as_str().to_string()));
                }
                _ => return Ok(Self::Since(ids)),
            }
        }
        Ok(Self::TooMany)
    }
}
