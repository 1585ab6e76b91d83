//! Requests in words that may be logged: without ids and queries.

use http::Method;

use crate::Origin;

/// Bytes of an origin that are kept: as many as a name may have.
const ORIGIN: usize = 255;

/// Segments of a path that are kept.
const SEGMENTS: usize = 16;

/// Characters of the longest word that is taken for an API's, and not for an id.
const WORD: usize = 20;

/// Scheme, host and port, cut off if they are longer than any real ones.
pub(crate) fn origin(origin: &Origin) -> String {
    origin.to_string().chars().take(ORIGIN).collect()
}

/// A method that has a common name, or `OTHER`: any other may hold text of the guest's choice.
pub(crate) fn method(method: &Method) -> String {
    let common = [
        Method::GET,
        Method::HEAD,
        Method::POST,
        Method::PUT,
        Method::PATCH,
        Method::DELETE,
        Method::OPTIONS,
        Method::TRACE,
        Method::CONNECT,
    ];
    if common.contains(method) { method.to_string() } else { "OTHER".to_owned() }
}

/// A path with `{}` for each segment that is not a word.
pub(crate) fn path(path: &str, is_word: impl Fn(&str) -> bool) -> String {
    let mut segments = path.split('/').skip(1);
    let mut words = String::new();
    for segment in segments.by_ref().take(SEGMENTS) {
        words.push('/');
        words.push_str(if segment.is_empty() || is_word(segment) { segment } else { "{}" });
    }
    if segments.next().is_some() {
        words.push_str("/…");
    }
    words
}

/// Whether a segment looks like a word of an API: short and of small letters, or the number of a version.
pub(crate) fn is_plain_word(segment: &str) -> bool {
    let is_small = |b: u8| b.is_ascii_lowercase() || matches!(b, b'-' | b'_');
    let version = segment.strip_prefix('v').unwrap_or_default();
    (segment.len() <= WORD && segment.bytes().all(is_small))
        || (matches!(version.len(), 1 | 2) && version.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_left_out_of_paths() {
        for (asked, expect) in [
            ("/api/v4/bots", "/api/v4/bots"),
            ("/api/v4/users/9dr4hm3ycfbejd8tf3p7cmr3rc", "/api/v4/users/{}"),
            ("/api/v4/users/abcdefghijklmnopqrstuvwxyz/roles", "/api/v4/users/{}/roles"),
            ("/api/v4/users/email/zoe%40example.com", "/api/v4/users/email/{}"),
            ("/api/v4/users/email/zoe@example.com", "/api/v4/users/email/{}"),
            ("/users/1234", "/users/{}"),
            ("/v123", "/{}"),
            ("/Zoe", "/{}"),
            ("/a//b/", "/a//b/"),
            ("/", "/"),
            ("", ""),
        ] {
            assert_eq!(path(asked, is_plain_word), expect, "{asked}");
        }
        assert_eq!(path(&"/x".repeat(17), is_plain_word), format!("{}/…", "/x".repeat(16)));
        assert_eq!(path("/api/zoe", |word| word == "api"), "/api/{}");
    }

    #[test]
    fn only_common_methods_are_named() {
        assert_eq!(method(&Method::DELETE), "DELETE");
        assert_eq!(method(&"ZOE-AT-EXAMPLE".parse().unwrap()), "OTHER");
    }

    #[test]
    fn long_hosts_are_cut_off() {
        let long = Origin::parse(&format!("https://{}.example", "x".repeat(1000))).unwrap();
        assert_eq!(origin(&long).len(), ORIGIN);
    }
}
