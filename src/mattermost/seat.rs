//! Which accounts take a seat, by the server's own rule.

use super::edition::Edition;
use super::version::Version;
use crate::contract::SeatUse;

/// The rule of one server. Mattermost counts the active accounts that are neither bots nor remote
/// (`Count(UserCountOptions{})` in server/channels/app); this module has what changed with its versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatRule {
    remote: SeatUse,
    guest: SeatUse,
}

/// The kind of account, as far as the rule depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occupant {
    /// An account that cannot sign in.
    Deactivated,
    /// A bot.
    Bot,
    /// An account of a connected server.
    Remote,
    /// A guest.
    Guest,
    /// Anybody else.
    Member,
}

impl SeatRule {
    /// The rule of a server of this version that runs this edition.
    #[must_use]
    pub fn of(version: Option<Version>, edition: Edition) -> Self {
        // Accounts of connected servers were counted before about 7.10; the release that changed it is not known to
        // the minor version.
        let remote = match version {
            Some(version) if version < Version::new(7, 10) => SeatUse::Occupied,
            Some(version) if version < Version::new(8, 0) => SeatUse::Unknown,
            _ => SeatUse::Free,
        };
        // A list of users does not show which guests a server leaves out. Entry is not among the licences that do so.
        let counts_guests_apart = version.is_none_or(Version::counts_guests_apart);
        let guest = match edition {
            Edition::Free | Edition::Entry => SeatUse::Occupied,
            Edition::Professional
            | Edition::Enterprise
            | Edition::EnterpriseAdvanced
            | Edition::E10
            | Edition::E20
            | Edition::Starter
            | Edition::Other
            | Edition::Unknown => {
                if counts_guests_apart {
                    SeatUse::Unknown
                } else {
                    SeatUse::Occupied
                }
            }
        };
        Self { remote, guest }
    }

    /// Whether it matters which guests are in a single channel.
    #[must_use]
    pub const fn asks_for_single_channel_guests(self) -> bool {
        matches!(self.guest, SeatUse::Unknown)
    }

    /// Whether such an account takes a seat. `is_in_one_channel` is for guests; `None` if that is not known.
    #[must_use]
    pub const fn seat(self, occupant: Occupant, is_in_one_channel: Option<bool>) -> SeatUse {
        match (occupant, self.guest, is_in_one_channel) {
            (Occupant::Deactivated | Occupant::Bot, _, _) => SeatUse::Free,
            (Occupant::Remote, _, _) => self.remote,
            (Occupant::Guest, SeatUse::Unknown, Some(true)) => SeatUse::Free,
            (Occupant::Guest, SeatUse::Unknown, Some(false)) | (Occupant::Member, _, _) => SeatUse::Occupied,
            (Occupant::Guest, guest, _) => guest,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_follow_the_version_and_the_edition() {
        use SeatUse::{Free, Occupied, Unknown};
        let v = |major, minor| Some(Version::new(major, minor));
        let cases = [
            (v(5, 37), Edition::E20, Occupied, Occupied),
            (v(7, 6), Edition::Free, Occupied, Occupied),
            (v(7, 10), Edition::Professional, Unknown, Occupied),
            (v(9, 11), Edition::Enterprise, Free, Occupied),
            (v(11, 5), Edition::Enterprise, Free, Occupied),
            (v(11, 6), Edition::Enterprise, Free, Unknown),
            (v(11, 6), Edition::Entry, Free, Occupied),
            (v(11, 6), Edition::Free, Free, Occupied),
            (None, Edition::Other, Free, Unknown),
        ];
        for (version, edition, remote, guest) in cases {
            let rule = SeatRule::of(version, edition);
            let name = std::format!("{version:?} {edition:?}");
            assert_eq!(rule.seat(Occupant::Remote, None), remote, "remote on {name}");
            assert_eq!(rule.seat(Occupant::Guest, None), guest, "guest on {name}");
            assert_eq!(rule.seat(Occupant::Member, None), Occupied, "member on {name}");
            let apart = guest == Unknown;
            assert_eq!(rule.asks_for_single_channel_guests(), apart, "{name}");
            let single = rule.seat(Occupant::Guest, Some(true));
            assert_eq!(single, if apart { Free } else { Occupied }, "guest of one channel on {name}");
            assert_eq!(rule.seat(Occupant::Guest, Some(false)), Occupied, "guest of many channels on {name}");
            assert_eq!(rule.seat(Occupant::Bot, None), Free, "bot on {name}");
            assert_eq!(rule.seat(Occupant::Deactivated, None), Free, "deactivated on {name}");
        }
    }
}
