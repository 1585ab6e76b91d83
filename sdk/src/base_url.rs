//! The address of a server: reads it as a person enters it, and compares it with where the server redirects.

use alloc::borrow::ToOwned as _;
use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;
use core::fmt;
use core::net::IpAddr;

use fluent_uri::component::{Authority, Host};
use fluent_uri::{Uri, UriRef};

/// The form of a product's own addresses below the path of an installation. People copy such addresses, and servers
/// redirect to them.
#[derive(Debug, PartialEq, Eq)]
pub struct Site {
    /// The beginning of the API's paths, such as `/api/v2`; empty if they have no common one.
    pub api: &'static str,
    /// First segments of the product's pages, such as `login`.
    pub pages: &'static [&'static str],
    /// Segments of pages behind a name that the product's users choose: `boards` in `/team/boards/plan`.
    pub behind_a_name: &'static [&'static str],
}

impl Site {
    /// A product without known addresses.
    pub const UNKNOWN: Self = Self { api: "", pages: &[], behind_a_name: &[] };

    /// The path of the installation that the path of one of its pages or API routes leads into.
    fn installation<'p>(&self, path: &'p str) -> &'p str {
        let cut = |at: usize| path.get(..at).unwrap_or_default();
        let within_api = || {
            path.match_indices(self.api)
                .find(|(at, api)| matches!(path.as_bytes().get(at.saturating_add(api.len())), None | Some(b'/')))
        };
        if !self.api.is_empty()
            && let Some((at, _)) = within_api()
        {
            return cut(at);
        }
        let slashes: Vec<usize> = path.match_indices('/').map(|(at, _)| at).collect();
        let mut name = None;
        for (n, slash) in slashes.iter().copied().enumerate() {
            let end = slashes.get(n.saturating_add(1)).copied().unwrap_or(path.len());
            let segment = path.get(slash.saturating_add(1)..end).unwrap_or_default();
            if self.pages.contains(&segment) {
                return cut(slash);
            }
            let goes_on = end.saturating_add(1) < path.len();
            if let Some(name) = name.filter(|_| self.behind_a_name.contains(&segment) && goes_on) {
                return cut(name);
            }
            name = Some(slash);
        }
        path
    }
}

/// Texts in the paths of sign-in pages.
const SIGN_IN: [&str; 8] = ["login", "logon", "signin", "sign_in", "sign-in", "auth", "saml", "sso"];

/// The longest address that a message names.
const SHOWN_AT_MOST: usize = 300;

/// The scheme of a base URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// `http`.
    Http,
    /// `https`.
    Https,
}

impl Scheme {
    /// The scheme's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        [Self::Http, Self::Https].into_iter().find(|scheme| scheme.as_str().eq_ignore_ascii_case(text))
    }

    const fn usual_port(self) -> u16 {
        match self {
            Self::Http => 80,
            Self::Https => 443,
        }
    }
}

/// Where a server is: scheme, host with an optional port, and the path of an installation below `/`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl {
    scheme: Scheme,
    authority: String,
    path: String,
    /// Whether the server is on this machine, by its address or its usual name.
    is_loopback: bool,
    /// The form of the product's addresses.
    site: &'static Site,
}

/// Why text is not the address of a server. Neither field repeats a user name, a password or a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// What is wrong, as the rest of a sentence that begins with the setting.
    pub why: &'static str,
    /// What to enter instead, if the text shows it.
    pub instead: Option<String>,
}

impl From<&'static str> for Unusable {
    fn from(why: &'static str) -> Self {
        Self { why, instead: None }
    }
}

/// Where a redirect leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redirect {
    /// To this address of the same server: scheme, host, port and installation's path, as it can be entered.
    Here(String),
    /// To a page of the same server, or back to the request itself.
    Page,
    /// To this origin, which is not the one that the token is for.
    Elsewhere(Difference, String),
    /// To a missing or unreadable location.
    Unknown,
}

/// How another origin differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The host.
    Host,
    /// The port.
    Port,
    /// It has no TLS.
    NoTls,
}

impl BaseUrl {
    /// Reads the URL of a product's server as a person copies it. Accepts spaces around it, and a slash or the path of
    /// the product's API at its end.
    ///
    /// # Errors
    /// The text is not an http or https URL with a host, has a user name, a query or a fragment, or leads to a page or
    /// route of the server.
    pub fn parse(text: &str, site: &'static Site) -> Result<Self, Unusable> {
        let text = text.trim();
        let uri = Uri::parse(text).map_err(|_| malformed(text))?;
        let Some(scheme) = Scheme::parse(uri.scheme().as_str()) else {
            return Err(if text.contains("://") {
                "begins with another scheme than https:// or http://".into()
            } else {
                NO_SCHEME.into()
            });
        };
        let authority = uri.authority().ok_or("has no host behind https:// or http://")?;
        let (host, port) = host_and_port(&authority)?;
        let path = uri.path().as_str().trim_end_matches('/');
        let path = path.strip_suffix(site.api).unwrap_or(path).trim_end_matches('/');
        if matches!(host.as_str(), "http" | "https") && path.starts_with("//") {
            return Err("begins with https:// or http:// twice".into());
        }
        let is_loopback = is_loopback(&host);
        let base = |path: &str| Self {
            scheme,
            authority: port.map_or_else(|| host.clone(), |port| format!("{host}:{port}")),
            path: path.to_owned(),
            is_loopback,
            site,
        };
        let place = site.installation(path);
        let otherwise = |why| Err(Unusable { why, instead: Some(base(place).to_string()) });
        if path.contains("//") || path.split('/').any(|segment| segment == "." || segment == "..") {
            return Err("contains an empty or dotted path segment".into());
        }
        if authority.has_userinfo() {
            return otherwise("contains a user name or password, which would not be sent");
        }
        if uri.has_query() || uri.has_fragment() {
            return otherwise("has text after ? or #, which a server's address does not have");
        }
        if place != path {
            return otherwise("leads to a page or an API route of the server, and not to the server itself");
        }
        Ok(base(path))
    }

    /// The scheme.
    #[must_use]
    pub const fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// Whether requests leave this machine unencrypted.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        self.scheme == Scheme::Http && !self.is_loopback
    }

    /// Host and port, as they stand in the URL.
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Whether the server is on this machine.
    #[must_use]
    pub const fn is_loopback(&self) -> bool {
        self.is_loopback
    }

    /// The installation's path with the path of a request below it.
    #[must_use]
    pub fn path_of(&self, request_path: &str) -> String {
        format!("{}{request_path}", self.path)
    }

    /// Where the `Location` of the answer to a request leads.
    #[must_use]
    pub fn redirect(&self, request_path: &str, location: &str) -> Redirect {
        self.target(request_path, location.trim()).unwrap_or(Redirect::Unknown)
    }

    fn target(&self, request_path: &str, location: &str) -> Option<Redirect> {
        let request_path = request_path.split('?').next()?;
        let asked = format!("{}://{}{}", self.scheme.as_str(), self.authority, self.path_of(request_path));
        let asked = Uri::parse(asked.as_str()).ok()?;
        if location.is_empty() || location.len() > 8 * SHOWN_AT_MOST {
            return None;
        }
        let target = UriRef::parse(location).ok()?.resolve_against(&asked).ok()?;
        let scheme = Scheme::parse(target.scheme().as_str())?;
        let authority = target.authority().filter(|authority| !authority.has_userinfo())?;
        let (host, port) = host_and_port(&authority).ok()?;
        let (own_host, own_port) = host_and_port(&asked.authority()?).ok()?;
        let (port, own_port) = (port.unwrap_or(scheme.usual_port()), own_port.unwrap_or(self.scheme.usual_port()));
        let shown_port = if port == scheme.usual_port() { String::new() } else { format!(":{port}") };
        let origin = format!("{}://{host}{shown_port}", scheme.as_str());
        if origin.len() > SHOWN_AT_MOST {
            return None;
        }
        let gains_tls = (self.scheme, own_port, scheme, port) == (Scheme::Http, 80, Scheme::Https, 443);
        let difference = match (self.scheme, scheme) {
            _ if host != own_host => Some(Difference::Host),
            (Scheme::Https, Scheme::Http) => Some(Difference::NoTls),
            _ => (port != own_port && !gains_tls).then_some(Difference::Port),
        };
        if let Some(difference) = difference {
            return Some(Redirect::Elsewhere(difference, origin));
        }
        let path = target.path().as_str().trim_end_matches('/');
        let (place, is_sign_in) = match path.strip_suffix(request_path) {
            Some(place) => (place, false),
            None => (self.site.installation(path), is_sign_in(self.site.installation(path))),
        };
        let there = Self::parse(&format!("{origin}{place}"), self.site).ok();
        let there = there.filter(|there| !is_sign_in && (there.scheme, &there.path) != (self.scheme, &self.path));
        let url = there.map(|there| there.to_string()).filter(|url| url.len() <= SHOWN_AT_MOST);
        Some(url.map_or(Redirect::Page, Redirect::Here))
    }
}

/// Whether a host, in lower case, is this machine, by its address or by a name that is reserved for it (RFC 6761).
fn is_loopback(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let address = host.trim_start_matches('[').trim_end_matches(']');
    name == "localhost"
        || name.ends_with(".localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback())
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme.as_str(), self.authority, self.path)
    }
}

const NO_SCHEME: &str = "does not begin with https:// or http://";

fn is_sign_in(path: &str) -> bool {
    let path = path.to_ascii_lowercase();
    SIGN_IN.iter().any(|word| path.contains(word))
}

/// Why text is not a URL at all.
fn malformed(text: &str) -> Unusable {
    let is_quote = |c: char| matches!(c, '"' | '\'' | '`' | '<' | '>' | '“' | '”' | '‘' | '’');
    let host = text.split_once("://").map(|(_, rest)| rest.split(['/', '?', '#']).next().unwrap_or_default());
    if text.contains(is_quote) {
        "contains a quotation mark or an angle bracket"
    } else if text.contains(char::is_whitespace) || text.contains(char::is_control) {
        "contains a space or a line break"
    } else if text.contains('\\') {
        "contains a backslash instead of a slash"
    } else if host.is_none() {
        NO_SCHEME
    } else if host.is_some_and(|host| !host.is_ascii()) {
        "has a host with letters outside ASCII: enter the form of the name that begins with xn--"
    } else if host.is_some_and(|host| host.matches(':').count() > 1 && !host.contains(['[', '@'])) {
        "has an IPv6 address without brackets: enter it as http://[::1]:8080"
    } else {
        "is not a URL: it contains a character that no URL may have, or is incomplete"
    }
    .into()
}

/// The host in lower case, and the port if there is one.
fn host_and_port(authority: &Authority<'_>) -> Result<(String, Option<u16>), Unusable> {
    let is_of_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    let host = authority.host().to_ascii_lowercase();
    if host.is_empty() {
        return Err("has no host behind https:// or http://".into());
    }
    if matches!(authority.host_parsed(), Host::RegName(_)) && !host.bytes().all(is_of_name) {
        return Err("has a host name with an invalid character".into());
    }
    let port = authority.port_to_u16();
    match port {
        Ok(Some(0)) | Err(_) => Err("has a port that is not a number from 1 to 65535".into()),
        Ok(port) => Ok((host, port)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    const SITE: Site = Site {
        api: "/api/v4",
        pages: &["login", "console", "pick_a_team"],
        behind_a_name: &["channels", "messages", "posts"],
    };

    fn parse(text: &str) -> Result<BaseUrl, Unusable> {
        BaseUrl::parse(text, &SITE)
    }

    #[test]
    fn urls_are_read_as_people_copy_them() {
        for (text, expect) in [
            ("https://chat.example.com", "https://chat.example.com"),
            ("  https://chat.example.com/\n", "https://chat.example.com"),
            ("HTTPS://Chat.Example.COM", "https://chat.example.com"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]:8080/", "http://[::1]:8080"),
            ("https://chat_1.example.com.", "https://chat_1.example.com."),
            ("https://xn--cht-rla.example.com", "https://xn--cht-rla.example.com"),
            ("https://chat.example.com:", "https://chat.example.com"),
            ("https://example.com/company/chat/", "https://example.com/company/chat"),
            ("https://example.com/company/chat/api/v4/", "https://example.com/company/chat"),
            ("https://example.com/api/v4", "https://example.com"),
            ("https://example.com//", "https://example.com"),
            ("https://example.com/channels/chat", "https://example.com/channels/chat"),
            ("https://example.com/team/channels", "https://example.com/team/channels"),
        ] {
            assert_eq!(parse(text).map(|url| url.to_string()).as_deref(), Ok(expect), "{text}");
        }
    }

    #[test]
    fn a_wrong_address_is_explained_with_what_to_enter() {
        let server = Some("https://chat.example.com");
        let below = Some("https://example.com/company");
        for (text, why, instead) in [
            ("chat.example.com", "does not begin with", None),
            ("chat.example.com:8080", "does not begin with", None),
            ("//chat.example.com", "does not begin with", None),
            ("https:chat.example.com", "no host", None),
            ("https:/chat.example.com", "no host", None),
            ("ftp://chat.example.com", "another scheme", None),
            ("chat://chat.example.com", "another scheme", None),
            ("https://https://chat.example.com", "twice", None),
            ("http://https//chat.example.com", "twice", None),
            ("https://", "no host", None),
            ("https:///api", "no host", None),
            ("https://:8080", "no host", None),
            ("https://chat.example.com:99999", "from 1 to 65535", None),
            ("https://chat.example.com:0", "from 1 to 65535", None),
            ("https://chat.example.com:x", "character that no URL", None),
            ("https://chat.example.com,", "host name with an invalid character", None),
            ("https://%41.example.com", "host name with an invalid character", None),
            ("https://chat example.com", "space", None),
            ("https://example.com/a\r\nX: y", "line break", None),
            ("\"https://chat.example.com\"", "quotation mark", None),
            ("<https://chat.example.com>", "angle bracket", None),
            ("https:\\\\chat.example.com", "backslash", None),
            ("https://chät.example.com", "xn--", None),
            ("http://::1:8080", "brackets", None),
            ("https://example.com/a//b", "empty or dotted", None),
            ("https://example.com/../b", "empty or dotted", None),
            ("https://user:hunter2@chat.example.com", "user name or password", server),
            ("https://hunter2@chat.example.com/login", "user name or password", server),
            ("https://chat.example.com?x=hunter2", "after ? or #", server),
            ("https://chat.example.com/#hunter2", "after ? or #", server),
            ("https://chat.example.com/api/v4/users?page=hunter2", "after ? or #", server),
            ("https://chat.example.com/api/v4/users", "leads to a page or an API route", server),
            ("https://chat.example.com/login", "leads to a page or an API route", server),
            ("https://chat.example.com/team/channels/lobby", "leads to a page", server),
            ("https://chat.example.com/team/messages/@zoe", "leads to a page", server),
            ("https://chat.example.com/team/posts/6eo7ykpcdbn6trg8dr9xawm4mo/", "leads to a page", server),
            ("https://chat.example.com/console/about/license", "leads to a page", server),
            ("https://example.com/company/api/v4/users/me", "leads to a page", below),
            ("https://example.com/company/team/channels/lobby", "leads to a page", below),
            ("https://example.com/company/pick_a_team", "leads to a page", below),
        ] {
            let wrong = parse(text).unwrap_err();
            assert!(wrong.why.contains(why), "{text}: {wrong:?}");
            assert_eq!(wrong.instead.as_deref(), instead, "{text}");
            assert!(!format!("{wrong:?}").contains("hunter2"), "{wrong:?}");
            if let Some(instead) = instead {
                assert_eq!(parse(instead).map(|url| url.to_string()).as_deref(), Ok(instead));
            }
        }
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table of cases")]
    fn a_redirect_names_an_address_only_of_the_same_server() {
        let here = |url: &str| Redirect::Here(url.into());
        let elsewhere = |difference, origin: &str| Redirect::Elsewhere(difference, origin.into());
        let (http, https) = ("http://chat.example.com", "https://chat.example.com");
        let (subpath, port) = ("https://chat.example.com/old", "https://chat.example.com:8443");
        let me = "/api/v4/users/me";
        for (base, location, expect) in [
            (https, "/chat/api/v4/users/me?x=hunter2", here("https://chat.example.com/chat")),
            (https, "/chat/api/v4/users/me/", here("https://chat.example.com/chat")),
            (https, "/chat/", here("https://chat.example.com/chat")),
            (https, "HTTPS://Chat.Example.COM/chat/api/v4/users/me", here("https://chat.example.com/chat")),
            (https, "https://chat.example.com:443/chat", here("https://chat.example.com/chat")),
            (https, "//chat.example.com/chat/api/v4/users/me", here("https://chat.example.com/chat")),
            (https, "/a/../chat/api/v4/users", here("https://chat.example.com/chat")),
            (subpath, "/api/v4/users/me", here("https://chat.example.com")),
            (subpath, "/new/api/v4/users/me", here("https://chat.example.com/new")),
            (subpath, "/new/team/channels/lobby", here("https://chat.example.com/new")),
            (port, "/chat/api/v4/users/me", here("https://chat.example.com:8443/chat")),
            (http, "https://chat.example.com/api/v4/users/me", here(https)),
            (http, "https://chat.example.com:443/chat/api/v4/users/me", here("https://chat.example.com/chat")),
            (http, "https://chat.example.com/login", here(https)),
            ("http://[::1]:8080", "http://[::1]:8080/chat/", here("http://[::1]:8080/chat")),
            (https, me, Redirect::Page),
            (https, "/api/v4/users/me/", Redirect::Page),
            (https, "me", Redirect::Page),
            (https, "/", Redirect::Page),
            (https, "?cookie=hunter2", Redirect::Page),
            (https, "/a//b/api/v4/users/me", Redirect::Page),
            (https, "/login?redirect_to=hunter2", Redirect::Page),
            (https, "/oauth2/start?rd=hunter2", Redirect::Page),
            (https, "/realms/x/protocol/openid-connect/auth?state=hunter2", Redirect::Page),
            (subpath, "/old/login", Redirect::Page),
            (
                https,
                "https://login.example.com/saml?token=hunter2",
                elsewhere(Difference::Host, "https://login.example.com"),
            ),
            (https, "//login.example.com/api/v4/users/me", elsewhere(Difference::Host, "https://login.example.com")),
            (
                https,
                "https://chat.example.com.evil.example/api/v4/users/me",
                elsewhere(Difference::Host, "https://chat.example.com.evil.example"),
            ),
            (http, "https://www.chat.example.com/", elsewhere(Difference::Host, "https://www.chat.example.com")),
            (https, "http://chat.example.com/api/v4/users/me", elsewhere(Difference::NoTls, http)),
            (https, "http://chat.example.com:443/", elsewhere(Difference::NoTls, "http://chat.example.com:443")),
            (https, "https://chat.example.com:8443/api/v4/users/me", elsewhere(Difference::Port, port)),
            (http, "https://chat.example.com:8443/", elsewhere(Difference::Port, port)),
            ("http://chat.example.com:8080", "https://chat.example.com/", elsewhere(Difference::Port, https)),
            (https, "", Redirect::Unknown),
            (https, "https://x/\u{7}", Redirect::Unknown),
            (https, "https://chat.example.com@evil.example/", Redirect::Unknown),
            (https, "https://user:hunter2@chat.example.com/", Redirect::Unknown),
            (https, "/\\evil.example/", Redirect::Unknown),
            (https, "chat://chat.example.com/", Redirect::Unknown),
            (https, "javascript:alert(1)", Redirect::Unknown),
        ] {
            let target = parse(base).unwrap().redirect("/api/v4/users/me?page=1", location);
            assert_eq!(target, expect, "{base}: {location}");
            assert!(!format!("{target:?}").contains("hunter2"), "{target:?}");
        }
        let long = format!("/{}/api/v4/users/me", "x".repeat(400));
        assert_eq!(parse(https).unwrap().redirect(me, &long), Redirect::Page);
    }
}
