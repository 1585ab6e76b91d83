//! Headers and query keys that no request may have, whatever a description says.
//!
//! A grant is a method, a path, query keys and headers. Servers, and proxies in front of them, take another method, path,
//! host or user from some names: with the token in it, a request with such a name would be another than the granted one.
//! The host itself sets the headers of the connection.

/// Headers of the connection, and single ones that name a user, a path or what comes next.
const HEADERS: [&str; 22] = [
    "client-ip",
    "connection",
    "cookie",
    "cookie2",
    "destination",
    "expect",
    "fastly-client-ip",
    "cf-connecting-ip",
    "forwarded",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "remote-user",
    "sudo",
    "te",
    "trailer",
    "transfer-encoding",
    "true-client-ip",
    "upgrade",
    "via",
    "x-host",
    "x-user",
];

/// How the names of others begin.
const STARTS: [&str; 20] = [
    "impersonate-",
    "proxy-",
    "sec-",
    "ssl-client-",
    "x-accel-",
    "x-authenticated-",
    "x-client-",
    "x-cluster-client-",
    "x-envoy-",
    "x-forwarded",
    "x-http-method",
    "x-impersonate",
    "x-method",
    "x-original-",
    "x-override-",
    "x-real-",
    "x-remote-",
    "x-rewrite-",
    "x-ssl-",
    "x-webauth-",
];

/// Query keys that frameworks take for a method, a path, a host or a user.
const KEYS: [&str; 16] = [
    "$httpmethod",
    "__method",
    "_host",
    "_http_method",
    "_httpmethod",
    "_method",
    "_path",
    "_switch_user",
    "_uri",
    "_url",
    "_user",
    "impersonate",
    "sudo",
    "x_http_method",
    "x_http_method_override",
    "x_method_override",
];

/// Whether a header, in lower case, is sent by no request.
pub fn is_header(name: &str) -> bool {
    HEADERS.contains(&name) || STARTS.iter().any(|start| name.starts_with(start))
}

/// Whether a query key is sent by no request.
pub fn is_query_key(key: &str) -> bool {
    let key = key.to_ascii_lowercase().replace('-', "_");
    KEYS.contains(&key.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_ask_for_another_request_are_known() {
        for name in [
            "x-http-method-override",
            "x-http-method",
            "x-method-override",
            "x-original-url",
            "x-original-host",
            "x-rewrite-url",
            "x-forwarded-host",
            "x-forwarded-for",
            "x-forwarded-proto",
            "x-forwarded-user",
            "forwarded",
            "x-real-ip",
            "x-client-ip",
            "x-remote-user",
            "x-ssl-client-cert",
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
            "sec-fetch-site",
            "destination",
            "sudo",
            "impersonate-user",
        ] {
            assert!(is_header(name), "{name}");
        }
        for name in ["accept", "authorization", "x-api-key", "x-request-id", "x-scope", "range", "accept-language"] {
            assert!(!is_header(name), "{name}");
        }
        for key in ["_method", "_METHOD", "x-http-method-override", "X_HTTP_Method_Override", "$httpMethod", "sudo"] {
            assert!(is_query_key(key), "{key}");
        }
        for key in ["method", "page", "user", "path", "host"] {
            assert!(!is_query_key(key), "{key}");
        }
    }
}
