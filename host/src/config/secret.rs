//! Where a secret lies: a file of settings names the place and never the value.

use std::fmt;
use std::io::Read as _;
use std::path::PathBuf;
use std::str::FromStr;

use secrecy::SecretString;

/// The largest file that a secret is read from, in bytes: what does not end would be read for ever.
const LARGEST: u64 = 64 * 1024;

/// The place of a secret, written `env:NAME` or `file:PATH`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// An environment variable.
    Env(String),
    /// A file; one line end at its end is left out.
    File(PathBuf),
}

impl FromStr for SecretSource {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        match text.split_once(':') {
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.to_owned())),
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            // The text is not repeated: it may be the secret itself.
            Some(_) | None => Err("a secret is given by its place: env:NAME or file:PATH"),
        }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "${name}"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl SecretSource {
    /// Reads it.
    ///
    /// # Errors
    /// Why there is none, in a few words.
    pub fn read(&self) -> Result<SecretString, String> {
        let text = match self {
            Self::Env(name) => std::env::var(name).map_err(|error| error.to_string())?,
            Self::File(path) => {
                let mut text = String::new();
                let file = std::fs::File::open(path).map_err(|error| error.to_string())?;
                file.take(LARGEST).read_to_string(&mut text).map_err(|error| error.to_string())?;
                text
            }
        };
        let secret = text.strip_suffix('\n').map(|text| text.strip_suffix('\r').unwrap_or(text)).unwrap_or(&text);
        if secret.is_empty() { Err("it is empty".to_owned()) } else { Ok(secret.to_owned().into()) }
    }
}
