//! Forward proxies, as companies have them.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::Matcher;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};

use crate::address::refusal_of_host;
use crate::policy::Reach;
use crate::{Error, Origin, Result, vault};

/// A forward proxy that requests go through: https ones in a tunnel (`CONNECT`), so that it does not see what is in
/// them, and http ones as they are.
///
/// The proxy looks names up, so the host does not know which address a name leads to. The host checks the policy, addresses
/// in URLs, `localhost`, and the names of metadata services; the proxy must refuse the rest. The proxy's own address may be
/// private, but not link-local.
///
/// Neither `HTTPS_PROXY` nor another variable of the environment is read.
#[derive(Clone, Debug)]
pub struct Proxy {
    address: Uri,
    /// Sensitive, so that `Debug` does not show it.
    authorization: Option<HeaderValue>,
    except: Vec<String>,
}

/// How a request gets to its server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// By a connection of its own.
    Direct,
    /// Through a tunnel that the proxy opens.
    Tunnel,
    /// The proxy passes it on.
    Forward,
}

impl Proxy {
    /// A proxy at an http URL, such as `http://proxy.example.com:3128`.
    ///
    /// # Errors
    /// It is not such a URL, holds a user name, or leads to a blocked address.
    pub fn new(url: &str) -> Result<Self> {
        let unusable = |reason: &str| Error::ProxyUnusable { reason: reason.to_owned() };
        let origin = Origin::parse(url).map_err(unusable)?;
        if origin.is_https() {
            return Err(unusable("it is an https URL, and only proxies that are spoken to by http are supported"));
        }
        let is_bare =
            url.split_once("://").is_some_and(|(_, rest)| !rest.trim().trim_end_matches('/').contains(['/', '?', '#']));
        if !is_bare {
            return Err(unusable("it has text after the host and the port"));
        }
        if refusal_of_host(origin.host(), Reach::Private, false).is_some() {
            return Err(unusable("it is at a blocked address"));
        }
        let address = origin.to_string().parse().map_err(|_| unusable("it is not a URL"))?;
        Ok(Self { address, authorization: None, except: Vec::new() })
    }

    /// Presents a user name and a password to the proxy (`Basic`).
    ///
    /// # Errors
    /// The user name holds a colon, which would end it, or a control character.
    pub fn credentials(mut self, user: &str, password: &SecretString) -> Result<Self> {
        if user.contains(':') || user.chars().any(char::is_control) {
            let reason = "its user name holds a colon or a control character".to_owned();
            return Err(Error::ProxyUnusable { reason });
        }
        let both = Zeroizing::new([user, ":", password.expose_secret()].concat());
        let encoded = Zeroizing::new(BASE64_STANDARD.encode(both.as_bytes()));
        let value = vault::header_value(&["Basic ", &encoded])
            .map_err(|_| Error::ProxyUnusable { reason: "its credentials are too long".to_owned() })?;
        self.authorization = Some(value);
        Ok(self)
    }

    /// Hosts that are reached without the proxy, as in the usual `NO_PROXY`: a name stands for itself and every name below
    /// it, and an address or a network such as `10.0.0.0/8` for addresses that stand in a URL.
    ///
    /// # Errors
    /// One of them is empty, or holds something else than a name, an address or a network.
    pub fn except<H: AsRef<str>>(mut self, hosts: impl IntoIterator<Item = H>) -> Result<Self> {
        for host in hosts {
            let host = host.as_ref().trim();
            let is_usual = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b':' | b'/');
            if host.trim_matches('.').is_empty() || host.contains("//") || !host.bytes().all(is_usual) {
                return Err(Error::ProxyUnusable { reason: format!("`{host}` is not a host to reach without it") });
            }
            self.except.push(host.to_owned());
        }
        Ok(self)
    }

    /// Decides for each request; made once.
    pub(crate) fn into_rules(self) -> Rules {
        let matcher = Matcher::builder().all(self.address.to_string()).no(self.except.join(",")).build();
        Rules { address: self.address, authorization: self.authorization, matcher: matcher.into() }
    }
}

/// The credentials that a proxy receives, as they are sent and as they were given.
pub(crate) fn secrets(authorization: &HeaderValue) -> Vec<SecretString> {
    let sent = authorization.to_str().ok().and_then(|value| value.strip_prefix("Basic ")).unwrap_or_default();
    let both =
        BASE64_STANDARD.decode(sent).ok().and_then(|bytes| String::from_utf8(bytes).ok()).map(SecretString::from);
    let password =
        both.as_ref().and_then(|both| both.expose_secret().split_once(':')).map(|(_, password)| password.into());
    [SecretString::from(sent)].into_iter().chain(password).collect()
}

/// A proxy and what goes through it.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) address: Uri,
    pub(crate) authorization: Option<HeaderValue>,
    matcher: std::sync::Arc<Matcher>,
}

impl Rules {
    pub(crate) fn route(&self, uri: &Uri) -> Route {
        match self.matcher.intercept(uri) {
            None => Route::Direct,
            Some(_) if uri.scheme_str() == Some("https") => Route::Tunnel,
            Some(_) => Route::Forward,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_proxies_are_bare_http_urls() {
        for (url, expect) in [
            ("http://proxy.example.com:3128", Ok("http://proxy.example.com:3128/")),
            ("http://10.0.0.1:3128/", Ok("http://10.0.0.1:3128/")),
            ("http://[::1]", Ok("http://[::1]:80/")),
            ("https://proxy.example.com", Err("only proxies that are spoken to by http")),
            ("http://user:hunter2@proxy.example.com", Err("user name or password")),
            ("http://proxy.example.com/pac", Err("text after the host")),
            ("http://169.254.169.254:3128", Err("blocked address")),
            ("socks5://proxy.example.com", Err("another scheme")),
            ("proxy.example.com:3128", Err("does not begin with https:// or http://")),
        ] {
            match (Proxy::new(url), expect) {
                (Ok(proxy), Ok(expect)) => assert_eq!(proxy.address, expect, "{url}"),
                (Err(error), Err(words)) => {
                    assert!(error.code() == "proxy-unusable" && error.to_string().contains(words), "{url}: {error}");
                    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
                }
                (other, _) => panic!("{url}: {other:?}"),
            }
        }
    }

    #[test]
    fn credentials_are_not_shown() {
        let proxy = Proxy::new("http://p.example").unwrap().credentials("Aladdin", &"open sesame".into()).unwrap();
        assert_eq!(proxy.authorization.as_ref().unwrap(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        let shown = format!("{proxy:?} {:?}", proxy.clone().into_rules());
        assert!(!shown.contains("QWxh") && !shown.contains("sesame"), "{shown}");
        for user in ["a:b", "a\nb"] {
            let refused = Proxy::new("http://p.example").unwrap().credentials(user, &"hunter2".into()).unwrap_err();
            assert!(refused.code() == "proxy-unusable" && !format!("{refused:?}").contains("hunter2"));
        }
    }

    #[test]
    fn hosts_that_are_excepted_are_reached_directly() {
        let except = ["chat.internal", ".corp.example", "10.0.0.0/8", "::1"];
        let rules = Proxy::new("http://p.example").unwrap().except(except).unwrap().into_rules();
        for (url, expect) in [
            ("https://chat.example.com", Route::Tunnel),
            ("https://chat.example.com:8443", Route::Tunnel),
            ("http://chat.example.com", Route::Forward),
            ("https://chat.internal", Route::Direct),
            ("https://CHAT.internal:8443", Route::Direct),
            ("http://a.chat.internal", Route::Direct),
            ("https://badchat.internal", Route::Tunnel),
            ("https://a.corp.example", Route::Direct),
            ("http://10.1.2.3:8065", Route::Direct),
            ("http://11.1.2.3:8065", Route::Forward),
            ("http://[::1]:8065", Route::Direct),
            ("http://localhost:8065", Route::Forward),
        ] {
            assert_eq!(rules.route(&url.parse().unwrap()), expect, "{url}");
        }
        for host in ["", ".", "*", "a b", "a,b", "https://a"] {
            let refused = Proxy::new("http://p.example").unwrap().except([host]).unwrap_err();
            assert_eq!(refused.code(), "proxy-unusable", "{host:?}");
        }
    }
}
