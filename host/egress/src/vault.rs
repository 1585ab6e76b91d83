//! Secrets that a guest never sees: it holds a placeholder, and the host puts the value into its requests.

use std::fmt;
use std::sync::Arc;

use http::header::{HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue};
use hyper::body::Bytes;
use provider_model::SecretUse;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret as _, SecretString};

/// A secret that a guest knows by its placeholder alone.
pub struct Concealed {
    /// The placeholder that the guest has.
    pub placeholder: String,
    /// The value.
    pub secret: SecretString,
    /// Where it goes: into this header of requests to the server of this setting. Any other header or request, a URL or a
    /// body keeps the useless placeholder.
    pub place: SecretUse,
}

/// The secrets of one session by their placeholders. Clones share them; the values are wiped with the last.
#[derive(Clone, Default)]
pub struct Vault {
    concealed: Arc<[Concealed]>,
    shown: Arc<[SecretString]>,
}

/// A placeholder for a secret: random, one word, and without meaning to any server.
pub fn placeholder() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 20];
    getrandom::fill(&mut bytes)?;
    let digits = bytes.iter().fold(String::with_capacity(40), |digits, byte| digits + &format!("{byte:02x}"));
    Ok(format!("placeholder{digits}"))
}

/// Why a value cannot be one word of a header, or what was copied along with it.
pub fn fault(secret: &str) -> Option<&'static str> {
    let first = secret.split([' ', ':']).next().unwrap_or_default();
    let is_scheme = ["Bearer", "Token", "Basic", "Authorization"].iter().any(|word| word.eq_ignore_ascii_case(first));
    if secret.contains(['\n', '\r']) {
        Some("it has more than one line")
    } else if is_scheme && secret.len() > first.len() {
        Some("it begins with a word such as Bearer or Token: leave that out")
    } else if secret.starts_with(['"', '\'', '`']) || secret.ends_with(['"', '\'', '`']) {
        Some("it is in quotation marks: leave them out")
    } else if is_unreplaced(secret) {
        Some("it is the name of a variable, not its value")
    } else if secret.split_once('=').is_some_and(|(name, value)| is_variable(name) && !value.is_empty()) {
        Some("it begins with a variable's name and =: leave them out")
    } else if !secret.is_ascii() {
        Some("it contains a character outside ASCII, such as a curly quotation mark or an invisible one")
    } else if secret.contains(char::is_whitespace) {
        Some("it contains a space")
    } else {
        (secret.is_empty() || !secret.bytes().all(|b| b.is_ascii_graphic()))
            .then_some("it is empty, or contains a character that is not allowed in a header")
    }
}

fn is_variable(name: &str) -> bool {
    name.len() >= 3 && name.bytes().all(|b| b.is_ascii_uppercase() || matches!(b, b'_' | b'0'..=b'9'))
}

/// Whether text is `$NAME`, `${NAME}`, `%NAME%` or `<what to put here>`.
fn is_unreplaced(text: &str) -> bool {
    let within = |start: &str, end: &str| text.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
    [within("$", ""), within("${", "}"), within("%", "%")].into_iter().flatten().any(is_variable)
        || within("<", ">").is_some()
}

/// A header's value of these parts in a row. It is wiped when the last request that has it is gone, and `Debug` does not
/// show it.
///
/// # Errors
/// A part holds a line break or another character that no header takes.
pub(crate) fn header_value(parts: &[&str]) -> Result<HeaderValue, InvalidHeaderValue> {
    // In one piece: a text that grows leaves its parts behind.
    let mut text = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    parts.iter().for_each(|part| text.extend_from_slice(part.as_bytes()));
    let mut value = HeaderValue::from_maybe_shared(Bytes::from_owner(text))?;
    value.set_sensitive(true);
    Ok(value)
}

impl Vault {
    /// Keeps these secrets, each under its placeholder, and also those whose values the guest sees.
    pub fn new(concealed: Vec<Concealed>, shown: Vec<SecretString>) -> Self {
        Self { concealed: concealed.into(), shown: shown.into() }
    }

    /// All secrets of the session, to look for them in what leaves the host.
    pub(crate) fn secrets(&self) -> impl Iterator<Item = &SecretString> {
        self.concealed.iter().map(|concealed| &concealed.secret).chain(&*self.shown)
    }

    /// Puts the values into the headers of a request that is granted to these url settings.
    pub fn fill(&self, headers: &mut HeaderMap, urls: &[Arc<str>]) {
        for Concealed { placeholder, secret, place } in &*self.concealed {
            let Ok(name) = HeaderName::try_from(place.header.as_str()) else { continue };
            let Some(text) = headers.get(&name).and_then(|value| value.to_str().ok()) else { continue };
            if !text.contains(placeholder) || !urls.iter().any(|url| **url == *place.url) {
                continue;
            }
            let parts = text.split(placeholder.as_str()).flat_map(|part| [secret.expose_secret(), part]).skip(1);
            if let Ok(value) = header_value(&parts.collect::<Vec<_>>()) {
                headers.insert(name, value);
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

    fn concealed(placeholder: &str, secret: &str, url: &str, header: &str) -> Concealed {
        let place = SecretUse { url: url.to_owned(), header: header.to_owned() };
        Concealed { placeholder: placeholder.to_owned(), secret: secret.into(), place }
    }

    #[test]
    fn a_secret_goes_into_its_header_of_requests_to_its_server_alone() {
        let vault = Vault::new(
            vec![
                concealed("placeholder1", "hunter2", "a", "authorization"),
                concealed("placeholder2", "swordfish", "a", "x-key"),
                concealed("placeholder3", "sesame", "b", "authorization"),
            ],
            Vec::new(),
        );
        let both: &[&str] = &["a", "b"];
        for (urls, name, sent, expect) in [
            (&["a"][..], "authorization", "Bearer placeholder1", "Bearer hunter2"),
            (&["a"], "authorization", "placeholder1:placeholder1", "hunter2:hunter2"),
            (&["a"], "x-key", "placeholder2", "swordfish"),
            (both, "authorization", "placeholder3", "sesame"),
            // Another server, and none.
            (&["b"], "authorization", "Bearer placeholder1", "Bearer placeholder1"),
            (&["a"], "authorization", "placeholder3", "placeholder3"),
            (&[], "authorization", "placeholder1", "placeholder1"),
            // Another header.
            (&["a"], "x-key", "placeholder1", "placeholder1"),
            (&["a"], "authorization", "placeholder2", "placeholder2"),
            (both, "user-agent", "placeholder1 placeholder2 placeholder3", "placeholder1 placeholder2 placeholder3"),
        ] {
            let name = HeaderName::from_static(name);
            let mut headers = HeaderMap::from_iter([(name.clone(), HeaderValue::from_static(sent))]);
            let urls: Vec<Arc<str>> = urls.iter().map(|url| Arc::from(*url)).collect();
            vault.fill(&mut headers, &urls);
            let value = headers.get(&name).unwrap();
            assert_eq!(value.to_str().unwrap(), expect, "{sent} in {name} for {urls:?}");
            assert_eq!(value.is_sensitive(), sent != expect);
            let shown = format!("{headers:?} {vault:?}");
            assert!(["hunter2", "swordfish", "sesame"].iter().all(|secret| !shown.contains(secret)), "{shown}");
        }
    }

    #[test]
    fn placeholders_are_one_word_and_never_the_same() {
        let (one, two) = (placeholder().unwrap(), placeholder().unwrap());
        assert!(one != two && fault(&one).is_none() && one.len() == 51, "{one}");
    }

    #[test]
    fn text_copied_along_with_a_secret_is_named() {
        for (secret, expect) in [
            ("hunter2", None),
            ("hunter2==", None),
            ("a=b", None),
            ("$2b$10$hunter2", None),
            ("bearer-hunter2", None),
            ("tokenhunter2", None),
            ("", Some("empty")),
            ("two words", Some("a space")),
            ("hunter2\nhunter3", Some("more than one line")),
            ("Bearer hunter2", Some("such as Bearer or Token")),
            ("token hunter2", Some("such as Bearer or Token")),
            ("Authorization: Bearer hunter2", Some("such as Bearer or Token")),
            ("\"hunter2\"", Some("quotation marks")),
            ("'hunter2'", Some("quotation marks")),
            ("“hunter2”", Some("outside ASCII")),
            ("hunter2\u{200b}", Some("outside ASCII")),
            ("hunter2\u{7}", Some("not allowed in a header")),
            ("${MM_TOKEN}", Some("name of a variable")),
            ("$MM_TOKEN", Some("name of a variable")),
            ("%MM_TOKEN%", Some("name of a variable")),
            ("<your token>", Some("name of a variable")),
            ("MM_TOKEN=hunter2", Some("variable's name and =")),
        ] {
            let fault = fault(secret);
            assert!(fault.is_none() == expect.is_none(), "{secret:?}: {fault:?}");
            assert!(fault.unwrap_or_default().contains(expect.unwrap_or_default()), "{secret:?}: {fault:?}");
        }
    }
}
