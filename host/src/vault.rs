//! Secrets that a guest never sees: it holds a placeholder, and the value is put in on the way out.

use std::fmt;
use std::sync::Arc;

use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

/// The headers that a secret is put into: those that servers read credentials from, and answer with to nobody. Into any
/// other header, a URL or a body the placeholder goes as it is, and is of use to nobody.
pub(crate) const HEADERS: [HeaderName; 5] = [
    AUTHORIZATION,
    HeaderName::from_static("x-api-key"),
    HeaderName::from_static("api-key"),
    HeaderName::from_static("x-auth-token"),
    HeaderName::from_static("private-token"),
];

/// The secrets of one session by their placeholders. Clones share them; the values are wiped with the last.
#[derive(Clone, Default)]
pub(crate) struct Vault {
    concealed: Arc<[(String, SecretString)]>,
    shown: Arc<[SecretString]>,
}

/// A text that stands for a secret: random, one word, and of no meaning to any server.
pub(crate) fn placeholder() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 20];
    getrandom::fill(&mut bytes)?;
    let digits = bytes.iter().fold(String::with_capacity(40), |digits, byte| digits + &format!("{byte:02x}"));
    Ok(format!("placeholder{digits}"))
}

/// Whether a value can stand in a header as one word.
pub(crate) fn is_usable(secret: &str) -> bool {
    !secret.is_empty() && secret.bytes().all(|b| b.is_ascii_graphic())
}

impl Vault {
    /// Keeps these secrets, each under its placeholder, and beside them those whose values the guest sees.
    pub(crate) fn new(concealed: Vec<(String, SecretString)>, shown: Vec<SecretString>) -> Self {
        Self { concealed: concealed.into(), shown: shown.into() }
    }

    /// All secrets of the session, to look for them in what leaves the host.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        self.concealed.iter().map(|(_, secret)| secret).chain(&*self.shown)
    }

    /// Puts the values into the headers of a request to a server that is granted.
    pub(crate) fn fill(&self, headers: &mut HeaderMap) {
        for name in &HEADERS {
            // A guest that sends one of them twice is sending something else than credentials.
            let Some(text) = headers.get(name).and_then(|value| value.to_str().ok()) else { continue };
            let Some((placeholder, secret)) = self.concealed.iter().find(|(placeholder, _)| text.contains(placeholder))
            else {
                continue;
            };
            let filled = SecretString::from(text.replace(placeholder, secret.expose_secret()));
            if let Ok(mut value) = HeaderValue::from_str(filled.expose_secret()) {
                value.set_sensitive(true);
                headers.insert(name.clone(), value);
            }
        }
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Vault").field(&self.concealed.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> Vault {
        let concealed = vec![("placeholder1".into(), "hunter2".into()), ("placeholder2".into(), "swordfish".into())];
        Vault::new(concealed, Vec::new())
    }

    #[test]
    fn secrets_go_into_headers_of_credentials_alone() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("authorization", "Bearer placeholder1"),
            ("private-token", "placeholder2"),
            ("x-request-id", "placeholder1"),
            ("cookie", "session=placeholder1"),
            ("user-agent", "placeholder2"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        vault().fill(&mut headers);
        let of = |name: &str| headers.get(name).unwrap().to_str().unwrap().to_owned();
        assert_eq!((of("authorization").as_str(), of("private-token").as_str()), ("Bearer hunter2", "swordfish"));
        assert!(headers.get("authorization").unwrap().is_sensitive());
        for name in ["x-request-id", "cookie", "user-agent"] {
            assert!(of(name).contains("placeholder"), "{name}");
        }
        let shown = format!("{headers:?} {:?}", vault());
        assert!(!shown.contains("hunter2") && !shown.contains("swordfish"), "{shown}");
    }

    #[test]
    fn placeholders_are_one_word_and_never_the_same() {
        let (one, two) = (placeholder().unwrap(), placeholder().unwrap());
        assert!(one != two && is_usable(&one) && one.len() == 51, "{one}");
    }

    #[test]
    fn secrets_are_one_word() {
        for (secret, expect) in [("abc123", true), ("", false), ("two words", false), ("a\nb", false), ("ü", false)] {
            assert_eq!(is_usable(secret), expect, "{secret:?}");
        }
    }
}
