//! What a provider is, needs and may answer.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::attributes::Attributes;

/// Where a secret goes. The placeholder is not replaced in any other header, or in a request to any other server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretUse {
    /// The key of the url setting whose server the secret is for.
    pub url: String,
    /// The request header that it goes into, in lower case.
    pub header: String,
}

/// As a person reads it: `{server_url} in the header authorization`.
impl fmt::Display for SecretUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}} in the header {}", self.url, self.header)
    }
}

/// What a setting holds, and what a host may do with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SettingKind {
    /// One line of text.
    Text,
    /// An http or https URL. The host lets the component reach its origin, and no other.
    Url,
    /// A secret that goes whole into one request header of one server.
    Secret(SecretUse),
    /// A secret whose real value the component must see.
    SecretValue,
    /// A whole number in decimal digits.
    Integer,
    /// `true` or `false`.
    Flag,
    /// One of the texts listed.
    Choice(Vec<String>),
}

impl SettingKind {
    /// The contract's name of the kind.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Url => "url",
            Self::Secret(_) => "secret",
            Self::SecretValue => "secret-value",
            Self::Integer => "integer",
            Self::Flag => "flag",
            Self::Choice(_) => "choice",
        }
    }

    /// Whether its values must be kept from logs, screens and command lines.
    #[must_use]
    pub const fn is_secret(&self) -> bool {
        match self {
            Self::Secret(_) | Self::SecretValue => true,
            Self::Text | Self::Url | Self::Integer | Self::Flag | Self::Choice(_) => false,
        }
    }
}

/// One field of a settings page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettingSpec {
    /// Snake_case and stable.
    pub key: String,
    /// A few words, for the field's caption.
    pub label: String,
    /// What the value holds.
    pub kind: SettingKind,
    /// Whether a call without it is refused.
    pub required: bool,
    /// What applies if the setting is left out.
    pub default: Option<String>,
    /// What it does and where an administrator finds the value.
    pub help: String,
    /// Hints for a settings page, documented by the provider.
    pub attributes: Attributes,
}

/// A request that the component may make.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestSpec {
    /// The key of the url setting below which it is made.
    pub url: String,
    /// `GET`, `POST` and so on.
    pub method: String,
    /// Below the origin and path of the url setting; `{}` stands for one path segment.
    pub path: String,
    /// The keys that its query may have.
    pub query: Vec<String>,
    /// The request headers that it may have beyond the ordinary ones, in lower case.
    pub headers: Vec<String>,
    /// Why the provider asks for it, for the person who grants it.
    pub purpose: String,
}

impl RequestSpec {
    /// Whether the two are the same method and path below the same setting.
    #[must_use]
    pub fn is_same_route(&self, other: &Self) -> bool {
        (&self.url, &self.method, &self.path) == (&other.url, &other.method, &other.path)
    }

    /// The part of it that others grant; `None` if they do not have its route.
    #[must_use]
    pub fn within(&self, granted: &[Self]) -> Option<Self> {
        let same: Vec<_> = granted.iter().filter(|granted| granted.is_same_route(self)).collect();
        let query = self.query.iter().filter(|key| same.iter().any(|granted| granted.query.contains(key)));
        let headers = self.headers.iter().filter(|name| same.iter().any(|granted| granted.headers.contains(name)));
        let part = Self { query: query.cloned().collect(), headers: headers.cloned().collect(), ..self.clone() };
        (!same.is_empty()).then_some(part)
    }

    /// The part of it that goes beyond what others grant: all of it if they do not have its route.
    #[must_use]
    pub fn beyond(&self, granted: &[Self]) -> Option<Self> {
        let Some(within) = self.within(granted) else { return Some(self.clone()) };
        let query: Vec<_> = self.query.iter().filter(|key| !within.query.contains(key)).cloned().collect();
        let headers: Vec<_> = self.headers.iter().filter(|name| !within.headers.contains(name)).cloned().collect();
        let is_more = !query.is_empty() || !headers.is_empty();
        is_more.then(|| Self { query, headers, ..self.clone() })
    }
}

/// As a person reads it: `GET {server_url}/users?page&per_page with x-scope`.
impl fmt::Display for RequestSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { url, method, path, query, headers, purpose: _ } = self;
        write!(f, "{method} {{{url}}}/{}", path.trim_start_matches('/'))?;
        for (place, key) in query.iter().enumerate() {
            write!(f, "{}{key}", if place == 0 { '?' } else { '&' })?;
        }
        if headers.is_empty() { Ok(()) } else { write!(f, " with {}", headers.join(", ")) }
    }
}

/// Documents an id that records carry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Term {
    /// Stable kebab-case id.
    pub id: String,
    /// A few words for a person.
    pub label: String,
    /// What it means and, for a code, what to do.
    pub help: String,
}

/// What a provider is, needs and may answer. The same for every call of one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// Stable id of the product, such as `example`.
    pub id: String,
    /// The product's name, for a person.
    pub name: String,
    /// Semantic version of this provider.
    pub version: String,
    /// The URL of the setup instructions for administrators; empty if there are none.
    pub documentation_url: String,
    /// Every setting that the provider reads, in the order of a settings page.
    pub settings: Vec<SettingSpec>,
    /// Every request that the provider may make.
    pub requests: Vec<RequestSpec>,
    /// Every id that `license_type` of an assignment or a license may hold.
    pub license_types: Vec<Term>,
    /// Every id that a user's `role` may hold, the highest first.
    pub roles: Vec<Term>,
    /// Every code of an error, a notice and a check step, and every id of a check step.
    pub codes: Vec<Term>,
    /// The keys of the attributes that records may carry, each with its meaning.
    pub attributes: Attributes,
}

impl Description {
    /// What it requests beyond another description: new requests, and additional query keys and headers of known ones.
    pub fn asks_beyond(&self, other: &Self) -> impl Iterator<Item = RequestSpec> {
        self.requests.iter().filter_map(|spec| spec.beyond(&other.requests))
    }
}
