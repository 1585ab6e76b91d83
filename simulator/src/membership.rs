//! Who is in which team, as a server starts.

use std::fmt;
use std::str::FromStr;

use crate::account::{Kind, places};
use crate::chance::Chance;

/// The teams, and who is in them. By default every person is in one team, programs and accounts of connected servers are
/// in none, and there is one team for a hundred accounts.
///
/// As text it is a list by comma, of which each part may be left out:
/// `teams=6,main=everybody,second=20,teamless=5,callers=all,orphans=4,orphan-bots=2,apart`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memberships {
    /// How many teams there are, at least one; `None` means one for a hundred accounts, at least three and at most forty. The
    /// last of several is archived.
    pub teams: Option<u32>,
    /// Who is in the first team in addition to their own.
    pub main: MainTeam,
    /// Of a hundred people, how many are in a second team.
    pub second_percent: u8,
    /// Of a hundred people, how many are in no team at all.
    pub teamless_percent: u8,
    /// Which teams the administrator, the member and the two bots are in that own a token.
    pub callers: CallerTeams,
    /// How many memberships there are whose account was removed for good.
    pub orphans: u32,
    /// How many bots there are whose account was removed for good.
    pub orphan_bots: u32,
    /// Whether guests in one channel alone are in a channel of their own, so that nobody else knows them.
    pub guests_apart: bool,
}

/// Who is in the first team in addition to their own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MainTeam {
    /// Nobody.
    #[default]
    Nobody,
    /// Everybody but programs and accounts of connected servers.
    People,
    /// Everybody.
    Everybody,
}

/// Which teams an account that owns a token is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallerTeams {
    /// The ones that others of its sort are in.
    #[default]
    AsOthers,
    /// All of them.
    All,
    /// The first one.
    One,
    /// None.
    None,
}

impl Memberships {
    /// The teams of an account, in their order.
    pub(crate) fn of(&self, seed: u64, teams: u32, account: u32, kind: Kind) -> Vec<u32> {
        let asks = matches!(account, places::ADMIN | places::MEMBER | places::BOT | places::VIEWER_BOT);
        match self.callers {
            CallerTeams::All if asks => return (0..teams).collect(),
            CallerTeams::One if asks => return vec![0],
            CallerTeams::None if asks => return Vec::new(),
            CallerTeams::AsOthers | CallerTeams::All | CallerTeams::One | CallerTeams::None => {}
        }
        let is_person = matches!(kind, Kind::Member | Kind::SystemAdmin | Kind::Guest);
        let is_fixed = account < places::COUNT;
        let is_one_of = |salt, percent: u8| {
            percent > 0 && !is_fixed && Chance::of(seed, salt, account.into()).percent(percent.into())
        };
        if is_person && is_one_of(5, self.teamless_percent) {
            return Vec::new();
        }
        let mut found = Vec::new();
        if self.main == MainTeam::Everybody || (is_person && self.main == MainTeam::People) {
            found.push(0);
        }
        if is_person {
            found.push(own_team(teams, account));
            if is_one_of(6, self.second_percent) {
                found.push(own_team(teams, account / teams.max(1)));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// The team that a person is in first of all, and may run.
pub(crate) const fn own_team(teams: u32, account: u32) -> u32 {
    match account.checked_rem(teams) {
        Some(team) => team,
        None => 0,
    }
}

/// The error for text that does not describe memberships.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotMemberships;

impl fmt::Display for NotMemberships {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "memberships are a list by comma of teams=N, main=nobody|people|everybody, second=PERCENT, \
             teamless=PERCENT, callers=all|one|none, orphans=N, orphan-bots=N and apart",
        )
    }
}

impl std::error::Error for NotMemberships {}

impl FromStr for Memberships {
    type Err = NotMemberships;

    fn from_str(text: &str) -> Result<Self, NotMemberships> {
        let mut made = Self::default();
        for part in text.split(',') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let number = || value.parse::<u32>().map_err(|_| NotMemberships);
            let percent = || value.parse::<u8>().ok().filter(|percent| *percent <= 100).ok_or(NotMemberships);
            match (name, value) {
                ("teams", _) => made.teams = Some(number()?.max(1)),
                ("main", "nobody") => made.main = MainTeam::Nobody,
                ("main", "people") => made.main = MainTeam::People,
                ("main", "everybody") => made.main = MainTeam::Everybody,
                ("second", _) => made.second_percent = percent()?,
                ("teamless", _) => made.teamless_percent = percent()?,
                ("callers", "all") => made.callers = CallerTeams::All,
                ("callers", "one") => made.callers = CallerTeams::One,
                ("callers", "none") => made.callers = CallerTeams::None,
                ("orphans", _) => made.orphans = number()?,
                ("orphan-bots", _) => made.orphan_bots = number()?,
                ("apart", "") => made.guests_apart = true,
                _ => return Err(NotMemberships),
            }
        }
        Ok(made)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memberships_are_read_from_text() {
        let all: Memberships =
            "teams=6,main=everybody,second=20,teamless=5,callers=all,orphans=4,orphan-bots=2,apart".parse().unwrap();
        let expect = Memberships {
            teams: Some(6),
            main: MainTeam::Everybody,
            second_percent: 20,
            teamless_percent: 5,
            callers: CallerTeams::All,
            orphans: 4,
            orphan_bots: 2,
            guests_apart: true,
        };
        assert_eq!(all, expect);
        for (text, callers) in [("callers=one", CallerTeams::One), ("callers=none", CallerTeams::None)] {
            assert_eq!(text.parse(), Ok(Memberships { callers, ..Memberships::default() }), "{text}");
        }
        for text in ["", "teams", "teams=x", "second=101", "main=all", "callers=", "apart=1", "x=1", "orphans=-1"] {
            assert_eq!(text.parse::<Memberships>(), Err(NotMemberships), "{text}");
        }
    }

    #[test]
    fn by_default_a_person_is_in_one_team_and_a_program_in_none() {
        let memberships = Memberships::default();
        for (kind, expect) in [
            (Kind::Member, vec![3]),
            (Kind::SystemAdmin, vec![3]),
            (Kind::Guest, vec![3]),
            (Kind::Bot, vec![]),
            (Kind::Remote, vec![]),
        ] {
            assert_eq!(memberships.of(1, 10, 123, kind), expect, "{kind:?}");
        }
    }

    #[test]
    fn the_owners_of_tokens_are_where_they_are_put() {
        for (callers, expect) in
            [(CallerTeams::All, vec![0, 1, 2, 3]), (CallerTeams::One, vec![0]), (CallerTeams::None, vec![])]
        {
            let memberships = Memberships { callers, main: MainTeam::Everybody, ..Memberships::default() };
            for (account, kind) in [
                (places::ADMIN, Kind::SystemAdmin),
                (places::MEMBER, Kind::Member),
                (places::BOT, Kind::Bot),
                (places::VIEWER_BOT, Kind::Bot),
            ] {
                assert_eq!(memberships.of(1, 4, account, kind), expect, "{callers:?} {account}");
            }
            assert_eq!(memberships.of(1, 4, 9, Kind::Member), [0, 1], "{callers:?}");
            assert_eq!(memberships.of(1, 4, 9, Kind::Bot), [0], "{callers:?}");
        }
    }

    #[test]
    fn as_many_of_a_hundred_have_a_second_team_or_none_as_was_asked_for() {
        let memberships = Memberships { second_percent: 20, teamless_percent: 10, ..Memberships::default() };
        let of = |wanted: usize| (100..10_100).filter(move |n| memberships.of(1, 40, *n, Kind::Member).len() == wanted);
        assert!((800..1_200).contains(&of(0).count()), "{}", of(0).count());
        assert!((1_500..2_100).contains(&of(2).count()), "{}", of(2).count());
    }
}
