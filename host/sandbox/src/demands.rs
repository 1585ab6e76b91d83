//! Checks that the demands of a description can be granted: requests to servers that a setting names, and secrets that go
//! to one of them.

use std::fmt;

use http::HeaderName;
use provider_egress::{ORDINARY, unaskable};
use provider_model::{Description, RequestSpec, SecretUse, SettingKind};

use crate::{Error, Result};

/// Headers that servers answer with: a provider could read its secret there.
const ANSWERED: [&str; 9] = [
    "correlation-id",
    "idempotency-key",
    "origin",
    "request-id",
    "traceparent",
    "tracestate",
    "x-amzn-trace-id",
    "x-correlation-id",
    "x-request-id",
];

/// Checks the demands of a description.
///
/// # Errors
/// [`Error::DescriptionRefused`]: what cannot be granted, and why.
pub(crate) fn check(description: &Description) -> Result<()> {
    let is_url = |key: &str| description.settings.iter().any(|spec| spec.key == key && spec.kind == SettingKind::Url);
    for spec in &description.requests {
        let refused = |reason: String| Error::DescriptionRefused { demand: format!("the request `{spec}`"), reason };
        if !is_url(&spec.url) {
            return Err(refused(no_setting(&spec.url)));
        }
        request(spec).map_err(refused)?;
    }
    for spec in &description.settings {
        let SettingKind::Secret(place) = &spec.kind else { continue };
        let refused =
            |reason: String| Error::DescriptionRefused { demand: format!("the secret `{}`", spec.key), reason };
        if !is_url(&place.url) {
            return Err(refused(no_setting(&place.url)));
        }
        secret(place).map_err(refused)?;
    }
    Ok(())
}

fn no_setting(key: &str) -> String {
    format!("there is no setting `{key}` of kind url")
}

fn request(spec: &RequestSpec) -> std::result::Result<(), String> {
    for key in &spec.query {
        // A key is compared as it is sent, so one that needs an escape would never be granted.
        let is_plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_graphic() && !b"%&+;=#".contains(&b));
        if !is_plain {
            return Err(format!("`{}` is not a plain query key", key.escape_default()));
        }
        if unaskable::is_query_key(key) {
            return Err(other_request(format_args!("the query key `{key}`")));
        }
    }
    spec.headers.iter().try_for_each(|name| header(name))
}

fn secret(place: &SecretUse) -> std::result::Result<(), String> {
    let name = place.header.as_str();
    header(name)?;
    let is_ordinary = ORDINARY.contains(&name) && name != "authorization";
    if is_ordinary || ANSWERED.contains(&name) {
        return Err(format!(
            "servers may answer with what the header `{name}` holds, and the provider could read it there"
        ));
    }
    Ok(())
}

fn header(name: &str) -> std::result::Result<(), String> {
    // The host writes these two itself.
    if matches!(name, "host" | "content-length") || unaskable::is_header(name) {
        return Err(other_request(format_args!("the header `{name}`")));
    }
    match HeaderName::from_bytes(name.as_bytes()) {
        Ok(parsed) if parsed.as_str() == name => Ok(()),
        Ok(_) | Err(_) => Err(format!("`{}` is not the name of a header in lower case", name.escape_default())),
    }
}

fn other_request(what: fmt::Arguments<'_>) -> String {
    format!("{what} can ask a server for another method, path, host or user, or belongs to the connection")
}

#[cfg(test)]
mod tests {
    use super::*;
    use provider_testing::samples;

    fn description() -> Description {
        let settings = [("url", SettingKind::Url), ("token", samples::secret()), ("name", SettingKind::Text)];
        Description {
            settings: settings.map(|(key, kind)| samples::setting(key, kind)).into(),
            requests: vec![samples::request("GET", "/users")],
            ..samples::description()
        }
    }

    #[test]
    fn demands_that_cannot_be_granted_are_refused_by_name() {
        type Change = fn(&mut Description);
        let token = |it: &mut Description, url: &str, header: &str| {
            it.settings[1].kind = SettingKind::Secret(SecretUse { url: url.into(), header: header.into() });
        };
        let cases: &[(Change, Option<&str>)] = &[
            (|_| {}, None),
            (|it| it.requests[0].query = ["page", "filter[name]", "$top"].map(String::from).into(), None),
            (|it| it.requests[0].headers = vec!["x-scope".into(), "accept-language".into()], None),
            (|it| it.requests[0].url = "other".into(), Some("no setting `other` of kind url")),
            (|it| it.requests[0].url = "name".into(), Some("no setting `name` of kind url")),
            (|it| it.requests[0].query.push("_method".into()), Some("query key `_method`")),
            (|it| it.requests[0].query.push("%5Fmethod".into()), Some("not a plain query key")),
            (|it| it.requests[0].query.push(String::new()), Some("not a plain query key")),
            (|it| it.requests[0].headers.push("x-http-method-override".into()), Some("another method")),
            (|it| it.requests[0].headers.push("transfer-encoding".into()), Some("belongs to the connection")),
            (|it| it.requests[0].headers.push("host".into()), Some("belongs to the connection")),
            (|it| it.requests[0].headers.push("X-Scope".into()), Some("in lower case")),
            (|it| it.requests[0].headers.push("x scope".into()), Some("in lower case")),
        ];
        for (change, expect) in cases {
            let mut changed = description();
            change(&mut changed);
            verdict(&changed, *expect);
        }
        for (url, header, expect) in [
            ("url", "x-api-key", None),
            ("url", "private-token", None),
            ("other", "authorization", Some("no setting `other` of kind url")),
            ("name", "authorization", Some("no setting `name` of kind url")),
            ("token", "authorization", Some("no setting `token` of kind url")),
            ("url", "cookie", Some("another method, path, host or user")),
            ("url", "user-agent", Some("servers may answer with")),
            ("url", "x-request-id", Some("servers may answer with")),
            ("url", "Authorization", Some("in lower case")),
            ("url", "", Some("in lower case")),
        ] {
            let mut changed = description();
            token(&mut changed, url, header);
            verdict(&changed, expect);
        }
    }

    #[track_caller]
    fn verdict(description: &Description, expect: Option<&str>) {
        let refused = check(description).err();
        assert_eq!(refused.is_some(), expect.is_some(), "{refused:?}");
        if let (Some(error), Some(words)) = (refused, expect) {
            assert!(error.code() == "description-refused" && error.to_string().contains(words), "{error}");
        }
    }
}
