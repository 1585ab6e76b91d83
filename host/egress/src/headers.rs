//! Headers that a gateway in front of a server asks for.

use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret as _, SecretString};

use crate::{Error, Result, vault};

/// Headers that providers send their secrets in.
const CREDENTIALS: [&str; 5] = ["authorization", "x-api-key", "api-key", "x-auth-token", "private-token"];

/// Headers that say how a message is framed, where it goes, or who sends it, beside the server's own credentials.
const REFUSED: [&str; 9] =
    ["connection", "cookie", "expect", "host", "http2-settings", "keep-alive", "te", "trailer", "upgrade"];

/// A header that is added to each granted request, after the provider's own, and replaces one of the same name. The
/// provider does not see it, unless a server answers with what it was sent. `Debug` does not show the value.
#[derive(Clone, Debug)]
pub struct ExtraHeader {
    name: HeaderName,
    /// Sensitive, so that `Debug` does not show it.
    value: HeaderValue,
}

impl ExtraHeader {
    /// A header with a value of one line.
    ///
    /// # Errors
    /// The name is not valid, says how messages are framed, or is for the server's own credentials; or the value cannot be
    /// sent.
    pub fn new(name: &str, value: &SecretString) -> Result<Self> {
        let unusable = |reason| Error::HeaderUnusable { name: name.to_owned(), reason };
        let parsed =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable("that is not the name of a header"))?;
        let text = parsed.as_str();
        let of_messages = ["content-", "proxy-", "transfer-"].iter().any(|start| text.starts_with(start));
        if REFUSED.contains(&text) || of_messages {
            return Err(unusable("it says how a message is read or where it goes"));
        }
        if CREDENTIALS.contains(&text) {
            return Err(unusable("it carries the server's own credentials"));
        }
        let value = vault::header_value(&[value.expose_secret().trim()])
            .map_err(|_| unusable("its value holds a line break or another character that no header takes"))?;
        if value.is_empty() {
            return Err(unusable("it has no value"));
        }
        Ok(Self { name: parsed, value })
    }

    /// Its value, and the last word of it, such as the key behind `Bearer`.
    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        let value = self.value.to_str().unwrap_or_default();
        let last = value.rsplit_once(' ').map(|(_, last)| last);
        [value].into_iter().chain(last).map(SecretString::from).collect()
    }

    /// Puts it into a request.
    pub(crate) fn add(&self, headers: &mut HeaderMap) {
        headers.insert(self.name.clone(), self.value.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_that_would_break_requests_are_refused() {
        for (name, value, expect) in [
            ("x-gateway-key", "hunter2", None),
            ("CF-Access-Client-Secret", " hunter2 ", None),
            ("", "hunter2", Some("not the name of a header")),
            ("x gateway", "hunter2", Some("not the name of a header")),
            ("x-gateway:", "hunter2", Some("not the name of a header")),
            ("Host", "hunter2", Some("how a message is read")),
            ("content-length", "hunter2", Some("how a message is read")),
            ("Transfer-Encoding", "hunter2", Some("how a message is read")),
            ("proxy-authorization", "hunter2", Some("how a message is read")),
            ("connection", "hunter2", Some("how a message is read")),
            ("cookie", "hunter2", Some("how a message is read")),
            ("Authorization", "hunter2", Some("credentials")),
            ("private-token", "hunter2", Some("credentials")),
            ("x-gateway-key", "hunter2\r\nx: y", Some("line break")),
            ("x-gateway-key", " ", Some("no value")),
        ] {
            match (ExtraHeader::new(name, &value.into()), expect) {
                (Ok(header), None) => assert!(!format!("{header:?}").contains("hunter2"), "{header:?}"),
                (Err(error), Some(words)) => {
                    assert!(error.code() == "header-unusable" && error.to_string().contains(words), "{name}: {error}");
                    assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
                }
                (other, _) => panic!("{name}: {other:?}"),
            }
        }
    }

    #[test]
    fn a_providers_own_header_of_the_name_is_replaced() {
        let mut headers = HeaderMap::new();
        headers.append("x-gateway-key", HeaderValue::from_static("guessed"));
        headers.append("x-gateway-key", HeaderValue::from_static("again"));
        ExtraHeader::new("X-Gateway-Key", &"hunter2".into()).unwrap().add(&mut headers);
        assert_eq!(headers.get_all("x-gateway-key").iter().collect::<Vec<_>>(), ["hunter2"]);
    }
}
