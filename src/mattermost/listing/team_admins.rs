//! Who runs a team: one request for the teams and one for the administrators of each, several in flight.
//!
//! The user list does not tell, and there is no route for the whole server. The answer is kept for as long as the
//! instance goes on with the listing, and found again by a fresh one.

use alloc::collections::{BTreeMap, VecDeque};
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::super::api::{self, Answer, USERS_PER_PAGE};
use super::super::failure::Failure;
use super::super::http::{Answered, Network, Request, Ticket, Work, exchange};
use super::super::version::Version;
use super::super::wire::{Team, TeamMember, User};

/// Pages of 200 teams, archived ones among them, that are read at most; those beyond are not asked about, and that is
/// told.
const TEAM_PAGES_AT_MOST: u32 = 50;

/// Requests for who runs a team, in all; one for each team where the server can be asked for its administrators alone.
/// Where it cannot, teams of a million members fit, and a list that does not end is left.
const REQUESTS_AT_MOST: usize = 20_000;

/// The accounts that run a team, with the names of their teams, and what is still to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamAdmins {
    teams_of: BTreeMap<String, Vec<String>>,
    is_partial: bool,
    /// The next page of teams; none where all are known.
    teams_page: Option<u32>,
    open: VecDeque<Question>,
    requests: usize,
}

/// A page of those who run a team.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Question {
    id: String,
    name: String,
    page: u32,
    route: Route,
}

/// How a server is asked who runs a team.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    /// For its administrators alone.
    Administrators,
    /// For all of its members, each with its part: for servers that ignore the filter or refuse it.
    Members,
}

impl TeamAdmins {
    /// Nothing is known yet.
    #[must_use]
    pub const fn new() -> Self {
        Self { teams_of: BTreeMap::new(), is_partial: false, teams_page: Some(0), open: VecDeque::new(), requests: 0 }
    }

    /// Asks the server for what is not known yet. What the token may not see makes the answer partial and is no error.
    ///
    /// # Errors
    /// The server cannot be reached or does not answer as Mattermost does. What was found is kept, and the next call
    /// asks for the rest.
    pub fn find(&mut self, version: Option<Version>, network: &mut dyn Network) -> Result<(), Failure> {
        let by_filter = version.is_none_or(Version::filters_by_team_role);
        let route = if by_filter { Route::Administrators } else { Route::Members };
        while let Some(page) = self.teams_page {
            let [answered] = exchange(network, [api::teams(page)]);
            self.teams_page = self.take_teams(page, route, &answered)?;
        }
        let mut search = Search { admins: self, asked: Vec::new(), failed: None };
        network.run(&mut search);
        search.failed.map_or(Ok(()), Err)
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

    /// Notes the teams that are not archived and returns the next page. They are paged by a name that is not unique, so
    /// a team may come twice; that changes nothing.
    fn take_teams(&mut self, page: u32, route: Route, answered: &Answered) -> Result<Option<u32>, Failure> {
        let Some(answer) = Failure::unless_refused(Answer::of(answered))? else {
            self.is_partial = true;
            return Ok(None);
        };
        let rows = answer.rows::<Team<'_>>(USERS_PER_PAGE)?;
        for team in rows.rows.iter().filter(|team| team.delete_at.0 == 0 && is_id(team.id.as_str())) {
            let (id, name) = (team.id.as_str().to_string(), team.name.as_str().to_string());
            self.open.push_back(Question { id, name, page: 0, route });
        }
        if rows.sent() < USERS_PER_PAGE {
            return Ok(None);
        }
        self.is_partial |= page.saturating_add(1) >= TEAM_PAGES_AT_MOST;
        Ok((page.saturating_add(1) < TEAM_PAGES_AT_MOST).then(|| page.saturating_add(1)))
    }

    /// Notes a page of those who run a team; asks for the next page, or in the other way, where that is needed.
    fn take_answer(&mut self, question: &Question, answered: &Answered) -> Result<(), Failure> {
        let Some(answer) = Failure::unless_refused(Answer::of(answered))? else {
            match question.route {
                Route::Administrators => {
                    self.open.push_back(Question { route: Route::Members, page: 0, ..question.clone() });
                }
                Route::Members => self.is_partial = true,
            }
            return Ok(());
        };
        let sent = match question.route {
            Route::Administrators => {
                let rows = answer.rows::<User<'_>>(USERS_PER_PAGE)?;
                rows.rows.iter().for_each(|user| self.note(user.id.as_str(), &question.name));
                rows.sent()
            }
            Route::Members => {
                let rows = answer.rows::<TeamMember<'_>>(USERS_PER_PAGE)?;
                let admins = rows.rows.iter().filter(|member| is_admin(member));
                admins.for_each(|member| self.note(member.user_id.as_str(), &question.name));
                rows.sent()
            }
        };
        if sent >= USERS_PER_PAGE {
            self.open.push_back(Question { page: question.page.saturating_add(1), ..question.clone() });
        }
        Ok(())
    }

    fn note(&mut self, id: &str, team: &str) {
        if !is_id(id) {
            return;
        }
        let teams = self.teams_of.entry(id.to_string()).or_default();
        if let Err(place) = teams.binary_search_by(|known| known.as_str().cmp(team)) {
            teams.insert(place, team.to_string());
        }
    }
}

/// The questions about teams as work for the network: each answer is read when it comes, so that no more are held than
/// are in flight.
struct Search<'a> {
    admins: &'a mut TeamAdmins,
    asked: Vec<Option<Question>>,
    failed: Option<Failure>,
}

impl Work for Search<'_> {
    fn next(&mut self) -> Option<(Ticket, Request)> {
        if self.failed.is_some() {
            return None;
        }
        if self.admins.requests >= REQUESTS_AT_MOST {
            self.admins.is_partial |= !self.admins.open.is_empty();
            self.admins.open.clear();
        }
        let question = self.admins.open.pop_front()?;
        self.admins.requests = self.admins.requests.saturating_add(1);
        let request = question.request();
        self.asked.push(Some(question));
        Some((self.asked.len().saturating_sub(1), request))
    }

    fn arrived(&mut self, ticket: Ticket, answered: Answered) {
        let Some(question) = self.asked.get_mut(ticket).and_then(Option::take) else { return };
        if let Err(failure) = self.admins.take_answer(&question, &answered) {
            self.admins.open.push_front(question);
            self.failed.get_or_insert(failure);
        }
    }
}

impl Default for TeamAdmins {
    fn default() -> Self {
        Self::new()
    }
}

impl Question {
    fn request(&self) -> Request {
        match self.route {
            Route::Administrators => api::team_admins(&self.id, self.page),
            Route::Members => api::team_members(&self.id, self.page),
        }
    }
}

/// Rows of old servers have the role alone; custom schemes give the role another name, and then the flag tells.
fn is_admin(member: &TeamMember<'_>) -> bool {
    let has_role = || member.roles.as_str().split_ascii_whitespace().any(|role| role == "team_admin");
    member.delete_at.0 == 0 && (member.scheme_admin.0 || has_role())
}

/// Whether text may stand in a path as an id.
fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::super::super::code::Code;
    use super::super::super::fake::{Fake, json};
    use super::super::super::http::{Lost, Outcome};
    use super::*;
    use alloc::format;

    const FORBIDDEN: &str = r#"{"id":"api.context.permissions.app_error"}"#;

    fn user(n: u32) -> String {
        format!(r#"{{"id":"{n:026}","username":"user{n}"}}"#)
    }

    fn member(n: u32, more: &str) -> String {
        format!(r#"{{"team_id":"b","user_id":"{n:026}"{more}}}"#)
    }

    /// Teams `a` (users 1 and 2), `b` (user 2, and whatever `b` says), `big` (250 users) and an archived one.
    fn server(request: &Request, b: &Outcome) -> Outcome {
        let page = |n: u32| request.path.contains(&format!("page={n}&"));
        match request.path.as_str() {
            path if path.starts_with("/api/v4/teams?") => json(
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
            path if path.contains("teams/b/members") => {
                let rows = [
                    member(3, r#","scheme_admin":true,"roles":"k3jd8x""#),
                    member(4, r#","scheme_admin":false,"roles":"team_user team_admin""#),
                    member(5, r#","roles":"team_user""#),
                    member(6, r#","scheme_admin":true,"delete_at":7"#),
                ];
                json(200, format!("[{}]", rows.join(",")))
            }
            path if path.starts_with("/api/v4/teams/") => json(403, FORBIDDEN),
            path => panic!("unexpected {path}"),
        }
    }

    fn find(b: &Outcome) -> TeamAdmins {
        let mut found = TeamAdmins::new();
        found.find(Some(Version::new(11, 6)), &mut Fake::new(|request| server(request, b))).unwrap();
        found
    }

    fn of(found: &TeamAdmins, n: u32) -> String {
        found.of(&format!("{n:026}")).join(",")
    }

    #[test]
    fn administrators_of_every_live_team_are_found() {
        let found = find(&json(200, format!("[{}]", user(2))));
        assert_eq!([1, 2, 3].map(|n| of(&found, n)), ["alpha", "alpha,beta", ""]);
        assert_eq!([299, 300].map(|n| of(&found, n)), ["gamma", "gamma"]);
        assert!(!found.is_partial());
    }

    #[test]
    fn where_the_filter_is_refused_the_members_are_asked() {
        let found = find(&json(403, FORBIDDEN));
        assert_eq!([1, 2, 3, 4, 5, 6].map(|n| of(&found, n)), ["alpha", "alpha", "beta", "beta", "", ""]);
        assert!(!found.is_partial());
    }

    #[test]
    fn servers_that_ignore_the_filter_are_asked_for_members() {
        let mut found = TeamAdmins::new();
        let mut network = Fake::new(|request| server(request, &Err(Lost::Closed)));
        found.find(Some(Version::new(5, 25)), &mut network).unwrap();
        assert!(network.sent.iter().all(|request| !request.path.contains("in_team")));
        // Two of the three teams may not be read here.
        assert_eq!(([1, 3].map(|n| of(&found, n)), found.is_partial()), (["", "beta"].map(Into::into), true));
    }

    #[test]
    fn what_may_not_be_seen_is_partial() {
        let mut found = TeamAdmins::new();
        found.find(None, &mut Fake::new(|_| json(403, FORBIDDEN))).unwrap();
        assert!(found.is_partial() && found.teams_of.is_empty());
    }

    #[test]
    fn lists_that_do_not_end_are_left() {
        let archived: Vec<_> = (0..200).map(|n| format!(r#"{{"id":"a{n}","name":"old","delete_at":5}}"#)).collect();
        let teams = json(200, format!("[{}]", archived.join(",")));
        let mut found = TeamAdmins::new();
        let mut network = Fake::new(|_| teams.clone());
        found.find(None, &mut network).unwrap();
        assert_eq!((network.sent.len(), found.is_partial()), (50, true));

        let everybody = json(200, format!("[{}]", (0..200).map(user).collect::<Vec<_>>().join(",")));
        let mut found = TeamAdmins::new();
        let mut network = Fake::new(|request| {
            let is_list = request.path.starts_with("/api/v4/teams?");
            if is_list { json(200, r#"[{"id":"a","name":"alpha"}]"#) } else { everybody.clone() }
        });
        found.find(None, &mut network).unwrap();
        assert_eq!((network.sent.len(), found.is_partial()), (1 + REQUESTS_AT_MOST, true));
    }

    #[test]
    fn after_a_failure_only_the_rest_is_asked() {
        let mut found = TeamAdmins::new();
        let version = Some(Version::new(11, 6));
        let lost = Err(Lost::TimedOut);
        let failure = found.find(version, &mut Fake::new(|request| server(request, &lost))).unwrap_err();
        assert_eq!(failure.code, Code::TimedOut);
        let well = json(200, format!("[{}]", user(2)));
        let mut network = Fake::new(|request| server(request, &well));
        found.find(version, &mut network).unwrap();
        // The second page of the big team, which was not asked yet, and the team that failed.
        assert_eq!(network.sent.len(), 2);
        drop(network);
        assert!(found.teams_of == find(&well).teams_of && !found.is_partial());
    }
}
