//! Who runs a team: one request for the teams and one for the administrators of each, several in flight.
//!
//! The user list does not tell, and there is no route for the whole server. The answer is kept for as long as the
//! instance goes on with the listing, and found again by a fresh one.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::super::api::{self, Answer, USERS_PER_PAGE};
use super::super::failure::Failure;
use super::super::http::{Network, exchange};
use super::super::version::Version;
use super::super::wire::{Team, User};

/// Servers have at most so many teams here; those beyond are not asked about, and that is told.
const TEAMS_AT_MOST: usize = 10_000;

/// The accounts that run a team, with the names of their teams.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TeamAdmins {
    teams_of: BTreeMap<String, Vec<String>>,
    is_partial: bool,
}

impl TeamAdmins {
    /// Asks the server. What the token may not see makes the answer partial and is no error.
    ///
    /// # Errors
    /// The server cannot be reached or does not answer as Mattermost does.
    pub fn find(version: Option<Version>, network: &mut dyn Network) -> Result<Self, Failure> {
        // Older servers ignore the filter by role, and would make an administrator of every member.
        if version.is_some_and(|version| version < Version::new(5, 26)) {
            return Ok(Self { is_partial: true, ..Self::default() });
        }
        let mut found = Self::default();
        let teams = found.teams(network)?;
        found.is_partial |= teams.len() > TEAMS_AT_MOST;
        let mut open: Vec<(&(String, String), u32)> = teams.iter().take(TEAMS_AT_MOST).map(|team| (team, 0)).collect();
        while !open.is_empty() {
            open = found.administrators(network, &open)?;
        }
        for teams in found.teams_of.values_mut() {
            teams.sort();
            teams.dedup();
        }
        Ok(found)
    }

    /// The names of the teams that an account runs, sorted; none for most.
    #[must_use]
    pub fn of(&self, id: &str) -> &[String] {
        self.teams_of.get(id).map_or(&[], Vec::as_slice)
    }

    /// Whether there may be more.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// Ids and names of the teams that are not archived. They are paged by a name that is not unique, so a team may come
    /// twice; that changes nothing.
    fn teams(&mut self, network: &mut dyn Network) -> Result<Vec<(String, String)>, Failure> {
        let mut teams = Vec::new();
        let mut page = 0;
        loop {
            let request = api::teams(page);
            let outcomes = exchange(network, [request.clone()].into());
            let Some(outcome) = outcomes.first() else { return Ok(teams) };
            let answer = match Answer::of(&request, outcome) {
                Ok(answer) => answer,
                Err(failure) if failure.is_refusal() => {
                    self.is_partial = true;
                    return Ok(teams);
                }
                Err(failure) => return Err(failure),
            };
            let rows = answer.rows::<Team<'_>>()?;
            let live = rows.rows.iter().filter(|team| team.delete_at.0 == 0 && is_id(team.id.as_str()));
            teams.extend(live.map(|team| (team.id.as_str().to_string(), team.name.as_str().to_string())));
            page += 1;
            if rows.sent() < USERS_PER_PAGE || teams.len() > TEAMS_AT_MOST {
                return Ok(teams);
            }
        }
    }

    /// Asks for a page of the administrators of each team; returns the teams that have more.
    fn administrators<'a>(
        &mut self,
        network: &mut dyn Network,
        open: &[(&'a (String, String), u32)],
    ) -> Result<Vec<(&'a (String, String), u32)>, Failure> {
        let requests: Vec<_> = open.iter().map(|((id, _), page)| api::team_admins(id, *page)).collect();
        let outcomes = exchange(network, requests.clone());
        let mut more = Vec::new();
        for (((team, page), request), outcome) in open.iter().zip(&requests).zip(&outcomes) {
            let answer = match Answer::of(request, outcome) {
                Ok(answer) => answer,
                Err(failure) if failure.is_refusal() => {
                    self.is_partial = true;
                    continue;
                }
                Err(failure) => return Err(failure),
            };
            let rows = answer.rows::<User<'_>>()?;
            for user in rows.rows.iter().filter(|user| is_id(user.id.as_str())) {
                self.teams_of.entry(user.id.as_str().to_string()).or_default().push(team.1.clone());
            }
            if rows.sent() >= USERS_PER_PAGE {
                more.push((*team, page.saturating_add(1)));
            }
        }
        Ok(more)
    }
}

/// Whether text may stand in a path as an id.
fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::super::super::code::Code;
    use super::super::super::fake::{Fake, json};
    use super::super::super::http::{Lost, Outcome, Request};
    use super::*;
    use alloc::format;

    const FORBIDDEN: &str = r#"{"id":"api.context.permissions.app_error"}"#;

    fn user(n: u32) -> String {
        format!(r#"{{"id":"{n:026}","username":"user{n}"}}"#)
    }

    /// Teams `a` (users 1 and 2), `b` (user 2, and whatever `b` says), `big` (250 users) and an archived one.
    fn server(request: &Request, b: &Outcome) -> Outcome {
        let page = |n: u32| request.path.contains(&format!("page={n}&"));
        match request.path.as_str() {
            path if path.starts_with("/api/v4/teams") => json(
                200,
                r#"[{"id":"a","name":"alpha","delete_at":0},{"id":"b","name":"beta"},{"id":"big","name":"gamma"},
                    {"id":"x","name":"old","delete_at":5},{"id":"../users","name":"evil"}]"#,
            ),
            path if path.contains("in_team=a&") => json(200, format!("[{},{}]", user(1), user(2))),
            path if path.contains("in_team=b&") => b.clone(),
            path if path.contains("in_team=big&") && page(0) => {
                json(200, format!("[{}]", (100..300).map(user).collect::<Vec<_>>().join(",")))
            }
            path if path.contains("in_team=big&") && page(1) => json(200, format!("[{}]", user(300))),
            path => panic!("unexpected {path}"),
        }
    }

    fn find(b: &Outcome) -> Result<TeamAdmins, Failure> {
        TeamAdmins::find(Some(Version::new(11, 6)), &mut Fake::new(|request| server(request, b)))
    }

    #[test]
    fn administrators_of_every_live_team_are_found() {
        let found = find(&json(200, format!("[{}]", user(2)))).unwrap();
        let of = |n: u32| found.of(&format!("{n:026}")).join(",");
        assert_eq!((of(1).as_str(), of(2).as_str(), of(3).as_str()), ("alpha", "alpha,beta", ""));
        assert_eq!((of(299).as_str(), of(300).as_str(), found.is_partial()), ("gamma", "gamma", false));
    }

    #[test]
    fn what_may_not_be_seen_is_partial_and_other_failures_are_told() {
        let found = find(&json(403, FORBIDDEN)).unwrap();
        assert!(found.is_partial() && found.of(&format!("{:026}", 1)) == ["alpha"]);
        assert_eq!(find(&Err(Lost::TimedOut)).unwrap_err().code, Code::TimedOut);
        let none = TeamAdmins::find(None, &mut Fake::new(|_| json(403, FORBIDDEN))).unwrap();
        assert!(none.is_partial() && none.teams_of.is_empty());
    }

    #[test]
    fn servers_that_ignore_the_filter_are_not_asked() {
        let mut network = Fake::new(|request| panic!("asked {}", request.path));
        assert!(TeamAdmins::find(Some(Version::new(5, 25)), &mut network).unwrap().is_partial());
    }
}
