//! Finds who runs a team: one request for the teams and one for the administrators of each, several in flight.
//!
//! The list of users does not show it, and Mattermost has no route for the whole server. An instance keeps the answer
//! for as long as it goes on with the listing; a fresh one asks again. A sync may ask about the teams that are due alone
//! (`due.rs`); for the others the known records say who runs them.

use alloc::collections::VecDeque;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use provider_sdk::hash::fnv1a;
use provider_sdk::http::{Answered, Request};

use super::super::api::{self, Answer, USERS_PER_PAGE};
use super::super::due::Due;
use super::super::failure::{Failure, Meaning as _};
use super::super::version::Version;
use super::super::wire::{Team, TeamMember, User};

/// The most pages of 200 teams that are read, archived ones included. If there are more, a notice reports that the rest
/// was not asked about.
const TEAM_PAGES_AT_MOST: u32 = 50;

/// The most requests for who runs a team, in all. A server that can list the administrators alone takes one for each
/// team. If it cannot, this is enough for teams of a million members, and stops a list that does not end.
const REQUESTS_AT_MOST: usize = 20_000;

/// The accounts that run a team, with the names of their teams, and the requests that are still open.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TeamAdmins {
    /// Teams that are not archived.
    teams: Vec<Named>,
    /// Which of them are asked about.
    due: Due,
    /// The places of the teams that are not asked about, in the order of their names.
    unasked: Vec<u32>,
    /// Fingerprints of ids with the place of a team that the account runs. Of a million accounts some thirty thousand
    /// may run one, so these pairs hold neither id nor name.
    pairs: Vec<(u64, u32)>,
    /// Whether the pairs are in order.
    is_sorted: bool,
    is_partial: bool,
    /// Whether the list has a team that not everybody may join.
    has_private: bool,
    /// Whether the first page of teams was requested.
    has_begun: bool,
    open: VecDeque<Question>,
    requests: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Named {
    id: String,
    name: String,
    /// Whether it is asked who runs it.
    is_asked: bool,
}

/// A request about teams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// For a page of teams.
    Teams {
        /// From 0.
        page: u32,
    },
    /// For a page of those who run a team.
    Of {
        /// The place of the team.
        team: u32,
        /// From 0.
        page: u32,
        /// By which route.
        route: Route,
    },
}

/// How a server is asked who runs a team.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// For its administrators alone.
    Administrators,
    /// For all of its members, each with its part: for servers that ignore the filter or refuse it.
    Members,
}

impl Route {
    /// The cheapest way that a server of this version knows.
    fn of(version: Option<Version>) -> Self {
        if version.is_none_or(Version::filters_by_team_role) { Self::Administrators } else { Self::Members }
    }
}

impl TeamAdmins {
    /// Nothing is known yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            teams: Vec::new(),
            due: Due::Everything,
            unasked: Vec::new(),
            pairs: Vec::new(),
            is_sorted: true,
            is_partial: false,
            has_private: false,
            has_begun: false,
            open: VecDeque::new(),
            requests: 0,
        }
    }

    /// Asks about the teams that are due, beside those that are asked about already.
    pub fn ask_about(&mut self, due: Due, version: Option<Version>) {
        self.due = due;
        let route = Route::of(version);
        for (place, team) in (0_u32..).zip(&mut self.teams) {
            if !team.is_asked && due.has(&team.id) {
                team.is_asked = true;
                self.open.push_back(Question::Of { team: place, page: 0, route });
            }
        }
    }

    /// The next request; `None` if all is known or the rest waits for answers.
    pub fn ask(&mut self) -> Option<(Question, Request)> {
        if !self.has_begun {
            self.has_begun = true;
            self.open.push_back(Question::Teams { page: 0 });
        }
        if self.requests >= REQUESTS_AT_MOST {
            self.is_partial |= !self.open.is_empty();
            self.open.clear();
        }
        loop {
            let question = self.open.pop_front()?;
            let request = match question {
                Question::Teams { page } => api::teams(page),
                Question::Of { team, page, route } => {
                    let Some(team) = self.team(team) else { continue };
                    let request = match route {
                        Route::Administrators => api::team_admins(&team.id, page),
                        Route::Members => api::team_members(&team.id, page),
                    };
                    self.requests = self.requests.saturating_add(1);
                    request
                }
            };
            return Some((question, request));
        }
    }

    /// Takes the answer to a request for the first page of teams that was sent already. If it is not a list, the page
    /// is requested again.
    pub fn begin_with(&mut self, version: Option<Version>, answered: &Answered) {
        self.has_begun = true;
        let _ = self.take(Question::Teams { page: 0 }, version, answered);
    }

    /// Takes an answer. A refusal makes the result partial; it is not an error.
    ///
    /// # Errors
    /// The server cannot be reached or does not answer as Mattermost does. The request is then to be sent again.
    pub fn take(&mut self, question: Question, version: Option<Version>, answered: &Answered) -> Result<(), Failure> {
        let taken = match question {
            Question::Teams { page } => self.take_teams(page, Route::of(version), answered),
            Question::Of { team, page, route } => self.take_admins(team, page, route, answered),
        };
        if taken.is_err() {
            self.open.push_front(question);
        }
        taken
    }

    /// Sorts and deduplicates what was found, so that [`of`](Self::of) and [`unasked`](Self::unasked) find it.
    pub fn sort(&mut self) {
        let unasked = (0_u32..).zip(&self.teams).filter(|(_, team)| !team.is_asked);
        let mut unasked: Vec<_> = unasked.map(|(place, team)| (team.name.as_str(), place)).collect();
        unasked.sort_unstable();
        self.unasked = unasked.into_iter().map(|(_, place)| place).collect();
        if !self.is_sorted {
            self.pairs.sort_unstable();
            self.pairs.dedup();
            self.is_sorted = true;
        }
    }

    /// The names of the teams that an account runs, sorted; empty for most.
    #[must_use]
    pub fn of(&self, id: &str) -> Vec<&str> {
        let key = fnv1a(id.as_bytes());
        let first = self.pairs.partition_point(|(of, _)| *of < key);
        let own = self.pairs.iter().skip(first).take_while(|(of, _)| *of == key);
        let mut names: Vec<_> = own.filter_map(|(_, team)| Some(self.team(*team)?.name.as_str())).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// The name of a team, if there is a team of this name that was not asked about.
    #[must_use]
    pub fn unasked(&self, name: &str) -> Option<&str> {
        let at = |place: &u32| self.team(*place).map(|team| team.name.as_str());
        let place = self.unasked.binary_search_by(|place| at(place).cmp(&Some(name))).ok()?;
        self.unasked.get(place).and_then(at)
    }

    /// As of when, at the earliest, it is known who runs the teams that were not asked about, in milliseconds since
    /// 1970; `None` if all were asked about.
    #[must_use]
    pub fn known_since_ms(&self) -> Option<i64> {
        self.teams.iter().filter(|team| !team.is_asked).filter_map(|team| self.due.known_since_ms(&team.id)).min()
    }

    /// Whether there may be more.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        self.is_partial
    }

    /// Whether the list has a team that only a token that sees all teams can see.
    #[must_use]
    pub const fn has_private(&self) -> bool {
        self.has_private
    }

    fn team(&self, place: u32) -> Option<&Named> {
        self.teams.get(usize::try_from(place).ok()?)
    }

    /// Notes the teams that are not archived, and queues the next page. Pages are ordered by a name that is not unique,
    /// so a team may come twice; that does no harm.
    ///
    /// Known records have the names of teams, so a team that was renamed or taken out of the archive is asked about: both
    /// move its date (`Update` in server/channels/store/sqlstore/team_store.go), and no two teams have the same name.
    fn take_teams(&mut self, page: u32, route: Route, answered: &Answered) -> Result<(), Failure> {
        let Some(answer) = Failure::unless_refused(Answer::of(answered))? else {
            self.is_partial = true;
            return Ok(());
        };
        let rows = answer.rows::<Team<'_>>(USERS_PER_PAGE)?;
        self.has_private |= rows.rows.iter().any(|team| team.allow_open_invite == Some(false));
        for team in rows.rows.iter().filter(|team| team.delete_at.0 == 0 && is_id(team.id.as_str())) {
            let place = u32::try_from(self.teams.len()).unwrap_or(u32::MAX);
            let (id, name) = (team.id.as_str().to_string(), team.name.as_str().to_string());
            // A record could not be split into such names.
            let is_odd = name.is_empty() || name.contains(',');
            let is_asked = is_odd || self.due.has_changed(team.update_at.0) || self.due.has(&id);
            self.teams.push(Named { id, name, is_asked });
            if is_asked {
                self.open.push_back(Question::Of { team: place, page: 0, route });
            }
        }
        let next = page.saturating_add(1);
        if rows.sent() >= USERS_PER_PAGE && next < TEAM_PAGES_AT_MOST {
            self.open.push_front(Question::Teams { page: next });
        } else if rows.sent() >= USERS_PER_PAGE {
            self.is_partial = true;
        }
        Ok(())
    }

    /// Notes a page of those who run a team; queues the next page, or the other route, if needed.
    fn take_admins(&mut self, team: u32, page: u32, route: Route, answered: &Answered) -> Result<(), Failure> {
        let Some(answer) = Failure::unless_refused(Answer::of(answered))? else {
            match route {
                Route::Administrators => {
                    self.open.push_back(Question::Of { team, page: 0, route: Route::Members });
                }
                Route::Members => self.is_partial = true,
            }
            return Ok(());
        };
        let sent = match route {
            Route::Administrators => {
                let rows = answer.rows::<User<'_>>(USERS_PER_PAGE)?;
                rows.rows.iter().for_each(|user| self.note(user.id.as_str(), team));
                rows.sent()
            }
            Route::Members => {
                let rows = answer.rows::<TeamMember<'_>>(USERS_PER_PAGE)?;
                let admins = rows.rows.iter().filter(|member| is_admin(member));
                admins.for_each(|member| self.note(member.user_id.as_str(), team));
                rows.sent()
            }
        };
        if sent >= USERS_PER_PAGE {
            self.open.push_back(Question::Of { team, page: page.saturating_add(1), route });
        }
        Ok(())
    }

    fn note(&mut self, id: &str, team: u32) {
        if !is_id(id) {
            return;
        }
        // Sorting removes duplicates, so a list that repeats itself does not take more memory.
        if self.pairs.len() == self.pairs.capacity() {
            self.sort();
        }
        self.pairs.push((fnv1a(id.as_bytes()), team));
        self.is_sorted = false;
    }
}

/// Rows of old servers have only the role. Custom schemes rename the role, and the flag shows it instead.
fn is_admin(member: &TeamMember<'_>) -> bool {
    let has_role = || member.roles.as_str().split_ascii_whitespace().any(|role| role == "team_admin");
    member.delete_at.0 == 0 && (member.scheme_admin.0 || has_role())
}

/// Whether text may stand in a path as an id.
pub(super) fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::super::super::advice::Holder;
    use super::super::super::code::{Code, NoticeCode};
    use super::super::super::edition::Edition;
    use super::super::super::fake::{Fake, json};
    use super::super::super::seat::SeatRule;
    use super::super::census::Clock;
    use super::super::{AccountContext, Census, Count, Findings, Hidden};
    use super::*;
    use alloc::format;
    use provider_sdk::http::{Lost, Network, Outcome};

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

    const NOW: Option<Version> = Some(Version::new(11, 6));

    /// Who runs a team, whether there may be more, and whether the token's rights leave that open. Sends the requests
    /// of a listing of a server that counts all guests alike.
    #[derive(Default)]
    struct Found(AccountContext, bool, bool);

    impl Found {
        fn find(&mut self, version: Option<Version>, network: &mut dyn Network) -> Result<(), Failure> {
            let mut findings = Findings::default();
            let hidden = Hidden { teams_unsure: self.2, ..Hidden::default() };
            let census = Census {
                count: Count::none(0),
                edition: Edition::Free,
                version,
                hidden,
                count_failure: None,
                clock: Clock::default(),
                holder: Holder::default(),
                me: String::new(),
            };
            let found = self.0.find(
                census.version,
                census.hidden.teams_unsure,
                SeatRule::of(None, Edition::Free),
                &mut findings,
                network,
            );
            self.1 = findings.has(NoticeCode::TeamAdminsHidden);
            found
        }

        fn of(&self, n: u32) -> String {
            self.0.of(&format!("{n:026}")).runs.join(",")
        }
    }

    fn find(b: &Outcome) -> Found {
        let mut found = Found::default();
        found.find(NOW, &mut Fake::new(|request| server(request, b))).unwrap();
        found
    }

    #[test]
    fn administrators_of_every_live_team_are_found() {
        let found = find(&json(200, format!("[{}]", user(2))));
        assert_eq!([1, 2, 3].map(|n| found.of(n)), ["alpha", "alpha,beta", ""]);
        assert_eq!([299, 300].map(|n| found.of(n)), ["gamma", "gamma"]);
        assert!(!found.1);
    }

    #[test]
    fn members_are_read_if_the_server_refuses_the_filter() {
        let found = find(&json(403, FORBIDDEN));
        assert_eq!([1, 2, 3, 4, 5, 6].map(|n| found.of(n)), ["alpha", "alpha", "beta", "beta", "", ""]);
        assert!(!found.1);
    }

    #[test]
    fn servers_that_ignore_the_filter_are_asked_for_members() {
        let mut found = Found::default();
        let mut network = Fake::new(|request| server(request, &Err(Lost::Closed)));
        found.find(Some(Version::new(5, 25)), &mut network).unwrap();
        assert!(network.sent.iter().all(|request| !request.path.contains("in_team")));
        // Two of the three teams may not be read here.
        assert_eq!(([1, 3].map(|n| found.of(n)), found.1), (["", "beta"].map(Into::into), true));
    }

    #[test]
    fn a_refusal_makes_the_result_partial() {
        let mut found = Found::default();
        found.find(None, &mut Fake::new(|_| json(403, FORBIDDEN))).unwrap();
        assert!(found.1 && (0..400).all(|n| found.of(n).is_empty()));
    }

    #[test]
    fn a_team_that_not_everybody_may_join_shows_that_all_are_seen() {
        let open = r#"{"id":"a","name":"alpha","allow_open_invite":true}"#;
        let private = r#"{"id":"b","name":"beta","allow_open_invite":false}"#;
        let untold = r#"{"id":"c","name":"gamma"}"#;
        for (teams, is_unsure, expect) in [
            (format!("[{open},{private}]"), true, false),
            (format!("[{open},{untold}]"), true, true),
            ("[]".into(), true, true),
            (format!("[{open}]"), false, false),
        ] {
            let mut found = Found(AccountContext::new(), false, is_unsure);
            let answer = |request: &Request| {
                json(200, if request.path.starts_with("/api/v4/teams?") { teams.as_str() } else { "[]" })
            };
            found.find(NOW, &mut Fake::new(answer)).unwrap();
            assert_eq!(found.1, expect, "{teams} {is_unsure}");
        }
    }

    #[test]
    fn reading_stops_if_a_list_does_not_end() {
        let archived: Vec<_> = (0..200).map(|n| format!(r#"{{"id":"a{n}","name":"old","delete_at":5}}"#)).collect();
        let teams = json(200, format!("[{}]", archived.join(",")));
        let mut found = Found::default();
        let mut network = Fake::new(|_| teams.clone());
        found.find(None, &mut network).unwrap();
        assert_eq!((network.sent.len(), found.1), (50, true));

        let everybody = json(200, format!("[{}]", (0..200).map(user).collect::<Vec<_>>().join(",")));
        let mut found = Found::default();
        let mut network = Fake::new(|request| {
            let is_list = request.path.starts_with("/api/v4/teams?");
            if is_list { json(200, r#"[{"id":"a","name":"alpha"}]"#) } else { everybody.clone() }
        });
        found.find(None, &mut network).unwrap();
        assert_eq!((network.sent.len(), found.1), (1 + REQUESTS_AT_MOST, true));
    }

    #[test]
    fn after_a_failure_only_open_requests_are_sent() {
        let mut found = Found::default();
        let lost = Err(Lost::TimedOut);
        let failure = found.find(NOW, &mut Fake::new(|request| server(request, &lost))).unwrap_err();
        assert_eq!(failure.code, Code::TimedOut);
        let well = json(200, format!("[{}]", user(2)));
        let mut network = Fake::new(|request| server(request, &well));
        found.find(NOW, &mut network).unwrap();
        // The second page of the big team, which was not requested yet, and the team that failed.
        assert_eq!(network.sent.len(), 2);
        drop(network);
        let at_once = find(&well);
        assert!((0..400).all(|n| found.of(n) == at_once.of(n)) && !found.1);
    }
}
