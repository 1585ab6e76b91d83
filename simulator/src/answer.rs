//! Answers as the server words them: status, headers and bodies.

use std::io::Write as _;

use axum::body::Body;
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, EXPIRES, LOCATION, RETRY_AFTER, SET_COOKIE, VARY};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use crate::Version;
use crate::limiter::Verdict;

/// A refusal of the API's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AppError {
    pub(crate) status: u16,
    pub(crate) id: &'static str,
    pub(crate) message: &'static str,
}

impl AppError {
    pub(crate) const EXPIRED: Self =
        Self { status: 401, id: "api.context.session_expired.app_error", message: "No valid session." };
    pub(crate) const FORBIDDEN: Self =
        Self { status: 403, id: "api.context.permissions.app_error", message: "Permission missing." };
    pub(crate) const NO_TEAMS: Self = Self {
        status: 403,
        id: "api.team.get_all_teams.insufficient_permissions",
        message: "No permission to list teams.",
    };
    pub(crate) const MFA: Self =
        Self { status: 403, id: "api.context.mfa_required.app_error", message: "A second factor is wanted." };
    pub(crate) const BODY_PARAM: Self =
        Self { status: 400, id: "api.context.invalid_body_param.app_error", message: "A body parameter is wrong." };
    pub(crate) const URL_PARAM: Self =
        Self { status: 400, id: "api.context.invalid_url_param.app_error", message: "A URL parameter is wrong." };
    pub(crate) const PAYLOAD: Self =
        Self { status: 400, id: "api.payload.parse.error", message: "The payload cannot be read." };
    pub(crate) const TOO_LARGE: Self =
        Self { status: 413, id: "api.context.request_body_too_large.app_error", message: "The body is too large." };
    pub(crate) const LICENSE_FORMAT: Self =
        Self { status: 400, id: "api.license.client.old_format.app_error", message: "format=old is wanted." };
    pub(crate) const CONFIG_FORMAT: Self =
        Self { status: 501, id: "api.config.client.old_format.app_error", message: "format=old is wanted." };
    pub(crate) const NO_USER: Self =
        Self { status: 404, id: "app.user.missing_account.const", message: "No such user." };
    pub(crate) const NO_TEAM: Self = Self { status: 404, id: "app.team.get.find.app_error", message: "No such team." };
    pub(crate) const PAGE_SIZE: Self = Self {
        status: 400,
        id: "api.getUsersForReporting.invalid_page_size",
        message: "The page size is out of range.",
    };
    pub(crate) const ACTIVE_FILTER: Self = Self {
        status: 400,
        id: "api.getUsersForReporting.invalid_active_filter",
        message: "Nobody is neither active nor inactive.",
    };
    pub(crate) const SORT_COLUMN: Self = Self {
        status: 400,
        id: "model.user_report_options.is_valid.invalid_sort_column",
        message: "No such column to sort by.",
    };
    pub(crate) const REPORT: Self =
        Self { status: 500, id: "app.report.get_user_report.store_error", message: "The report took too long." };
    pub(crate) const SERVER: Self =
        Self { status: 500, id: "app.user.get_profiles.app_error", message: "The database failed." };
}

/// What a route answers: JSON text, or a refusal.
pub(crate) type Answer = Result<String, AppError>;

/// Writes a value as the server does.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Answer {
    serde_json::to_string(value).map_err(|_| AppError::SERVER)
}

/// What every answer of a session or route of the API's carries.
#[derive(Clone, Debug)]
pub(crate) struct Stamp {
    pub(crate) request_id: String,
    pub(crate) version_id: String,
    pub(crate) version: Version,
    pub(crate) is_get: bool,
    pub(crate) encoding: Encoding,
}

/// Whether the caller accepts compressed bodies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Plain,
    Gzip,
}

#[derive(Serialize)]
struct ErrorBody<'a> {
    id: &'a str,
    message: &'a str,
    detailed_error: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    request_id: &'a str,
    status_code: u16,
}

/// An answer of a known route.
pub(crate) fn of(answer: Answer, stamp: &Stamp) -> Response<Body> {
    match answer {
        Ok(body) => stamped(200, body, stamp),
        Err(error) => refusal(error, stamp),
    }
}

pub(crate) fn refusal(error: AppError, stamp: &Stamp) -> Response<Body> {
    stamped(error.status, error_text(error, stamp), stamp)
}

pub(crate) fn error_text(error: AppError, stamp: &Stamp) -> String {
    let AppError { status, id, message } = error;
    let body = ErrorBody { id, message, detailed_error: "", request_id: &stamp.request_id, status_code: status };
    serde_json::to_string(&body).unwrap_or_default()
}

fn stamped(status: u16, body: String, stamp: &Stamp) -> Response<Body> {
    let mut response = match stamp.encoding {
        Encoding::Gzip if body.len() >= GZIP_FROM_BYTES => gzipped(status, &body),
        Encoding::Plain | Encoding::Gzip => plain(status, "application/json", body),
    };
    let headers = response.headers_mut();
    sign(headers, stamp);
    headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    if stamp.is_get {
        headers.insert(EXPIRES, HeaderValue::from_static("0"));
    }
    response
}

/// What every handler of the server's own adds.
fn sign(headers: &mut HeaderMap, stamp: &Stamp) {
    put(headers, "x-request-id", &stamp.request_id);
    put(headers, "x-version-id", &stamp.version_id);
    if stamp.version.has_new_shape() {
        put(headers, "x-content-type-options", "nosniff");
        put(headers, "referrer-policy", "no-referrer");
        put(headers, "permissions-policy", "");
    }
}

/// Shorter answers are not worth compressing to the server.
const GZIP_FROM_BYTES: usize = 1_024;

fn gzipped(status: u16, body: &str) -> Response<Body> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    let compressed = encoder.write_all(body.as_bytes()).and_then(|()| encoder.finish());
    let mut response = plain(status, "application/json", String::new());
    *response.body_mut() = Body::from(compressed.unwrap_or_default());
    response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    response
}

/// The header with which the server clears the cookie of a token that it refuses.
pub(crate) fn clear_cookie(response: &mut Response<Body>) {
    let cookie = HeaderValue::from_static("MMAUTHTOKEN=; Path=/; Max-Age=0; HttpOnly");
    response.headers_mut().insert(SET_COOKIE, cookie);
}

/// The answer for a path below `/api/` that is not a route: it names neither the version nor the request.
pub(crate) fn no_route(path: &str) -> Response<Body> {
    let detail = format!("no API call has the url '{path}'");
    let body = ErrorBody {
        id: "api.context.404.app_error",
        message: "No such page.",
        detailed_error: &detail,
        request_id: "",
        status_code: 404,
    };
    plain(404, "application/json", serde_json::to_string(&body).unwrap_or_default())
}

/// The answer for another version of the API, which the web application gives.
pub(crate) fn no_version(path: &str, stamp: &Stamp) -> Response<Body> {
    let mut response = no_route(path);
    sign(response.headers_mut(), stamp);
    put(response.headers_mut(), "x-frame-options", "SAMEORIGIN");
    response
}

/// The web application, which answers every other path.
pub(crate) fn page(stamp: &Stamp) -> Response<Body> {
    let content_type = if stamp.version.has_new_shape() { "text/html" } else { "text/html; charset=utf-8" };
    let mut response = plain(200, content_type, "<html></html>\n".to_owned());
    let headers = response.headers_mut();
    sign(headers, stamp);
    put(headers, "x-frame-options", "SAMEORIGIN");
    put(headers, "cache-control", "no-cache, max-age=31556926, public");
    response
}

/// A proxy's page instead of the server's answer.
pub(crate) fn proxy_page(status: u16) -> Response<Body> {
    plain(status, "text/html", format!("<html><body><h1>{status}</h1></body></html>\n"))
}

pub(crate) fn redirect(status: u16, to: &str) -> Response<Body> {
    let mut response = plain(status, "", String::new());
    if let Ok(to) = HeaderValue::from_str(to) {
        response.headers_mut().insert(LOCATION, to);
    }
    response
}

/// The limiter's refusal, which is not JSON and lacks the server's own headers.
pub(crate) fn too_many(retry_after_s: u32) -> Response<Body> {
    let mut response = plain(429, "text/plain; charset=utf-8", "limit exceeded\n".to_owned());
    put(response.headers_mut(), "x-content-type-options", "nosniff");
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(retry_after_s));
    response
}

/// What the limiter adds to every answer while it is on.
pub(crate) fn limit_headers(headers: &mut HeaderMap, verdict: Verdict) {
    for (name, value) in [
        ("x-ratelimit-limit", verdict.limit),
        ("x-ratelimit-remaining", verdict.remaining),
        ("x-ratelimit-reset", verdict.reset_s),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(value));
    }
}

pub(crate) fn plain(status: u16, content_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if !content_type.is_empty() {
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    }
    response
}

fn put(headers: &mut HeaderMap, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(HeaderName::from_static(name), value);
    }
}
