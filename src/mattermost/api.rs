//! The routes of Mattermost's API v4 that the provider uses: one function makes the request, one reads the answer.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};

use provider_sdk::base_url::{Difference, Redirect};
use provider_sdk::front;
use provider_sdk::gzip::decoded;
use provider_sdk::http::{Answered, Request, Response};
use provider_sdk::json;
use provider_sdk::lenient::{self, TextMap};
use provider_sdk::query::encoded;
use provider_sdk::time::http_date_ms;
use provider_sdk::wait::retry_after_ms;
use serde::Deserialize;

use super::code::Code;
use super::failure::Failure;
use super::version::Version;
use super::wire::{self, AppError, Ids, Stats};

/// Mattermost lists at most 200 users, teams, members or tokens a page and silently gives 200 for more (server/channels/web/params.go).
pub const USERS_PER_PAGE: usize = 200;

/// The report on users has at most 100 rows a page, and refuses to give more (server/public/model/report.go).
pub const REPORT_ROWS_PER_PAGE: usize = 100;

/// The product, as messages name it.
const PRODUCT: &str = "Mattermost";

/// The id that sorts before every other: with it a page of the report begins with the account of the name itself.
const FIRST_ID: &str = "00000000000000000000000000";

/// How many ids fit into a request's body of so many bytes: each takes 26, two quotes and a comma.
#[must_use]
pub const fn ids_in(bytes: usize) -> usize {
    bytes.saturating_sub(2) / 29
}

/// A request that a host is asked to grant.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path below the server's URL.
    pub path: &'static str,
    /// The keys of its query.
    pub query: &'static [&'static str],
    /// What the provider uses it for.
    pub purpose: &'static str,
}

/// Every route that the provider uses.
pub const ROUTES: [Route; 17] = [
    Route {
        method: "GET",
        path: "/api/v4/system/ping",
        query: &[],
        purpose: "checks that a Mattermost server answers",
    },
    Route { method: "GET", path: "/api/v4/users/me", query: &[], purpose: "identifies the token's account" },
    Route {
        method: "POST",
        path: "/api/v4/roles/names",
        query: &[],
        purpose: "reads the permissions of the token's account",
    },
    Route {
        method: "GET",
        path: "/api/v4/users",
        query: &["in_team", "page", "per_page", "team_roles", "without_team"],
        purpose: "lists the accounts",
    },
    Route {
        method: "GET",
        path: "/api/v4/users/known",
        query: &[],
        purpose: "finds the ids of all accounts in one request",
    },
    Route {
        method: "POST",
        path: "/api/v4/users/ids",
        query: &["since"],
        purpose: "reads accounts by their ids, and which of the known ones changed",
    },
    Route {
        method: "POST",
        path: "/api/v4/users/status/ids",
        query: &[],
        purpose: "reads when accounts were last active",
    },
    Route {
        method: "GET",
        path: "/api/v4/users/stats/filtered",
        query: &["include_bots", "include_deleted", "include_remote_users"],
        purpose: "counts the accounts and the seats in use",
    },
    Route {
        method: "GET",
        path: "/api/v4/teams",
        query: &["page", "per_page"],
        purpose: "finds the teams, to ask who runs them",
    },
    Route {
        method: "GET",
        path: "/api/v4/teams/{}/members",
        query: &["page", "per_page"],
        purpose: "finds the ids of accounts by their teams, and asks older servers who runs a team",
    },
    Route {
        method: "GET",
        path: "/api/v4/reports/users",
        query: &[
            "from_column_value",
            "from_id",
            "guest_filter",
            "hide_inactive",
            "page_size",
            "sort_column",
            "sort_direction",
        ],
        purpose: "reads the last sign-in and message, which accounts are new, and which guests are in one channel",
    },
    Route {
        method: "GET",
        path: "/api/v4/reports/users/count",
        query: &["guest_filter", "hide_inactive"],
        purpose: "counts the guests who are in one channel and take no seat",
    },
    Route {
        method: "GET",
        path: "/api/v4/bots",
        query: &["include_deleted", "page", "per_page"],
        purpose: "finds bots, including new ones",
    },
    Route {
        method: "GET",
        path: "/api/v4/users/me/tokens",
        query: &["page", "per_page"],
        purpose: "checks whether the token expires soon",
    },
    Route {
        method: "GET",
        path: "/api/v4/config/client",
        query: &["format"],
        purpose: "reads the server's version and privacy settings",
    },
    Route {
        method: "GET",
        path: "/api/v4/license/client",
        query: &["format"],
        purpose: "reads the edition and the licence",
    },
    Route {
        method: "GET",
        path: "/api/v4/limits/server",
        query: &[],
        purpose: "reads the user limits of servers without a licence",
    },
];

/// Asks whether the server is there.
#[must_use]
pub fn ping() -> Request {
    Request::get("/api/v4/system/ping")
}

/// Asks for the token's account. The route is exempt from mandatory multi-factor authentication.
#[must_use]
pub fn me() -> Request {
    Request::get("/api/v4/users/me")
}

/// Asks what these roles permit, which every session may.
///
/// # Errors
/// The names cannot be written as JSON, which does not happen.
pub fn roles(names: &Ids<'_>) -> Result<Request, Failure> {
    Ok(Request::post("/api/v4/roles/names", body_of(names)?))
}

/// Asks for the ids of all accounts that share a channel with the token's own, which is not among them.
#[must_use]
pub fn known_users() -> Request {
    Request::get("/api/v4/users/known")
}

/// Asks for a page of the accounts that are in no team.
#[must_use]
pub fn users_without_team(page: u32) -> Request {
    Request::get(format!("/api/v4/users?without_team=true&page={page}&per_page={USERS_PER_PAGE}"))
}

/// Asks for a page of all accounts: active and deactivated, guests, bots and remote ones.
#[must_use]
pub fn users(page: u32, per_page: u32) -> Request {
    Request::get(format!("/api/v4/users?page={page}&per_page={per_page}"))
}

/// Asks when accounts were last active.
///
/// # Errors
/// The ids cannot be written as JSON, which does not happen.
pub fn statuses(ids: &Ids<'_>) -> Result<Request, Failure> {
    Ok(Request::post("/api/v4/users/status/ids", body_of(ids)?))
}

/// Asks for the accounts of these ids, as [`users`] lists them. The answer leaves out ids without an account.
///
/// # Errors
/// The ids cannot be written as JSON, which does not happen.
pub fn accounts(ids: &Ids<'_>) -> Result<Request, Failure> {
    Ok(Request::post("/api/v4/users/ids", body_of(ids)?))
}

/// Asks for those of the accounts of these ids that were changed after an instant, in milliseconds since 1970.
///
/// # Errors
/// The ids cannot be written as JSON, which does not happen.
pub fn accounts_since(ids: &Ids<'_>, since_ms: i64) -> Result<Request, Failure> {
    Ok(Request::post(format!("/api/v4/users/ids?since={since_ms}"), body_of(ids)?))
}

fn body_of(ids: &Ids<'_>) -> Result<String, Failure> {
    serde_json::to_string(ids)
        .map_err(|_| Failure::new(Code::TransportFailed, "the ids of accounts could not be written as JSON"))
}

/// Asks for a page of the teams.
#[must_use]
pub fn teams(page: u32) -> Request {
    Request::get(format!("/api/v4/teams?page={page}&per_page={USERS_PER_PAGE}"))
}

/// Asks for a page of those who run a team, whose id is letters and digits. System administrators are not among them.
#[must_use]
pub fn team_admins(team: &str, page: u32) -> Request {
    let filter = format!("in_team={team}&team_roles=team_admin");
    Request::get(format!("/api/v4/users?{filter}&page={page}&per_page={USERS_PER_PAGE}"))
}

/// Asks for a page of a team's members.
#[must_use]
pub fn team_members(team: &str, page: u32) -> Request {
    Request::get(format!("/api/v4/teams/{team}/members?page={page}&per_page={USERS_PER_PAGE}"))
}

/// Where a page of the report on users begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReportStart {
    /// With the account of this name.
    Name(String),
    /// After the account of this name and id.
    After(String, String),
}

/// Asks for a page of the report on users, in the order of their names. Bots are not in it.
#[must_use]
pub fn report(start: &ReportStart) -> Request {
    let (name, id) = match start {
        ReportStart::Name(name) => (name.as_str(), FIRST_ID),
        ReportStart::After(name, id) => (name.as_str(), id.as_str()),
    };
    report_page("", name, id)
}

/// Asks for a page of the active guests who are in exactly one channel, in the order of their names, after the account
/// of this name and id. If the two are empty, the server begins at the beginning.
#[must_use]
pub fn single_channel_guests(name: &str, id: &str) -> Request {
    report_page("&hide_inactive=true&guest_filter=single_channel", name, id)
}

fn report_page(filter: &str, name: &str, id: &str) -> Request {
    let (name, id) = (encoded(name), encoded(id));
    let order = format!("sort_column=Username&page_size={REPORT_ROWS_PER_PAGE}");
    Request::get(format!("/api/v4/reports/users?{order}{filter}&from_column_value={name}&from_id={id}"))
}

/// Asks for a page of the report on users, the newest account first, after the account of this creation (milliseconds
/// since 1970) and id. If the two are empty, the server begins at the beginning.
#[must_use]
pub fn newest(after: Option<(i64, &str)>) -> Request {
    let (created_ms, id) = after.map_or_else(Default::default, |(ms, id)| (ms.to_string(), encoded(id)));
    let order = format!("sort_column=CreateAt&sort_direction=desc&page_size={REPORT_ROWS_PER_PAGE}");
    Request::get(format!("/api/v4/reports/users?{order}&from_column_value={created_ms}&from_id={id}"))
}

/// Asks for a page of all bots, deactivated ones among them, in the order in which they were made. An account without
/// the permission to see others' bots gets its own.
#[must_use]
pub fn bots(page: u32) -> Request {
    Request::get(format!("/api/v4/bots?include_deleted=true&page={page}&per_page={USERS_PER_PAGE}"))
}

/// Asks for the number of the active guests who are in exactly one channel.
#[must_use]
pub fn count_single_channel_guests() -> Request {
    Request::get("/api/v4/reports/users/count?hide_inactive=true&guest_filter=single_channel")
}

/// Asks for the personal access tokens of the token's account.
#[must_use]
pub fn my_tokens() -> Request {
    Request::get("/api/v4/users/me/tokens?page=0&per_page=200")
}

/// Asks for the number of all accounts that [`users`] lists.
#[must_use]
pub fn count_everyone() -> Request {
    Request::get("/api/v4/users/stats/filtered?include_deleted=true&include_bots=true&include_remote_users=true")
}

/// Asks for the number of accounts that [`users`] lists, without bots.
#[must_use]
pub fn count_people() -> Request {
    Request::get("/api/v4/users/stats/filtered?include_deleted=true&include_remote_users=true")
}

/// Asks for the number of accounts in a listing.
#[must_use]
pub fn count_listed(bots: bool) -> Request {
    if bots { count_everyone() } else { count_people() }
}

/// Asks for the number of seats in use: without parameters the route counts as the licence does.
#[must_use]
pub fn count_seats() -> Request {
    Request::get("/api/v4/users/stats/filtered")
}

/// Asks for the client configuration. Servers before 11.0 insist on the format.
#[must_use]
pub fn config() -> Request {
    Request::get("/api/v4/config/client?format=old")
}

/// Asks for the licence.
#[must_use]
pub fn license() -> Request {
    Request::get("/api/v4/license/client?format=old")
}

/// Asks for the server's user limits.
#[must_use]
pub fn limits() -> Request {
    Request::get("/api/v4/limits/server")
}

/// An answer of status 2xx with its body.
#[derive(Clone, Debug)]
pub struct Answer<'a> {
    /// The request, for a message.
    request: &'a Request,
    /// The answer.
    pub response: &'a Response,
    body: Cow<'a, [u8]>,
}

impl<'a> Answer<'a> {
    /// Accepts an answer of status 2xx; anything else becomes the failure that it means.
    ///
    /// # Errors
    /// No answer, or one of another status than 2xx.
    pub fn of(answered: &'a Answered) -> Result<Self, Failure> {
        let request = &answered.request;
        let response = answered.outcome.as_ref().map_err(|lost| Failure::lost(request, lost))?;
        let is_well = (200..300).contains(&response.status);
        let body = match decoded(response) {
            Ok(body) => body,
            Err(lost) if is_well => return Err(Failure::lost(request, &lost).answered(response)),
            // The status and the headers of a refusal say the most.
            Err(_) => Cow::Borrowed(&[][..]),
        };
        if is_well {
            match hidden_refusal(request, response, &body) {
                Some(failure) => Err(failure),
                None => Ok(Self { request, response, body }),
            }
        } else {
            Err(refusal(request, response, &body).naming_its_wait().on(request).answered(response))
        }
    }

    /// Reads the answer as one JSON value.
    ///
    /// # Errors
    /// The answer is not JSON, or not of this shape.
    pub fn read<T: Deserialize<'a>>(&'a self) -> Result<T, Failure> {
        json::from_slice(&self.body).map_err(|_| self.unreadable())
    }

    /// Reads the answer to one of the first requests, which show whether the server is a Mattermost.
    ///
    /// # Errors
    /// The same; JSON of another shape is another product's, unless the answer names Mattermost's version.
    pub fn read_at_first<T: Deserialize<'a>>(&'a self) -> Result<T, Failure> {
        self.read().map_err(|failure| self.foreign().unwrap_or(failure))
    }

    /// The failure of an answer that is JSON, but another product's.
    fn foreign(&self) -> Option<Failure> {
        let is_foreign = self.response.header("x-version-id").is_none() && lenient::is_json(&self.body);
        let what = "the answer is JSON, but not of Mattermost's API: another product may answer here";
        is_foreign.then(|| Failure::new(Code::NotMattermost, what).on(self.request).answered(self.response))
    }

    /// Reads the answer as a list, without the records that cannot be read, of at most as many records as were
    /// requested.
    ///
    /// # Errors
    /// The answer is not a JSON list, or a longer one.
    pub fn rows<T: Deserialize<'a>>(&'a self, most: usize) -> Result<lenient::Rows<T>, Failure> {
        wire::rows(&self.body, most).map_err(|_| self.unreadable())
    }

    /// The server's version, which Mattermost sends in a header of every answer.
    #[must_use]
    pub fn version(&self) -> Option<Version> {
        self.response.header("x-version-id").and_then(Version::parse)
    }

    /// The server's time in milliseconds since 1970, to the second.
    #[must_use]
    pub fn server_ms(&self) -> Option<i64> {
        self.response.header("date").and_then(http_date_ms)
    }

    /// The failure of an answer that is readable but cannot be true.
    pub(super) fn impossible(&self, what: &str) -> Failure {
        Failure::new(Code::AnswerUnreadable, what).on(self.request).answered(self.response)
    }

    fn unreadable(&self) -> Failure {
        let is_mattermost = self.response.header("x-version-id").is_some();
        let page = looks_like_a_page(self.response, &self.body).then(|| front::page(&self.body, PRODUCT));
        let (code, what) = match page {
            Some((front, what)) => (Code::of_front(front), what),
            None if self.body.trim_ascii().is_empty() => (
                if is_mattermost { Code::AnswerUnreadable } else { Code::NotMattermost },
                "the answer is empty instead of the JSON of Mattermost's API".to_string(),
            ),
            None if !lenient::is_json(&self.body) => {
                (Code::AnswerUnreadable, "the answer is not JSON, or is damaged".to_string())
            }
            None => (Code::AnswerUnreadable, "the answer is JSON of another shape than Mattermost's".to_string()),
        };
        Failure::new(code, what).on(self.request).answered(self.response)
    }
}

/// The failure of an answer of status 2xx whose body is an error of Mattermost's. It comes from a proxy that turns
/// every status into 2xx.
fn hidden_refusal(request: &Request, response: &Response, body: &[u8]) -> Option<Failure> {
    if body.trim_ascii_start().first() != Some(&b'{') {
        return None;
    }
    let error = json::from_slice::<AppError<'_>>(body).ok()?;
    let (id, status) = (error.id.as_str(), u16::try_from(error.status_code.0).unwrap_or_default());
    let is_status = (400..600).contains(&status);
    // Ids of errors have dots; those of accounts do not.
    if !is_error_id(id) || !(is_status || id.contains('.')) {
        return None;
    }
    let sent = response.status;
    let failure = if is_status {
        let meant = Response { status, headers: response.headers.clone(), ..Response::default() };
        let failure = refusal(request, &meant, body).on(request).answered(&meant);
        Failure { message: format!("{} (the answer came with the status {sent})", failure.message), ..failure }
    } else {
        let what = format!("the answer is an error of the server's ({id}) with the status {sent}");
        Failure::new(Code::AnswerUnreadable, what).on(request).answered(response)
    };
    Some(failure)
}

fn looks_like_a_page(response: &Response, body: &[u8]) -> bool {
    response.header("content-type").is_some_and(|kind| kind.to_ascii_lowercase().starts_with("text/html"))
        || body.trim_ascii_start().starts_with(b"<")
}

/// What an answer of another status than 2xx means.
fn refusal(request: &Request, response: &Response, body: &[u8]) -> Failure {
    let error = json::from_slice::<AppError<'_>>(body).unwrap_or_default();
    // Mattermost's own refusals have an id or the version; others come from a proxy or gateway in front of it.
    let is_mattermost = !error.id.as_str().is_empty() || response.header("x-version-id").is_some();
    let failure = match response.status {
        300..400 => redirected(response),
        // Mattermost's own limiter sends no version.
        429 if is_mattermost || !looks_like_a_page(response, body) => {
            Failure::new(Code::RateLimited, "the server asks to slow down")
        }
        _ if is_mattermost => of_mattermost(response.status, &error),
        _ => {
            let (front, what) = front::refusal(request, response, body, PRODUCT);
            Failure::new(Code::of_front(front), what)
        }
    };
    let retry_after_ms = if failure.is_retryable() { retry_after_ms(response) } else { None };
    Failure { retry_after_ms, ..failure }.answered(response).identified(error.request_id.as_str())
}

/// What a refusal by Mattermost itself means.
fn of_mattermost(status: u16, error: &AppError<'_>) -> Failure {
    let id = error.id.as_str();
    match status {
        401 => Failure::new(Code::TokenRefused, "the server refuses the token"),
        403 if id.contains("mfa_required") => {
            Failure::new(Code::MfaRequired, "the server requires multi-factor authentication of the token's account")
        }
        403 => Failure::new(Code::PermissionMissing, "the token's account may not do this"),
        501 | 400..500 => {
            let named = if is_error_id(id) { format!(" ({id})") } else { String::new() };
            Failure::new(Code::RequestRejected, format!("the server rejects the request with status {status}{named}"))
        }
        500.. => Failure::new(Code::ServerError, format!("the server failed with status {status}")),
        _ => Failure::new(Code::AnswerUnreadable, format!("the server answered with the status {status}")),
    }
}

/// Whether text looks like an error id of Mattermost's, such as `api.context.404.app_error`. Nothing else is passed on.
fn is_error_id(text: &str) -> bool {
    (1..=128).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// What a redirect means. Redirects are never followed.
fn redirected(response: &Response) -> Failure {
    let elsewhere = |what: String| Failure::new(Code::RedirectedElsewhere, what);
    match &response.redirect {
        Some(Redirect::Here(url)) => {
            Failure::new(Code::Redirected, format!("the server is at {url}")).with("location", url)
        }
        Some(Redirect::Page) => elsewhere(
            "the server points to a page for browsers instead of answering, as a sign-in page in front of Mattermost does".to_string(),
        ),
        Some(Redirect::Elsewhere(Difference::Host, origin)) => elsewhere(format!(
            "the server points to another host, {origin}: usually the sign-in page of a gateway in front of Mattermost"
        )),
        Some(Redirect::Elsewhere(Difference::Port, origin)) => elsewhere(format!(
            "the server points to another port, {origin}, where something else than Mattermost may answer, such as a sign-in gateway"
        )),
        Some(Redirect::Elsewhere(Difference::NoTls, origin)) => elsewhere(format!(
            "the server redirects from https to http, {origin}: a gateway in front of Mattermost drops TLS, and the token would be readable on the way"
        )),
        Some(Redirect::Unknown) | None => elsewhere(format!(
            "the server redirects (status {}) without a readable location; a gateway in front of Mattermost may cause this",
            response.status
        )),
    }
}

/// Reads a count.
///
/// # Errors
/// No answer, a refusal, or an impossible number.
pub fn read_count(answered: &Answered) -> Result<u32, Failure> {
    let answer = Answer::of(answered)?;
    let count = answer.read::<Stats>()?.total_users_count.ok_or_else(|| answer.unreadable())?.0;
    u32::try_from(count).map_err(|_| answer.impossible(&format!("the server counts {count} users, which cannot be")))
}

/// Reads a count that is a bare number.
///
/// # Errors
/// No answer, a refusal, or an impossible number.
pub fn read_bare_count(answered: &Answered) -> Result<u32, Failure> {
    let answer = Answer::of(answered)?;
    let count = answer.read::<lenient::Number>()?.0;
    u32::try_from(count).map_err(|_| answer.impossible(&format!("the server counts {count} users, which cannot be")))
}

/// Reads a map of texts.
///
/// # Errors
/// No answer, a refusal, or no map.
pub fn read_map(answered: &Answered) -> Result<TextMap, Failure> {
    let answer = Answer::of(answered)?;
    answer.read::<TextMap>()
}

/// The roles of the token's account and its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Me {
    /// The account's id.
    pub id: String,
    /// The account's name.
    pub username: String,
    /// Its system roles, separated by spaces.
    pub roles: String,
    /// Whether it is a bot. A bot has no session tokens.
    pub is_bot: bool,
}

impl Me {
    /// Whether the account has this system role.
    #[must_use]
    pub fn has(&self, role: &str) -> bool {
        self.roles.split_ascii_whitespace().any(|name| name == role)
    }
}

/// Reads the token's account.
///
/// # Errors
/// No answer, a refusal, or no account.
pub fn read_me(answered: &Answered) -> Result<Me, Failure> {
    let answer = Answer::of(answered)?;
    let user = answer.read_at_first::<wire::User<'_>>()?;
    let text = |text: &lenient::Text<'_>| text.as_str().to_string();
    let me = Me { id: text(&user.id), username: text(&user.username), roles: text(&user.roles), is_bot: user.is_bot.0 };
    let is_nobody = me.id.is_empty() || me.username.is_empty();
    if is_nobody { Err(answer.foreign().unwrap_or_else(|| answer.unreadable())) } else { Ok(me) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::collections::{BTreeMap, BTreeSet};
    use provider_sdk::http::{Lost, Outcome};

    fn answered(request: Request, outcome: Outcome) -> Answered {
        Answered { request, outcome }
    }

    fn response(status: u16, headers: &[(&'static str, &str)], body: &str) -> Response {
        let headers = headers.iter().map(|(key, value)| (*key, (*value).to_string())).collect();
        Response { status, headers, body: body.as_bytes().to_vec(), took_ms: 0, redirect: None }
    }

    const MM: (&str, &str) = ("x-version-id", "11.6.0.dev.7efba.false");
    const JSON: (&str, &str) = ("content-type", "application/json");
    const HTML: (&str, &str) = ("content-type", "text/html");
    const EXPIRED: &str = r#"{"id":"api.context.session_expired.app_error","message":"m","status_code":401}"#;
    const NO_PERMISSION: &str = r#"{"id":"api.context.permissions.app_error","message":"m","status_code":403}"#;

    #[test]
    fn every_answer_has_its_meaning() {
        let cases: &[(u16, &[(&'static str, &str)], &str, Code, Option<u32>)] = &[
            (401, &[MM, JSON], EXPIRED, Code::TokenRefused, None),
            (401, &[JSON], EXPIRED, Code::TokenRefused, None),
            (401, &[("content-type", "text/plain")], "gateway", Code::GatewaySignIn, None),
            (403, &[MM, JSON], NO_PERMISSION, Code::PermissionMissing, None),
            (403, &[MM, JSON], r#"{"id":"api.context.mfa_required.app_error"}"#, Code::MfaRequired, None),
            (403, &[HTML], "<html>blocked", Code::GatewayRejected, None),
            (404, &[JSON], r#"{"id":"api.context.404.app_error"}"#, Code::RequestRejected, None),
            (404, &[HTML], "<html>", Code::NotMattermost, None),
            (413, &[MM], r#"{"id":"api.context.request_body_too_large.app_error"}"#, Code::RequestRejected, None),
            (429, &[("retry-after", "1")], "limit exceeded\n", Code::RateLimited, Some(1_000)),
            (500, &[MM], r#"{"id":"app.user.get_profiles.app_error"}"#, Code::ServerError, None),
            (501, &[MM], r#"{"id":"api.license_error"}"#, Code::RequestRejected, None),
            (503, &[HTML, ("retry-after", "5")], "<html>", Code::ServerUnavailable, Some(5_000)),
            (503, &[MM], r#"{"id":"api.context.server_busy.app_error"}"#, Code::ServerError, None),
            (504, &[], "", Code::ServerUnavailable, None),
            (400, &[HTML], "<h1>The plain HTTP request was sent to HTTPS port</h1>", Code::HttpsExpected, None),
            (400, &[], "Client sent an HTTP request to an HTTPS server.\n", Code::HttpsExpected, None),
            (400, &[HTML], "<h1>No required SSL certificate was sent</h1>", Code::ClientCertificateMissing, None),
            (400, &[HTML], "<h1>Request Header Or Cookie Too Large</h1>", Code::GatewayRejected, None),
            (400, &[MM], "a client certificate", Code::RequestRejected, None),
            (403, &[HTML], "<h1>a client certificate is needed", Code::ClientCertificateMissing, None),
            (405, &[HTML], "<html>", Code::GatewayRejected, None),
            (405, &[MM], "", Code::RequestRejected, None),
            (407, &[], "", Code::GatewayRejected, None),
            (408, &[], "", Code::TimedOut, None),
            (413, &[HTML], "<html>", Code::GatewayRejected, None),
            (421, &[], "", Code::GatewayRejected, None),
            (451, &[HTML], "<html>", Code::GatewayRejected, None),
            (496, &[], "", Code::ClientCertificateMissing, None),
            (507, &[], "", Code::GatewayRejected, None),
            (511, &[HTML], "<html>", Code::GatewaySignIn, None),
            (520, &[HTML], "<html>", Code::ServerUnavailable, None),
            (526, &[("retry-after", "9")], "", Code::GatewayRejected, None),
            (522, &[("retry-after", "9")], "", Code::ServerUnavailable, Some(9_000)),
            (530, &[], "", Code::ServerUnavailable, None),
            (200, &[MM, HTML], "<html></html>", Code::NotMattermost, None),
            (200, &[JSON], "{\"total_users_count\":", Code::AnswerUnreadable, None),
            (200, &[MM, JSON], "[]", Code::AnswerUnreadable, None),
            (200, &[MM, JSON], "{\"total_users_count\":-1}", Code::AnswerUnreadable, None),
            (200, &[MM], "", Code::AnswerUnreadable, None),
            (200, &[MM, JSON], "null", Code::AnswerUnreadable, None),
            (200, &[MM, JSON], r#"{"total_users_count":null}"#, Code::AnswerUnreadable, None),
            (200, &[MM, JSON, ("content-encoding", "br")], "\u{1b}\u{1}", Code::AnswerUnreadable, None),
            (302, &[], "", Code::RedirectedElsewhere, None),
            (101, &[MM], "", Code::AnswerUnreadable, None),
            (999, &[MM], "", Code::ServerError, None),
        ];
        for (status, headers, body, code, wait) in cases {
            let failure = read_count(&answered(count_seats(), Ok(response(*status, headers, body)))).unwrap_err();
            assert_eq!((failure.code, failure.retry_after_ms), (*code, *wait), "{status} {headers:?} {body}");
            assert_eq!(failure.status, Some(*status));
            assert_eq!(failure.request.as_deref(), Some("GET /api/v4/users/stats/filtered"));
        }
    }

    #[test]
    fn a_redirect_names_the_url_only_if_the_token_may_go_there() {
        let elsewhere = |difference| Some(Redirect::Elsewhere(difference, "https://login.example.com".into()));
        for (redirect, code, says) in [
            (Some(Redirect::Here("https://a.example/chat".into())), Code::Redirected, "is at https://a.example/chat"),
            (Some(Redirect::Page), Code::RedirectedElsewhere, "sign-in page"),
            (elsewhere(Difference::Host), Code::RedirectedElsewhere, "another host, https://login.example.com"),
            (elsewhere(Difference::Port), Code::RedirectedElsewhere, "another port, https://login.example.com"),
            (elsewhere(Difference::NoTls), Code::RedirectedElsewhere, "from https to http"),
            (Some(Redirect::Unknown), Code::RedirectedElsewhere, "status 302"),
            (None, Code::RedirectedElsewhere, "status 302"),
        ] {
            let answer = Response { redirect: redirect.clone(), ..response(302, &[], "") };
            let failure = read_me(&answered(me(), Ok(answer))).unwrap_err();
            assert!(failure.code == code && failure.message.contains(says), "{redirect:?}: {failure:?}");
            assert_eq!(failure.params.len(), usize::from(code == Code::Redirected), "{failure:?}");
        }
    }

    /// The message names what answered, and blames Mattermost only if Mattermost answered.
    #[test]
    fn whatever_answers_instead_of_mattermost_is_named() {
        let basic = ("www-authenticate", "Basic realm=\"chat\"");
        let cases: &[(u16, &[(&'static str, &str)], &str, Code, &str)] = &[
            (401, &[basic], "", Code::GatewaySignIn, "a user name and a password"),
            (401, &[("www-authenticate", "Negotiate")], "", Code::GatewaySignIn, "Windows or Kerberos"),
            (401, &[("www-authenticate", "Bearer realm=\"x\"")], "", Code::GatewaySignIn, "another product"),
            (401, &[], "", Code::GatewaySignIn, "a gateway in front of Mattermost requires its own sign-in"),
            (403, &[HTML], "<title>Just a moment...</title>", Code::RobotCheck, "checks for robots"),
            (503, &[HTML], "<script src=/cdn-cgi/challenge-platform/x>", Code::RobotCheck, "(status 503)"),
            (429, &[HTML], "<p>Verify you are human</p>", Code::RobotCheck, "(status 429)"),
            (405, &[HTML], "<script src=/captcha.js>", Code::RobotCheck, "(status 405)"),
            (200, &[HTML], "<p>Making sure you're not a bot!</p>", Code::RobotCheck, "checks for robots"),
            (202, &[HTML], "<script src=https://x.awswaf.com/challenge.js>", Code::RobotCheck, "checks for robots"),
            (200, &[HTML], "<input name=p type=\"password\">", Code::GatewaySignIn, "a sign-in page"),
            (200, &[HTML], "<h1>Log in to Example</h1>", Code::GatewaySignIn, "a sign-in page"),
            (200, &[HTML], "<title>Mattermost</title>", Code::NotMattermost, "leads further than to the server"),
            (200, &[HTML], "<h1>It works!</h1>", Code::NotMattermost, "a web page"),
            (200, &[], "", Code::NotMattermost, "empty"),
            (200, &[MM], " ", Code::AnswerUnreadable, "empty"),
            (204, &[], "", Code::NotMattermost, "empty"),
            (200, &[JSON], "{\"projects\":[]}", Code::NotMattermost, "JSON, but not of Mattermost"),
            (200, &[JSON], "[1]", Code::NotMattermost, "JSON, but not of Mattermost"),
            (200, &[MM, JSON], "{\"projects\":[]}", Code::AnswerUnreadable, "another shape than Mattermost's"),
            (404, &[JSON], "{\"error\":\"404 Not Found\"}", Code::NotMattermost, "no Mattermost API"),
            (400, &[HTML], "<h1>This combination of host and port requires TLS.", Code::HttpsExpected, "speaks HTTPS"),
            (497, &[], "", Code::HttpsExpected, "speaks HTTPS"),
            (
                400,
                &[HTML],
                "<title>400 The SSL certificate error",
                Code::ClientCertificateMissing,
                "client certificate",
            ),
            (414, &[], "", Code::GatewayRejected, "addresses as long"),
            (431, &[], "", Code::GatewayRejected, "headers as large"),
            (426, &[], "", Code::GatewayRejected, "status 426"),
            (500, &[HTML], "<h1>500", Code::ServerError, "the proxy in front of Mattermost answered 500"),
            (501, &[HTML], "", Code::GatewayRejected, "answered 501"),
            (502, &[HTML], "", Code::ServerUnavailable, "got no usable answer from Mattermost"),
            (505, &[], "", Code::GatewayRejected, "version of HTTP"),
            (508, &[], "", Code::GatewayRejected, "lead back"),
            (525, &[], "", Code::GatewayRejected, "certificate"),
            (561, &[], "", Code::GatewaySignIn, "sign-in failed"),
            (600, &[], "", Code::GatewayRejected, "not an HTTP status"),
            (103, &[], "", Code::NotMattermost, "status 103"),
        ];
        for (status, headers, body, code, says) in cases {
            let failure = read_me(&answered(me(), Ok(response(*status, headers, body)))).unwrap_err();
            assert!(
                failure.code == *code && failure.message.contains(says),
                "{status} {headers:?} {body}: {failure:?}"
            );
            let fix = failure.code.entry().fix;
            assert!(failure.is_retryable() || !fix.to_ascii_lowercase().contains("try again"), "{status}: {fix}");
            assert!(headers.contains(&MM) || !fix.contains("older or newer"), "{status}: {fix}");
            assert!(!fix.contains("request id"), "{status}: {fix}");
        }
    }

    #[test]
    fn a_failure_has_the_id_of_its_request_if_the_answer_has_it() {
        let body = r#"{"id":"app.x.app_error","request_id":"bodybodybodybodybodybodybo"}"#;
        for (headers, body, expect) in [
            (&[MM, ("x-request-id", "headheadheadheadheadheadhe")][..], body, Some("headheadheadheadheadheadhe")),
            (&[MM], body, Some("bodybodybodybodybodybodybo")),
            (&[("x-request-id", "3f1c-a")], "", Some("3f1c-a")),
            (&[("x-request-id", "a\u{1b}[2J")], "", None),
            (&[MM], r#"{"id":"app.x.app_error","request_id":"<script>"}"#, None),
        ] {
            let failure = read_count(&answered(count_seats(), Ok(response(500, headers, body)))).unwrap_err();
            assert_eq!(failure.request_id.as_deref(), expect, "{headers:?} {body}");
            let text = failure.in_full();
            assert!(text.contains("GET /api/v4/users/stats/filtered answered 500"), "{text}");
            assert_eq!(expect.is_some_and(|id| text.contains(id)), expect.is_some(), "{text}");
        }
    }

    /// A body that is an error counts as one, whatever its status, for every kind of answer.
    #[test]
    fn an_error_with_status_200_is_a_failure() {
        let cases = [
            (EXPIRED, Code::TokenRefused, Some(401)),
            (NO_PERMISSION, Code::PermissionMissing, Some(403)),
            (r#"{"id":"api.context.mfa_required.app_error","status_code":403}"#, Code::MfaRequired, Some(403)),
            (
                r#"{"id":"app.user.get_profiles.app_error","message":"m","status_code":500}"#,
                Code::ServerError,
                Some(500),
            ),
            (r#"{"id":"api.context.404.app_error","status_code":404}"#, Code::RequestRejected, Some(404)),
            (r#"{"id":"api.unknown.app_error","message":"m"}"#, Code::AnswerUnreadable, Some(200)),
            (r#"{"id":"api.unknown.app_error","status_code":200}"#, Code::AnswerUnreadable, Some(200)),
            (r#"{"error":"unauthorized"}"#, Code::AnswerUnreadable, Some(200)),
            ("{}", Code::AnswerUnreadable, Some(200)),
            ("null", Code::AnswerUnreadable, Some(200)),
        ];
        for (body, code, status) in cases {
            let came = |request| answered(request, Ok(response(200, &[MM, JSON], body)));
            let list = |answered: &Answered| Answer::of(answered)?.rows::<wire::User<'_>>(200).map(|_| ());
            let mut failures =
                alloc::vec![read_me(&came(me())).unwrap_err(), read_count(&came(count_seats())).unwrap_err()];
            // An empty list may come as null.
            if body != "null" {
                failures.push(list(&came(users(0, 200))).unwrap_err());
            }
            for failure in failures {
                assert_eq!((failure.code, failure.status), (code, status), "{body}");
            }
        }
        assert!(read_map(&answered(config(), Ok(response(200, &[MM], EXPIRED)))).is_err());
    }

    #[test]
    fn a_lost_request_has_its_reason() {
        let cases = [
            (Lost::NameNotFound, Code::NameNotFound),
            (Lost::Refused, Code::ConnectionRefused),
            (Lost::TimedOut, Code::TimedOut),
            (Lost::TlsUntrusted, Code::TlsUntrusted),
            (Lost::TlsFailed, Code::TlsFailed),
            (Lost::Denied, Code::EgressDenied),
            (Lost::Closed, Code::ConnectionLost),
            (Lost::Truncated, Code::AnswerTruncated),
            (Lost::TooLarge(7), Code::AnswerTooLarge),
            (Lost::HeadTooLarge(Some(7)), Code::AnswerHeadTooLarge),
            (Lost::NotHttp, Code::NotHttp),
            (Lost::Encoded("br".into()), Code::AnswerUnreadable),
            (Lost::Other("x".into()), Code::TransportFailed),
        ];
        for (lost, code) in cases {
            assert_eq!(read_count(&answered(count_seats(), Err(lost))).unwrap_err().code, code);
        }
    }

    #[test]
    fn every_request_is_among_the_routes() {
        let made = [
            ping(),
            me(),
            roles(&Ids(alloc::vec!["system_user"])).unwrap(),
            users(3, 200),
            statuses(&Ids(alloc::vec!["a"])).unwrap(),
            accounts(&Ids(alloc::vec!["a"])).unwrap(),
            accounts_since(&Ids(alloc::vec!["a"]), 5).unwrap(),
            newest(None),
            bots(0),
            known_users(),
            users_without_team(0),
            count_people(),
            teams(0),
            team_admins("a", 0),
            team_members("a", 0),
            report(&ReportStart::Name("a".into())),
            single_channel_guests("", ""),
            count_single_channel_guests(),
            my_tokens(),
            count_everyone(),
            count_seats(),
            config(),
            license(),
            limits(),
        ];
        let mut asked: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for request in made {
            let query = request.path.split_once('?').map_or("", |(_, query)| query);
            let keys =
                query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split('=').next().unwrap().into());
            asked.entry(request.name()).or_default().extend(keys);
        }
        let described = ROUTES.iter().map(|route| {
            let name = format!("{} {}", route.method, route.path.replace("{}", "a"));
            (name, route.query.iter().map(ToString::to_string).collect())
        });
        assert_eq!(asked, described.collect::<BTreeMap<_, _>>(), "every request is described, and nothing else");
    }

    #[test]
    fn the_report_is_paged_by_name_whatever_the_name_holds() {
        let cases = [
            (ReportStart::Name("zoe".into()), "from_column_value=zoe&from_id=00000000000000000000000000"),
            (ReportStart::After("a&b=ü".into(), "i1".into()), "from_column_value=a%26b%3D%C3%BC&from_id=i1"),
        ];
        for (from, expect) in cases {
            assert!(report(&from).path.ends_with(expect), "{}", report(&from).path);
        }
        assert!(single_channel_guests("", "").path.ends_with("from_column_value=&from_id="));
    }
}
