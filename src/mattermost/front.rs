//! What answers in front of Mattermost, or in its place: proxies, gateways, firewalls, content networks, sign-in pages.

use alloc::format;
use alloc::string::{String, ToString as _};

use provider_sdk::http::{Request, Response};

use super::code::Code;
use super::failure::Failure;

/// How much of a page is looked at.
const LOOKED_AT: usize = 16 * 1024;

/// What pages have in them that only a browser passes, in small letters.
const ROBOT_CHECKS: [&str; 13] = [
    "challenge-platform",
    "cf-chl",
    "cf_chl",
    "just a moment...",
    "checking your browser",
    "enable javascript and cookies",
    "ddos protection by",
    "_incapsula_",
    "awswaf",
    "captcha",
    "verify you are human",
    "not a bot",
    "not a robot",
];

/// What sign-in pages have in them, in small letters.
const SIGN_INS: [&str; 9] = [
    "type=\"password\"",
    "type=password",
    "type='password'",
    "saml",
    "single sign",
    "sign in",
    "sign-in",
    "log in",
    "login",
];

/// nginx, Go's own server, Apache and Tomcat, in this order.
const WANTS_TLS: [&str; 4] =
    ["sent to https port", "http request to an https server", "plain http to an ssl", "requires tls"];

/// nginx twice, then others.
const WANTS_CERTIFICATE: [&str; 3] = ["no required ssl certificate", "the ssl certificate error", "client certificate"];

/// What a web page means where JSON should be.
pub(super) fn page(body: &[u8]) -> (Code, &'static str) {
    let has = |texts: &[&str]| has(body, texts);
    if has(&ROBOT_CHECKS) {
        (Code::RobotCheck, "a page that checks for robots answers instead of Mattermost")
    } else if has(&SIGN_INS[..4]) {
        (Code::GatewaySignIn, "a sign-in page answers in front of Mattermost")
    } else if has(&["mattermost"]) {
        (
            Code::NotMattermost,
            "Mattermost sent a web page instead of the JSON of its API: the URL leads further than to the server",
        )
    } else if has(&SIGN_INS) {
        (Code::GatewaySignIn, "a sign-in page answers in front of Mattermost")
    } else {
        (Code::NotMattermost, "the server sent a web page instead of the JSON of Mattermost's API")
    }
}

fn has(body: &[u8], texts: &[&str]) -> bool {
    let start = body.get(..LOOKED_AT.min(body.len())).unwrap_or_default();
    texts.iter().any(|text| start.windows(text.len()).any(|part| part.eq_ignore_ascii_case(text.as_bytes())))
}

/// The failure of an answer that is not Mattermost's own, of another status than 2xx or 3xx.
pub(super) fn refusal(request: &Request, response: &Response, body: &[u8]) -> Failure {
    let status = response.status;
    let (code, what) = if matches!(status, 400..=599) && has(body, &ROBOT_CHECKS) {
        (Code::RobotCheck, format!("a page that checks for robots answers instead of Mattermost (status {status})"))
    } else if status < 500 {
        of_request(request, response, body)
    } else {
        of_server(status)
    };
    Failure::new(code, what)
}

/// Statuses that blame the request.
fn of_request(request: &Request, response: &Response, body: &[u8]) -> (Code, String) {
    let status = response.status;
    let rejected = |what: String| (Code::GatewayRejected, what);
    match status {
        400 | 403 if has(body, &WANTS_CERTIFICATE) => {
            (Code::ClientCertificateMissing, format!("the gateway requires a client certificate (status {status})"))
        }
        495 | 496 => (
            Code::ClientCertificateMissing,
            format!("the gateway got no client certificate that it accepts (status {status})"),
        ),
        400 | 426 | 497 if status == 497 || has(body, &WANTS_TLS) => {
            (Code::HttpsExpected, "the port speaks HTTPS, and the request came over HTTP".to_string())
        }
        401 => (Code::GatewaySignIn, sign_in(response)),
        403 => rejected(
            "something in front of Mattermost forbids the request: a gateway, a firewall or a web filter (status 403)"
                .to_string(),
        ),
        404 => (Code::NotMattermost, "there is no Mattermost API at this URL (status 404)".to_string()),
        405 => {
            let method = request.method.as_str();
            rejected(format!("something in front of Mattermost blocks {method} requests (status 405)"))
        }
        407 => rejected("a forward proxy on the way requires a login (status 407)".to_string()),
        408 => (
            Code::TimedOut,
            "something in front of Mattermost gave up waiting for the request (status 408)".to_string(),
        ),
        413 => rejected("something in front of Mattermost rejects requests as large as this (status 413)".to_string()),
        414 => rejected("something in front of Mattermost rejects addresses as long as this (status 414)".to_string()),
        421 => rejected("the server that answers does not serve the name in the URL (status 421)".to_string()),
        429 => (Code::RateLimited, "something in front of Mattermost asks to slow down".to_string()),
        431 => rejected("something in front of Mattermost rejects headers as large as these (status 431)".to_string()),
        451 => rejected("a web filter on the way blocks the server (status 451)".to_string()),
        400.. => rejected(format!("something in front of Mattermost rejects the request with status {status}")),
        _ => (
            Code::NotMattermost,
            format!("something in front of Mattermost answered with status {status}, which is not a final answer"),
        ),
    }
}

/// How a gateway wants a sign-in.
fn sign_in(response: &Response) -> String {
    let asked = response.header("www-authenticate").unwrap_or_default();
    let scheme = asked.split([' ', ',']).next().unwrap_or_default();
    let is = |name: &str| scheme.eq_ignore_ascii_case(name);
    let how = if is("basic") || is("digest") {
        ": a user name and a password, which would replace the token in the request"
    } else if is("negotiate") || is("ntlm") {
        ": a Windows or Kerberos account"
    } else if is("bearer") {
        ": a token of its own, unless this is another product than Mattermost"
    } else {
        ""
    };
    format!("a gateway in front of Mattermost requires its own sign-in (status 401){how}")
}

/// Statuses that blame the server, and what is no status.
fn of_server(status: u16) -> (Code, String) {
    let (code, why) = match status {
        501 => (Code::GatewayRejected, "it does not support the request"),
        502 => (Code::ServerUnavailable, "it got no usable answer from Mattermost behind it"),
        503 => (
            Code::ServerUnavailable,
            "Mattermost behind it is not ready for requests, or the proxy lets no more of them through at the moment",
        ),
        504 => (Code::ServerUnavailable, "Mattermost behind it does not answer in time"),
        505 => (Code::GatewayRejected, "it does not support this version of HTTP"),
        507 => (Code::GatewayRejected, "its disk is full"),
        508 => (Code::GatewayRejected, "its requests lead back to itself"),
        511 => {
            return (
                Code::GatewaySignIn,
                "the network requires a sign-in before it lets anything through (status 511)".to_string(),
            );
        }
        // The statuses of Cloudflare, which other networks for content have taken over.
        520..=530 => return content_network(status),
        561 => (Code::GatewaySignIn, "its own sign-in failed"),
        500..=599 => (Code::ServerError, "it failed, or the server behind it did"),
        _ => (Code::GatewayRejected, "that is not an HTTP status"),
    };
    (code, format!("the proxy in front of Mattermost answered {status}: {why}"))
}

fn content_network(status: u16) -> (Code, String) {
    let (code, why) = match status {
        521 => (Code::ServerUnavailable, "the server behind it refuses the connection"),
        522 | 524 => (Code::ServerUnavailable, "the server behind it does not answer in time"),
        523 => (Code::ServerUnavailable, "the server behind it cannot be reached"),
        525 | 526 => (
            Code::GatewayRejected,
            "it cannot make a secure connection to the server behind it: look at that server's certificate",
        ),
        530 => (Code::ServerUnavailable, "the server behind it has no address, or no tunnel to it is open"),
        _ => (Code::ServerUnavailable, "it got no usable answer from the server behind it"),
    };
    (code, format!("the network in front of the server (a CDN such as Cloudflare) answered {status}: {why}"))
}
