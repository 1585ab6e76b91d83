//! Scheme, host and port: where a provider may send requests.

use std::borrow::Cow;
use std::fmt;

use http::Uri;
use http::uri::Scheme;

/// Where requests may go: the scheme, the host in lower case and the port of a URL.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    is_https: bool,
    host: String,
    port: u16,
}

impl Origin {
    /// The origin of an http or https URL. A host with letters outside ASCII is read as the name that is looked up for it.
    ///
    /// # Errors
    /// What is wrong with it, in a few words that do not repeat it.
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        let url = url.trim();
        let (scheme, authority, _) = parts(url).ok_or_else(|| malformed(url))?;
        if !scheme.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return Err(malformed(url));
        }
        if !["http", "https"].iter().any(|known| scheme.eq_ignore_ascii_case(known)) {
            return Err("it begins with another scheme than https:// or http://");
        }
        if authority.contains('@') {
            return Err("it contains a user name or password");
        }
        // Of a host that is not in brackets a colon parts the port.
        if !authority.contains('[') && authority.matches(':').count() > 1 {
            return Err("it has an IPv6 address without brackets, which are written as in http://[::1]:8065");
        }
        if authority.is_empty() || authority.starts_with(':') {
            return Err("it has no host");
        }
        if authority.chars().any(|c| c.is_ascii() && !is_of_authority(c)) {
            return Err(malformed(url));
        }
        let authority = ascii_authority(authority)?;
        let uri: Uri = format!("{scheme}://{authority}").parse().map_err(|_| malformed(url))?;
        if uri.host().is_none_or(str::is_empty) {
            return Err("it has no host");
        }
        Self::of(&uri).filter(|origin| origin.port != 0).ok_or("its port is not a number from 1 to 65535")
    }

    /// The origin of a request; `None` if the address holds a user name, which no request of a provider needs.
    pub(crate) fn of(uri: &Uri) -> Option<Self> {
        let is_https = match uri.scheme()? {
            scheme if *scheme == Scheme::HTTPS => true,
            scheme if *scheme == Scheme::HTTP => false,
            _ => return None,
        };
        let authority = uri.authority()?.as_str();
        if authority.contains('@') {
            return None;
        }
        let host = uri.host().filter(|host| !host.is_empty())?.to_ascii_lowercase();
        // A port that is not a number from 0 to 65535 reads as `None`, and must not become the default.
        let after_host = authority.rsplit_once(':').filter(|(_, port)| !port.contains(']')).map(|(_, port)| port);
        let port = match uri.port() {
            Some(port) => port.as_u16(),
            None if after_host.is_some_and(|port| !port.is_empty()) => return None,
            None if is_https => 443,
            None => 80,
        };
        Some(Self { is_https, host, port })
    }

    /// The host in lower case; an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port, given or usual.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether requests go through TLS.
    #[must_use]
    pub const fn is_https(&self) -> bool {
        self.is_https
    }

    /// As people write it: with the port only if it is not the usual one.
    #[must_use]
    pub fn shown(&self) -> String {
        let (scheme, usual) = if self.is_https { ("https", 443) } else { ("http", 80) };
        if self.port == usual {
            format!("{scheme}://{}", self.host)
        } else {
            format!("{scheme}://{}:{}", self.host, self.port)
        }
    }
}

/// Scheme, authority and rest of a URL, as they stand there.
fn parts(url: &str) -> Option<(&str, &str, &str)> {
    let (scheme, after) = url.split_once("://")?;
    let end = after.find(['/', '?', '#']).unwrap_or(after.len());
    let (authority, rest) = after.split_at(end);
    Some((scheme, authority, rest))
}

/// The URL with a host that can be looked up: letters outside ASCII in the form that begins with `xn--`. Text that is not
/// a URL is left as it is.
pub fn ascii_url(url: &str) -> Cow<'_, str> {
    let ascii = parts(url.trim())
        .filter(|(_, authority, _)| !authority.is_ascii())
        .and_then(|(scheme, authority, rest)| Some(format!("{scheme}://{}{rest}", ascii_authority(authority).ok()?)));
    ascii.map_or(Cow::Borrowed(url), Cow::Owned)
}

fn ascii_authority(authority: &str) -> Result<Cow<'_, str>, &'static str> {
    if authority.is_ascii() {
        return Ok(Cow::Borrowed(authority));
    }
    let at = authority.rfind(':').unwrap_or(authority.len());
    let (host, port) = authority.split_at(at);
    let host = idna::domain_to_ascii(host).map_err(|_| "its host name contains an invalid character")?;
    Ok(Cow::Owned(format!("{host}{port}")))
}

const fn is_of_authority(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':' | '[' | ']')
}

/// Why a text is not a URL.
fn malformed(url: &str) -> &'static str {
    if url.contains(['"', '\'', '`', '<', '>', '“', '”', '‘', '’']) {
        "it contains a quotation mark or an angle bracket"
    } else if url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        "it contains a space or a line break"
    } else if url.contains('\\') {
        "it contains a backslash instead of a slash"
    } else if !url.contains("://") {
        "it does not begin with https:// or http://"
    } else {
        "its host name contains an invalid character"
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.is_https { "https" } else { "http" };
        write!(f, "{scheme}://{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_read_from_urls() {
        let cases = [
            ("https://chat.example.com", Some("https://chat.example.com:443")),
            (" https://Chat.Example.com/a path/ ", Some("https://chat.example.com:443")),
            ("HTTP://127.0.0.1:8065/x?y#z", Some("http://127.0.0.1:8065")),
            ("http://[::1]:8065", Some("http://[::1]:8065")),
            ("https://a.example?x", Some("https://a.example:443")),
            ("https://chät.example.com:8443/x", Some("https://xn--cht-rla.example.com:8443")),
            ("https://ПРИМЕР.example", Some("https://xn--e1afmkfd.example:443")),
            ("https://日本語。example", Some("https://xn--wgv71a119e.example:443")),
        ];
        for (url, expect) in cases {
            assert_eq!(Origin::parse(url).ok().map(|origin| origin.to_string()).as_deref(), expect, "{url}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_url_is_named_and_not_repeated() {
        for (url, expect) in [
            ("", "does not begin with https://"),
            ("hunter2.example.com", "does not begin with https://"),
            ("hunter2.example.com:8065", "does not begin with https://"),
            ("https:/hunter2.example.com", "does not begin with https://"),
            ("ftp://hunter2.example.com", "another scheme"),
            ("https://", "no host"),
            ("https://:443", "no host"),
            ("https:///hunter2", "no host"),
            ("https://user:hunter2@chat.example.com", "user name or password"),
            ("https://chat.example.com:99999", "from 1 to 65535"),
            ("https://chat.example.com:0", "from 1 to 65535"),
            ("https://chat.example.com:hunter2", "from 1 to 65535"),
            ("http://::1:8065", "brackets"),
            ("\"https://hunter2.example.com\"", "quotation mark"),
            ("https://hunter2.example.com'", "quotation mark"),
            ("“https://hunter2.example.com”", "quotation mark"),
            ("<https://hunter2.example.com>", "angle bracket"),
            ("https://hunter2 example.com", "space"),
            ("https://hunter2\nexample.com", "line break"),
            ("https:\\\\hunter2.example.com", "backslash"),
            ("https://hunter2,example.com", "contains an invalid character"),
            ("https://%41.example.com", "contains an invalid character"),
            ("https://hunter2\u{fffd}.example.com", "contains an invalid character"),
        ] {
            let wrong = Origin::parse(url).unwrap_err();
            assert!(wrong.contains(expect) && !wrong.contains("hunter2"), "{url}: {wrong}");
        }
    }

    #[test]
    fn a_guest_gets_the_name_that_is_looked_up() {
        for (url, expect) in [
            ("https://chät.example.com:8443/ä?x", "https://xn--cht-rla.example.com:8443/ä?x"),
            (" https://chat.example.com/ä ", " https://chat.example.com/ä "),
            ("chät", "chät"),
        ] {
            assert_eq!(ascii_url(url), expect);
        }
    }

    #[test]
    fn people_read_no_usual_port() {
        for (url, expect) in [
            ("https://a.example:443/x", "https://a.example"),
            ("http://a.example:80", "http://a.example"),
            ("http://a.example:443", "http://a.example:443"),
            ("https://[::1]:8443", "https://[::1]:8443"),
        ] {
            assert_eq!(Origin::parse(url).unwrap().shown(), expect, "{url}");
        }
    }

    #[test]
    fn default_ports_are_the_same_as_explicit_ones() {
        assert_eq!(Origin::parse("https://a.example"), Origin::parse("https://A.example:443/"));
        assert_ne!(Origin::parse("https://a.example"), Origin::parse("http://a.example:443"));
        assert_ne!(Origin::parse("https://a.example"), Origin::parse("https://a.example.evil.example"));
    }
}
