//! What the check says about a listing.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use provider_sdk::http::Network;

use super::super::failure::Failure;
use super::super::listing::by_ids::{Outlook, Size, count_known, sees_strays};
use super::super::settings::{Settings, Way};

/// How a listing of so many accounts will go and how many requests it will take, as a sentence and as attributes.
///
/// # Errors
/// The server fails.
pub(super) fn of_listing(
    settings: &Settings,
    me: &str,
    (accounts, teams): (u32, u32),
    network: &mut dyn Network,
) -> Result<(String, Vec<(String, String)>), Failure> {
    let known = count_known(settings, me, accounts, network)?;
    let size = Size { accounts, known, teams, sees_strays: true };
    let mut outlook = Outlook::of(size, settings);
    // An account that knows everybody needs no other list.
    if outlook.way == Way::Ids && known.is_none_or(|known| known < accounts) && !sees_strays(settings, network)? {
        outlook = Outlook::of(Size { sees_strays: false, ..size }, settings);
    }
    let attributes = [("listed-by", outlook.way.id().to_string()), ("listing-requests", outlook.requests.to_string())];
    let attributes = attributes.into_iter().map(|(key, value)| (key.to_string(), value)).collect();
    Ok((sentence(accounts, known, outlook), attributes))
}

fn sentence(accounts: u32, known: Option<u32>, outlook: Outlook) -> String {
    let way = match outlook.way {
        Way::Ids => "by their ids",
        Way::Auto | Way::Pages => "in pages",
    };
    let mut text = format!(
        "the server counts {accounts} accounts; a listing reads them {way}, in about {} requests",
        outlook.requests
    );
    if let Some(requests) = outlook.if_known.filter(|requests| *requests < outlook.requests) {
        let known = known.unwrap_or_default();
        text.push_str(&format!(
            ". The token's account shares a channel with {known} of them, itself included; in a team with everybody, it would take about {requests} requests"
        ));
    }
    text
}
