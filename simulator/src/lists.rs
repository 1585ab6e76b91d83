//! Lists that are found once and kept until somebody comes or goes: a page of a list must not cost what all accounts do.

use std::sync::OnceLock;

/// Who is in which team, who is in none, and which accounts are bots.
#[derive(Debug)]
pub(crate) struct Lists {
    teams: Vec<TeamList>,
    /// Accounts in no team, by username.
    teamless: Vec<u32>,
    /// Bots, the oldest first.
    bots: Vec<u32>,
}

#[derive(Debug, Default)]
struct TeamList {
    /// Accounts by username.
    members: Vec<u32>,
    /// Memberships whose account was removed.
    orphans: Vec<u32>,
    /// Both by id.
    by_id: OnceLock<Vec<u32>>,
}

/// An account, or what is left of one.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) number: u32,
    pub(crate) teams: Vec<u32>,
    /// When it was made, if it is a bot's.
    pub(crate) bot_since: Option<i64>,
}

impl Lists {
    /// Of the accounts by username, and of what is left of those that were removed.
    pub(crate) fn of(teams: u32, rows: impl Iterator<Item = Row>, orphans: impl Iterator<Item = Row>) -> Self {
        let mut lists: Vec<TeamList> = (0..teams).map(|_| TeamList::default()).collect();
        let (mut teamless, mut bots) = (Vec::new(), Vec::new());
        for (Row { number, teams, bot_since }, is_orphan) in
            rows.map(|row| (row, false)).chain(orphans.map(|row| (row, true)))
        {
            if teams.is_empty() && !is_orphan {
                teamless.push(number);
            }
            for list in teams.into_iter().filter_map(|team| usize::try_from(team).ok()) {
                let Some(list) = lists.get_mut(list) else { continue };
                if is_orphan { &mut list.orphans } else { &mut list.members }.push(number);
            }
            bots.extend(bot_since.map(|since| (since, number)));
        }
        bots.sort_by_key(|(since, _)| *since);
        Self { teams: lists, teamless, bots: bots.into_iter().map(|(_, number)| number).collect() }
    }

    /// The accounts of a team by username.
    pub(crate) fn members(&self, team: u32) -> &[u32] {
        self.team(team).map_or(&[], |list| &list.members)
    }

    /// The memberships of a team by id, those included whose account was removed.
    pub(crate) fn by_id(&self, team: u32, id: impl Fn(u32) -> String) -> &[u32] {
        let Some(list) = self.team(team) else { return &[] };
        list.by_id.get_or_init(|| {
            let numbers = list.members.iter().chain(&list.orphans);
            let mut rows: Vec<(String, u32)> = numbers.map(|number| (id(*number), *number)).collect();
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
        self.teams.get(usize::try_from(team).ok()?)
    }
}
