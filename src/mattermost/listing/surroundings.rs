//! What is known of accounts beside the list: who runs a team, and which guests are in a single channel.

use super::super::code::NoticeCode;
use super::super::failure::Failure;
use super::super::http::Network;
use super::super::record::Around;
use super::super::seat::SeatRule;
use super::super::version::Version;
use super::notices::Findings;
use super::single_channel::SingleChannelGuests;
use super::team_admins::TeamAdmins;

/// Found once for each instance, and kept for as long as it goes on with the same listing.
#[derive(Clone, Debug, Default)]
pub struct Surroundings {
    team_admins: TeamAdmins,
    guests: SingleChannelGuests,
}

impl Surroundings {
    /// Nothing is known yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { team_admins: TeamAdmins::new(), guests: SingleChannelGuests::new() }
    }

    /// Finds out what is not known yet, and tells what is hidden.
    ///
    /// # Errors
    /// The server fails; what was found is kept.
    pub fn find(
        &mut self,
        version: Option<Version>,
        seats: SeatRule,
        findings: &mut Findings,
        network: &mut dyn Network,
    ) -> Result<(), Failure> {
        self.team_admins.find(version, network)?;
        if self.team_admins.is_partial() {
            findings.raise(NoticeCode::TeamAdminsHidden);
        }
        if seats.asks_for_single_channel_guests() {
            self.guests.find(network)?;
        }
        Ok(())
    }

    /// What is known of an account.
    #[must_use]
    pub fn of(&self, id: &str) -> Around<'_> {
        Around { runs: self.team_admins.of(id), is_in_one_channel: self.guests.has(id) }
    }
}
