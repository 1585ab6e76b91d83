//! One step of a listing, by ids or by pages.

use provider_sdk::http::Network;
use provider_sdk::pace::Paced;

use super::super::failure::{Failure, Meaning as _};
use super::super::settings::{Settings, Way};
use super::by_ids::{self, Stepped};
use super::by_pages;
use super::call::Reported;
use super::census::Census;
use super::cursor::Cursor;
use super::memory::Memory;
use super::notices::Findings;
use crate::contract::UserPage;

/// The smallest number of users that a step returns, even if the host asks for fewer: a page of `/users`. Requests for
/// a few users each would cost the server more than the users do.
const LEAST_AT_ONCE: u32 = 200;

/// Does one step of a listing, and paces its requests by what earlier steps have learnt of the server.
///
/// # Errors
/// Those of [`list_users`].
pub fn list_users_paced(
    settings: &Settings,
    cursor: Option<&str>,
    limit: u32,
    memory: &mut Memory,
    network: &mut dyn Network,
) -> Result<UserPage, Failure> {
    let mut paced = Paced::taught(network, settings.max_in_flight, memory.learnt);
    let limit = if limit == 0 { 0 } else { limit.max(LEAST_AT_ONCE) };
    let page = list_users(settings, cursor, limit, memory, &mut paced);
    memory.learnt = paced.learnt();
    page
}

/// Does one step of a listing.
///
/// # Errors
/// The cursor is stale, or the server sent nothing that the step could return. `memory` stays valid, so the same cursor
/// can be tried again.
pub fn list_users(
    settings: &Settings,
    cursor: Option<&str>,
    limit: u32,
    memory: &mut Memory,
    network: &mut dyn Network,
) -> Result<UserPage, Failure> {
    let (place, reported) = begin(settings, cursor, network)?;
    step(settings, place, &reported, limit, memory, network).map_err(|failure| failure.held_by(memory.named.holder()))
}

fn step(
    settings: &Settings,
    place: Place,
    reported: &Reported,
    limit: u32,
    memory: &mut Memory,
    network: &mut dyn Network,
) -> Result<UserPage, Failure> {
    let at = match place {
        Place::Pages(at) => at,
        Place::Ids(at) => match by_ids::step(settings, at, reported, limit, memory, network)? {
            Stepped::Page(page) => return Ok(page),
            Stepped::Pages(at) => *at,
        },
    };
    memory.kept = by_ids::Kept::nothing();
    by_pages::step(settings, at, reported, limit, memory, network)
}

/// Where a step begins.
enum Place {
    Ids(by_ids::Cursor),
    Pages(Cursor),
}

fn begin(settings: &Settings, cursor: Option<&str>, network: &mut dyn Network) -> Result<(Place, Reported), Failure> {
    let fingerprint = settings.fingerprint();
    let reported = |findings: &Findings| Reported { findings: findings.clone(), is_first: false };
    match cursor {
        None => {
            let census = Census::take(settings.bots, network)?;
            let now_ms = network.now_ms();
            // Only an account with an id of Mattermost's form can be in the lists of ids.
            let by_ids = |census: &Census| by_ids::Cursor::begin(fingerprint, now_ms, census.clone());
            let by_ids = if goes_by_ids(settings, &census) { by_ids(&census) } else { None };
            let place = by_ids.map_or_else(|| Place::Pages(Cursor::begin(fingerprint, now_ms, census)), Place::Ids);
            Ok((place, Reported { findings: Findings::default(), is_first: true }))
        }
        Some(text) if by_ids::Cursor::is_one(text) => {
            let at = by_ids::Cursor::decode(text, fingerprint)?;
            let reported = reported(&at.findings);
            Ok((Place::Ids(at), reported))
        }
        Some(text) => {
            let at = Cursor::decode(text, fingerprint)?;
            let reported = reported(&at.findings);
            Ok((Place::Pages(at), reported))
        }
    }
}

/// Whether to try a listing by ids. Without a count neither way proves anything, and pages come sooner. The report on
/// users needs the names on a page.
fn goes_by_ids(settings: &Settings, census: &Census) -> bool {
    match census.count.total {
        Some(total) if by_ids::may_go_by_ids(settings) => settings.way == Way::Ids || by_ids::is_worth(total, 0),
        Some(_) | None => false,
    }
}
