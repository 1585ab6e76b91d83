//! Headers that a guest may send.
//!
//! A grant is a method and a path. Servers, and proxies in front of them, read other methods, paths, hosts, addresses and
//! users from headers (`x-http-method-override`, `x-original-url`, `x-forwarded-for`, `cookie`), so that a header that is
//! not ordinary would ask for something else than what was granted, with the token beside it.

use http::header::{
    ACCEPT, ACCEPT_CHARSET, ACCEPT_ENCODING, ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LANGUAGE,
    CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, PRAGMA, RANGE, USER_AGENT,
};

use crate::vault;

/// Headers of RFC 9110 and RFC 9111 that say what is asked for and in which form, and never where, by whom or how. The
/// host's name is held against the address elsewhere.
const ORDINARY: [HeaderName; 18] = [
    ACCEPT,
    USER_AGENT,
    HOST,
    CONTENT_TYPE,
    CONTENT_LENGTH,
    ACCEPT_ENCODING,
    ACCEPT_LANGUAGE,
    ACCEPT_CHARSET,
    CONTENT_ENCODING,
    CONTENT_LANGUAGE,
    CACHE_CONTROL,
    PRAGMA,
    IF_MATCH,
    IF_NONE_MATCH,
    IF_MODIFIED_SINCE,
    IF_UNMODIFIED_SINCE,
    IF_RANGE,
    RANGE,
];

/// Characters of a header's name that are kept for a person.
const NAME: usize = 64;

/// The first header that is not let out: one that is neither ordinary nor for credentials, or one that stands there twice.
pub(crate) fn refused(headers: &HeaderMap) -> Option<&HeaderName> {
    if headers.len() != headers.keys_len() {
        let twice = headers.keys().find(|name| headers.get_all(*name).iter().nth(1).is_some());
        if twice.is_some() {
            return twice;
        }
    }
    headers.keys().find(|name| !ORDINARY.contains(name) && !vault::HEADERS.contains(name))
}

/// A name as a person reads it, cut off where it is longer than any real one.
pub(crate) fn shown(name: &HeaderName) -> String {
    name.as_str().chars().take(NAME).collect()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn headers_are_refused_but_for_ordinary_ones_and_credentials() {
        let ordinary = ["accept", "Content-Type", "user-agent", "If-None-Match", "range", "host", "ACCEPT-ENCODING"];
        let credentials = ["authorization", "X-Api-Key", "api-key", "x-auth-token", "private-token"];
        let others = [
            "X-HTTP-Method-Override",
            "x-http-method",
            "x-method-override",
            "X-Original-URL",
            "x-rewrite-url",
            "X-Forwarded-Host",
            "x-forwarded-for",
            "x-forwarded-proto",
            "forwarded",
            "x-real-ip",
            "x-original-host",
            "via",
            "cookie",
            "connection",
            "keep-alive",
            "transfer-encoding",
            "te",
            "trailer",
            "upgrade",
            "http2-settings",
            "expect",
            "max-forwards",
            "proxy-authorization",
            "proxy-connection",
            "referer",
            "origin",
            "from",
            "x-request-id",
            "x-csrf-token",
            "x-requested-with",
            "sec-fetch-site",
            "destination",
            "x-remote-user",
        ];
        let found = |name: &str| {
            let name: HeaderName = name.parse().unwrap();
            let headers = HeaderMap::from_iter([(name, HeaderValue::from_static("x"))]);
            refused(&headers).map(shown)
        };
        for name in ordinary.into_iter().chain(credentials) {
            assert_eq!(found(name), None, "{name}");
        }
        for name in others {
            assert_eq!(found(name), Some(name.to_ascii_lowercase()), "{name}");
        }
    }

    #[test]
    fn no_header_is_sent_twice() {
        for name in ["accept", "authorization", "content-length", "host", "content-type"] {
            let mut headers = HeaderMap::new();
            headers.insert("range", HeaderValue::from_static("x"));
            headers.append(name, HeaderValue::from_static("x"));
            assert_eq!(refused(&headers), None);
            headers.append(name, HeaderValue::from_static("x"));
            assert_eq!(refused(&headers).map(shown).as_deref(), Some(name));
        }
    }

    #[test]
    fn long_names_are_cut_off() {
        let name: HeaderName = "x".repeat(1_000).parse().unwrap();
        assert_eq!(shown(&name).len(), NAME);
    }
}
