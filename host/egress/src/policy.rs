//! The policy: which origins the operator of a platform allows its tenants' providers to reach.

use std::net::IpAddr;

use crate::{Error, Origin, Result};

/// Origins that providers may be connected to. [`Policy::default`] allows any that an administrator configured in a
/// setting of kind url, at whatever address it is.
///
/// A line is `scheme://host` or `scheme://host:port`. A host that begins with `*.` stands for every name below the rest,
/// at any depth, and not for the rest itself.
///
/// Private addresses are those of RFC 1918, loopback, unique local and of carriers' translators (100.64.0.0/10), among
/// others that lead nowhere on the Internet. Link-local and metadata addresses are refused whatever a policy says.
///
/// ```
/// use provider_egress::{Origin, Policy};
///
/// let policy = Policy::new(["https://chat.example.com", "https://*.example.org:8443"])?;
/// assert!(policy.allows(&Origin::parse("https://chat.example.com/team").unwrap()));
/// assert!(!policy.allows(&Origin::parse("https://example.org:8443").unwrap()));
/// # Ok::<(), provider_egress::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `None` allows any origin that is configured.
    allow: Option<Vec<Pattern>>,
    private_addresses: bool,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    /// The origin, or what follows `*.` as one.
    origin: Origin,
    is_wildcard: bool,
}

/// Which addresses an origin's name may lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Reach {
    /// Private ones, too.
    Private,
    /// Those of the Internet alone.
    Public,
}

impl Default for Policy {
    fn default() -> Self {
        Self { allow: None, private_addresses: true }
    }
}

impl Policy {
    /// Allows the origins of these lines and no other.
    ///
    /// # Errors
    /// A line names no origin.
    pub fn new<L: AsRef<str>>(lines: impl IntoIterator<Item = L>) -> Result<Self> {
        let allow = lines.into_iter().map(|line| Pattern::parse(line.as_ref())).collect::<Result<_>>()?;
        Ok(Self { allow: Some(allow), ..Self::default() })
    }

    /// Whether private addresses may be dialled for every allowed origin. Set `false` on platforms whose tenants are
    /// strangers: then only an origin that a line names exactly, without a wildcard, may be at a private address, and a
    /// tenant's own name cannot lead into the platform's network.
    #[must_use]
    pub fn private_addresses(mut self, allowed: bool) -> Self {
        self.private_addresses = allowed;
        self
    }

    /// Whether providers may be connected to an origin.
    #[must_use]
    pub fn allows(&self, origin: &Origin) -> bool {
        self.reach(origin).is_some()
    }

    /// Which addresses an origin may be at; `None` if it is not allowed.
    pub(crate) fn reach(&self, origin: &Origin) -> Option<Reach> {
        let named_exactly = self.patterns().any(|pattern| !pattern.is_wildcard && pattern.matches(origin));
        let is_allowed = self.allow.is_none() || self.patterns().any(|pattern| pattern.matches(origin));
        if named_exactly || (is_allowed && self.private_addresses) {
            Some(Reach::Private)
        } else {
            is_allowed.then_some(Reach::Public)
        }
    }

    /// The same, with the line that would allow it.
    ///
    /// # Errors
    /// [`Error::OriginDenied`].
    pub(crate) fn check(&self, origin: &Origin) -> Result<Reach> {
        self.reach(origin).ok_or_else(|| {
            let line = line(origin);
            let fix = format!("If providers of this platform may reach it, add this to the policy: {line}");
            Error::OriginDenied { origin: origin.clone(), line, fix }
        })
    }

    fn patterns(&self) -> impl Iterator<Item = &Pattern> {
        self.allow.iter().flatten()
    }
}

/// The line of a policy that allows an origin, at a private address as well.
pub(crate) fn line(origin: &Origin) -> String {
    format!("allow = [\"{}\"]", origin.shown())
}

impl Pattern {
    fn parse(line: &str) -> Result<Self> {
        // What stands before the host may be a password.
        let shown = line.rsplit_once('@').map_or(line, |(_, after)| after);
        let unusable = |reason| Error::PolicyUnusable { line: shown.to_owned(), reason };
        let (scheme, rest) = line.trim().split_once("://").ok_or_else(|| unusable("it has no scheme"))?;
        let below = rest.strip_prefix("*.");
        let rest = below.unwrap_or(rest);
        if rest.contains(['/', '?', '#']) {
            return Err(unusable("it has text after the host and the port"));
        }
        if rest.contains('*') {
            return Err(unusable(
                "a wildcard stands for whole names at the beginning of the host, as in *.example.com",
            ));
        }
        let origin = Origin::parse(&format!("{scheme}://{rest}")).map_err(unusable)?;
        let is_wildcard = below.is_some();
        if is_wildcard && (origin.host().starts_with('[') || origin.host().parse::<IpAddr>().is_ok()) {
            return Err(unusable("an IP address cannot have a wildcard"));
        }
        Ok(Self { origin, is_wildcard })
    }

    fn matches(&self, origin: &Origin) -> bool {
        if !self.is_wildcard {
            return self.origin == *origin;
        }
        let is_below = origin
            .host()
            .strip_suffix(self.origin.host())
            .and_then(|names| names.strip_suffix('.'))
            .is_some_and(|names| !names.is_empty());
        is_below && self.origin.is_https() == origin.is_https() && self.origin.port() == origin.port()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(url: &str) -> Origin {
        Origin::parse(url).unwrap()
    }

    #[test]
    fn lines_allow_what_they_name() {
        let policy = Policy::new([
            "https://chat.example.com",
            " https://*.example.org ",
            "http://*.lab:8065",
            "https://10.0.0.1:8443",
            "HTTPS://UPPER.example",
        ])
        .unwrap();
        for (url, expect) in [
            ("https://chat.example.com", true),
            ("https://Chat.Example.com:443/team", true),
            ("http://chat.example.com", false),
            ("https://chat.example.com:8443", false),
            ("https://chat.example.com.evil.example", false),
            ("https://a.chat.example.com", false),
            ("https://a.example.org", true),
            ("https://a.b.example.org", true),
            ("https://example.org", false),
            ("https://.example.org", false),
            ("https://badexample.org", false),
            ("https://a.example.org:444", false),
            ("http://a.example.org", false),
            ("http://a.lab:8065", true),
            ("http://a.lab", false),
            ("https://10.0.0.1:8443", true),
            ("https://10.0.0.1", false),
            ("https://upper.example", true),
        ] {
            assert_eq!(policy.allows(&origin(url)), expect, "{url}");
        }
        assert!(!Policy::new([""; 0]).unwrap().allows(&origin("https://a.example")), "no line allows nothing");
        assert!(Policy::default().allows(&origin("https://a.example")));
    }

    #[test]
    fn lines_that_name_no_origin_are_refused() {
        for line in [
            "",
            "chat.example.com",
            "https://",
            "https://*",
            "https://*.",
            "https://a.*.example",
            "https://a*.example",
            "https://*.*.example",
            "*://a.example",
            "ftp://a.example",
            "https://a.example/",
            "https://a.example/x",
            "https://a.example?x",
            "https://zoe:hunter2@a.example",
            "https://a.example:99999",
            "https://a.example:*",
            "https://*.10.0.0.1",
            "https://*.[::1]",
        ] {
            let refused = Policy::new(["https://fine.example", line]).unwrap_err();
            assert_eq!(refused.code(), "policy-unusable", "{line}");
            assert!(!format!("{refused} {refused:?}").contains("hunter2"), "{refused}");
            let shown = line.rsplit('@').next().unwrap();
            assert!(refused.to_string().contains(&format!("`{shown}`")), "{refused}");
        }
    }

    #[test]
    fn private_addresses_are_for_origins_that_are_named() {
        let lines = ["https://chat.internal", "https://*.internal"];
        let strict = |policy: Policy| policy.private_addresses(false);
        for (name, policy, url, expect) in [
            ("default", Policy::default(), "https://a.internal", Some(Reach::Private)),
            ("strict default", strict(Policy::default()), "https://a.internal", Some(Reach::Public)),
            ("wildcard", Policy::new(lines).unwrap(), "https://a.internal", Some(Reach::Private)),
            ("strict wildcard", strict(Policy::new(lines).unwrap()), "https://a.internal", Some(Reach::Public)),
            ("strict exact", strict(Policy::new(lines).unwrap()), "https://chat.internal", Some(Reach::Private)),
            ("strict and not named", strict(Policy::new(lines).unwrap()), "https://a.example", None),
        ] {
            assert_eq!(policy.reach(&origin(url)), expect, "{name}");
        }
    }

    #[test]
    fn a_denial_holds_the_line_that_would_allow_it() {
        let refused = Policy::new(["https://a.example"]).unwrap();
        let refused = refused.check(&origin("https://Chat.example.com:443/x")).unwrap_err();
        assert_eq!(refused.code(), "origin-denied");
        assert_eq!(refused.to_string(), "the policy does not let providers reach https://chat.example.com");
        assert!(refused.fix().unwrap().ends_with(r#" allow = ["https://chat.example.com"]"#), "{refused:?}");
        let Error::OriginDenied { line, .. } = refused else { panic!("{refused:?}") };
        assert_eq!(line, r#"allow = ["https://chat.example.com"]"#);
    }
}
