//! Scheme, host and port: what a provider is let out to.

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
    /// The origin of an http or https URL.
    ///
    /// # Errors
    /// What is wrong with it, in a few words that do not repeat it.
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        let url = url.trim();
        // A path may hold what `http` does not take; it is not part of an origin.
        let end = url.find("://").map_or(url.len(), |at| {
            let rest = at.saturating_add(3);
            url.get(rest..).and_then(|rest| rest.find(['/', '?', '#'])).map_or(url.len(), |n| rest.saturating_add(n))
        });
        let uri: Uri = url.get(..end).unwrap_or_default().parse().map_err(|_| "it is not a URL")?;
        if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
            return Err("it holds a user name or password");
        }
        Self::of(&uri).ok_or("it is not an http or https URL with a host")
    }

    /// The origin of a request; none where the address holds a user name, which no request of a provider needs.
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
        // A port that is no number from 0 to 65535 reads as none, and must not become the default.
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

    /// As people write it: the port only where it is not the usual one.
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
            ("https://user:pw@chat.example.com", None),
            ("chat.example.com", None),
            ("ftp://chat.example.com", None),
            ("https://", None),
            ("https://:443", None),
            ("https://chat.example.com:99999", None),
            ("", None),
        ];
        for (url, expect) in cases {
            assert_eq!(Origin::parse(url).ok().map(|origin| origin.to_string()).as_deref(), expect, "{url}");
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
