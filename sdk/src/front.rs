//! Recognises what answers in front of a product or instead of it: proxies, gateways, firewalls, content networks,
//! sign-in pages.

use alloc::format;
use alloc::string::{String, ToString as _};

use super::http::{Request, Response};

/// What answered. A provider has a code for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Front {
    /// A check that only a browser passes.
    RobotCheck,
    /// A sign-in of its own.
    SignIn,
    /// Another product, or a page of the product's own that is not its API.
    OtherProduct,
    /// It requires a client certificate.
    CertificateMissing,
    /// The port expects HTTPS, but the request used HTTP.
    HttpsExpected,
    /// It rejects the request.
    Rejected,
    /// It gave up waiting for the request.
    TimedOut,
    /// It asks to slow down.
    RateLimited,
    /// The product behind it is down or starting.
    Unavailable,
    /// It failed, or the product behind it did.
    Failed,
}

/// How much of a page is searched.
const LOOKED_AT: usize = 16 * 1024;

/// Texts in pages that only a browser passes, in lower case.
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

/// Texts in sign-in pages, in lower case.
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

/// Puts the product's name into a message.
fn named(words: &str, product: &str) -> String {
    words.replace("{product}", product)
}

/// What a web page means that comes instead of the API's JSON, with a message that names the product.
#[must_use]
pub fn page(body: &[u8], product: &str) -> (Front, String) {
    let has = |texts: &[&str]| has(body, texts);
    let (front, words) = if has(&ROBOT_CHECKS) {
        (Front::RobotCheck, "a page that checks for robots answers instead of {product}")
    } else if has(&SIGN_INS[..4]) {
        (Front::SignIn, "a sign-in page answers in front of {product}")
    } else if has(&[&product.to_ascii_lowercase()]) {
        (
            Front::OtherProduct,
            "{product} sent a web page instead of the JSON of its API: the URL leads further than to the server",
        )
    } else if has(&SIGN_INS) {
        (Front::SignIn, "a sign-in page answers in front of {product}")
    } else {
        (Front::OtherProduct, "the server sent a web page instead of the JSON of {product}'s API")
    };
    (front, named(words, product))
}

fn has(body: &[u8], texts: &[&str]) -> bool {
    let start = body.get(..LOOKED_AT.min(body.len())).unwrap_or_default();
    texts.iter().any(|text| start.windows(text.len()).any(|part| part.eq_ignore_ascii_case(text.as_bytes())))
}

/// What an answer of another sender than the product means, of another status than 2xx or 3xx, with a message that
/// names the product.
#[must_use]
pub fn refusal(request: &Request, response: &Response, body: &[u8], product: &str) -> (Front, String) {
    let status = response.status;
    let (front, what) = if matches!(status, 400..=599) && has(body, &ROBOT_CHECKS) {
        (Front::RobotCheck, format!("a page that checks for robots answers instead of {{product}} (status {status})"))
    } else if status < 500 {
        of_request(request, response, body)
    } else {
        of_server(status)
    };
    (front, named(&what, product))
}

/// Statuses that blame the request.
fn of_request(request: &Request, response: &Response, body: &[u8]) -> (Front, String) {
    let status = response.status;
    let rejected = |what: String| (Front::Rejected, what);
    match status {
        400 | 403 if has(body, &WANTS_CERTIFICATE) => {
            (Front::CertificateMissing, format!("the gateway requires a client certificate (status {status})"))
        }
        495 | 496 => (
            Front::CertificateMissing,
            format!("the gateway got no client certificate that it accepts (status {status})"),
        ),
        400 | 426 | 497 if status == 497 || has(body, &WANTS_TLS) => {
            (Front::HttpsExpected, "the port speaks HTTPS, and the request came over HTTP".to_string())
        }
        401 => (Front::SignIn, sign_in(response)),
        403 => rejected(
            "something in front of {product} forbids the request: a gateway, a firewall or a web filter (status 403)"
                .to_string(),
        ),
        404 => (Front::OtherProduct, "there is no {product} API at this URL (status 404)".to_string()),
        405 => {
            let method = request.method.as_str();
            rejected(format!("something in front of {{product}} blocks {method} requests (status 405)"))
        }
        407 => rejected("a forward proxy on the way requires a login (status 407)".to_string()),
        408 => (
            Front::TimedOut,
            "something in front of {product} gave up waiting for the request (status 408)".to_string(),
        ),
        413 => rejected("something in front of {product} rejects requests as large as this (status 413)".to_string()),
        414 => rejected("something in front of {product} rejects addresses as long as this (status 414)".to_string()),
        421 => rejected("the server that answers does not serve the name in the URL (status 421)".to_string()),
        429 => (Front::RateLimited, "something in front of {product} asks to slow down".to_string()),
        431 => rejected("something in front of {product} rejects headers as large as these (status 431)".to_string()),
        451 => rejected("a web filter on the way blocks the server (status 451)".to_string()),
        400.. => rejected(format!("something in front of {{product}} rejects the request with status {status}")),
        _ => (
            Front::OtherProduct,
            format!("something in front of {{product}} answered with status {status}, which is not a final answer"),
        ),
    }
}

/// Which sign-in a gateway requires.
fn sign_in(response: &Response) -> String {
    let asked = response.header("www-authenticate").unwrap_or_default();
    let scheme = asked.split([' ', ',']).next().unwrap_or_default();
    let is = |name: &str| scheme.eq_ignore_ascii_case(name);
    let how = if is("basic") || is("digest") {
        ": a user name and a password, which would replace the token in the request"
    } else if is("negotiate") || is("ntlm") {
        ": a Windows or Kerberos account"
    } else if is("bearer") {
        ": a token of its own, unless this is another product than {product}"
    } else {
        ""
    };
    format!("a gateway in front of {{product}} requires its own sign-in (status 401){how}")
}

/// Statuses that blame the server, and invalid ones.
fn of_server(status: u16) -> (Front, String) {
    let (front, why) = match status {
        501 => (Front::Rejected, "it does not support the request"),
        502 => (Front::Unavailable, "it got no usable answer from {product} behind it"),
        503 => (
            Front::Unavailable,
            "{product} behind it is not ready for requests, or the proxy lets no more of them through at the moment",
        ),
        504 => (Front::Unavailable, "{product} behind it does not answer in time"),
        505 => (Front::Rejected, "it does not support this version of HTTP"),
        507 => (Front::Rejected, "its disk is full"),
        508 => (Front::Rejected, "its requests lead back to itself"),
        511 => {
            return (
                Front::SignIn,
                "the network requires a sign-in before it lets anything through (status 511)".to_string(),
            );
        }
        // The statuses of Cloudflare, which other content networks also use.
        520..=530 => return content_network(status),
        561 => (Front::SignIn, "its own sign-in failed"),
        500..=599 => (Front::Failed, "it failed, or the server behind it did"),
        _ => (Front::Rejected, "that is not an HTTP status"),
    };
    (front, format!("the proxy in front of {{product}} answered {status}: {why}"))
}

fn content_network(status: u16) -> (Front, String) {
    let (front, why) = match status {
        521 => (Front::Unavailable, "the server behind it refuses the connection"),
        522 | 524 => (Front::Unavailable, "the server behind it does not answer in time"),
        523 => (Front::Unavailable, "the server behind it cannot be reached"),
        525 | 526 => (
            Front::Rejected,
            "it cannot make a secure connection to the server behind it: look at that server's certificate",
        ),
        530 => (Front::Unavailable, "the server behind it has no address, or no tunnel to it is open"),
        _ => (Front::Unavailable, "it got no usable answer from the server behind it"),
    };
    (front, format!("the network in front of the server (a CDN such as Cloudflare) answered {status}: {why}"))
}
