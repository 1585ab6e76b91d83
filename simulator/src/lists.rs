//! Lists that are found once and kept until somebody comes or goes: a page of a list must not cost what all accounts do.

use std::sync::OnceLock;

use crate::account::Kind;
use crate::roster::Roster;

/// Who is in which team, who is in none, and which accounts are programs.
#[derive(Debug)]
pub(crate) struct Lists {
    teams: Vec<TeamList>,
    /// Accounts in no team, by username.
    teamless: Vec<u32>,
    /// Programs, the oldest first, and then those whose account is gone.
    bots: Vec<u32>,
}

#[derive(Debug, Default)]
struct TeamList {
    /// Accounts by username.
    members: Vec<u32>,
    /// Memberships by id, those included whose account is gone.
    by_id: OnceLock<Vec<u32>>,
}

impl Lists {
    pub(crate) fn of(roster: &Roster, teams: u32) -> Self {
        let mut lists: Vec<TeamList> = (0..teams).map(|_| TeamList::default()).collect();
        let (mut teamless, mut bots) = (Vec::new(), Vec::new());
        for number in roster.all() {
            let own = roster.teams_of(number);
            if own.is_empty() {
                teamless.push(number);
            }
            for team in own {
                if let Some(list) = at(team).and_then(|at| lists.get_mut(at)) {
                    list.members.push(number);
                }
            }
            if roster.traits(number).kind == Kind::Bot {
                bots.push(number);
            }
        }
        bots.sort_by_key(|number| roster.create_at(*number));
        bots.extend(roster.orphan_bots());
        Self { teams: lists, teamless, bots }
    }

    /// The accounts of a team by username.
    pub(crate) fn members(&self, team: u32) -> &[u32] {
        self.team(team).map_or(&[], |list| &list.members)
    }

    /// The memberships of a team by id.
    pub(crate) fn by_id(&self, roster: &Roster, team: u32) -> &[u32] {
        let Some(list) = self.team(team) else { return &[] };
        list.by_id.get_or_init(|| {
            let numbers = list.members.iter().copied().chain(roster.orphans_in(team));
            let mut rows: Vec<(String, u32)> = numbers.map(|number| (roster.id(number), number)).collect();
            rows.sort_unstable();
            rows.into_iter().map(|(_, number)| number).collect()
        })
    }

    pub(crate) fn teamless(&self) -> &[u32] {
        &self.teamless
    }

    pub(crate) fn bots(&self) -> &[u32] {
        &self.bots
    }

    fn team(&self, team: u32) -> Option<&TeamList> {
        self.teams.get(at(team)?)
    }
}

fn at(number: u32) -> Option<usize> {
    usize::try_from(number).ok()
}
