//! Where a secret lies: a file of settings names the place and never the value.

use std::env::VarError;
use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;

use provider_egress::io_reason;

/// The largest file that a secret is read from, in bytes: what does not end would be read for ever.
const LARGEST: usize = 64 * 1024;

/// Room behind the largest, so that its end is found without another buffer.
const READ_AHEAD: usize = 64;

/// Reads the file of a secret, of 64 KiB at most, into one piece of memory that is wiped afterwards: a buffer that grows
/// would leave parts of the secret behind.
///
/// # Errors
/// It cannot be read, or is larger.
pub fn read_secret_file(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LARGEST + READ_AHEAD));
    let most = u64::try_from(LARGEST).unwrap_or(u64::MAX).saturating_add(1);
    let read = File::open(path).and_then(|file| file.take(most).read_to_end(&mut bytes));
    read.map_err(|error| in_words(path, error))?;
    if bytes.len() > LARGEST { Err(io::Error::other("it is larger than 64 KiB")) } else { Ok(bytes) }
}

/// The usual troubles in words that name what to do.
#[expect(clippy::wildcard_enum_match_arm, reason = "all others keep the system's words")]
fn in_words(path: &Path, error: io::Error) -> io::Error {
    let kind = error.kind();
    let words = match kind {
        io::ErrorKind::NotFound if path.starts_with("~") => {
            "there is no such file: the shell does not replace ~ after `file:`; write $HOME or the whole path"
        }
        io::ErrorKind::NotFound => "there is no such file",
        io::ErrorKind::IsADirectory => "it is a directory, and the secret has to be in a file",
        io::ErrorKind::PermissionDenied => "this user may not read it",
        _ => return io::Error::new(kind, io_reason(&error)),
    };
    io::Error::new(kind, words)
}

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
        // The text is not repeated: it may be the secret itself.
        match text.split_once(':') {
            Some(("env", "")) => Err("the name of a variable is missing after env:"),
            Some(("env", name)) if !is_name(name) => {
                Err("the text after env: is not the name of a variable; write it without $ and quotation marks")
            }
            Some(("env", name)) => Ok(Self::Env(name.to_owned())),
            Some(("file", "")) => Err("the path is missing after file:"),
            Some(("file", path)) => Ok(Self::File(path.into())),
            Some(_) | None => Err("give the place of the secret instead of the secret: env:NAME or file:PATH"),
        }
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // A shell that was given `env:$NAME` has put the secret itself here.
            Self::Env(name) if name.len() > 20 && name.bytes().any(|b| b.is_ascii_lowercase()) => f.write_str(
                "the environment variable that is named, which may be the secret itself and is not repeated",
            ),
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
        }
    }
}

impl SecretSource {
    /// The same place, with the path of a file as `place` puts it.
    pub(super) fn at(&self, place: impl Fn(&Path) -> PathBuf) -> Self {
        match self {
            Self::Env(name) => Self::Env(name.clone()),
            Self::File(path) => Self::File(place(path)),
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// Why there is none, in a few words.
    pub fn read(&self) -> Result<SecretString, String> {
        let text = match self {
            // The error's own text would repeat a value that is not UTF-8, so it is not used.
            Self::Env(name) => Zeroizing::new(std::env::var(name).map_err(|error| match error {
                VarError::NotPresent => "it is not set",
                VarError::NotUnicode(_) => "it is not text in UTF-8",
            })?),
            Self::File(path) => {
                let bytes = read_secret_file(path).map_err(|error| error.to_string())?;
                let text = str::from_utf8(&bytes).map_err(|_| "it is not text in UTF-8")?;
                Zeroizing::new(text.to_owned())
            }
        };
        let secret = text.strip_suffix('\n').map(|text| text.strip_suffix('\r').unwrap_or(text)).unwrap_or(&text);
        if secret.trim().is_empty() { Err("it is empty".to_owned()) } else { Ok(secret.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use secrecy::ExposeSecret as _;

    #[test]
    fn a_file_holds_one_secret_and_is_never_cut() {
        let path = std::env::temp_dir().join(format!("provider-host-secret-{}", std::process::id()));
        let most = "x".repeat(64 * 1024);
        for (text, expect) in [
            ("hunter2\r\n", Ok("hunter2")),
            (most.as_str(), Ok(most.as_str())),
            ("\n", Err("it is empty")),
            (" \t\n", Err("it is empty")),
            (&format!("{most}x"), Err("it is larger than 64 KiB")),
        ] {
            std::fs::write(&path, text).unwrap();
            let read = SecretSource::File(path.clone()).read();
            let read = read.as_ref().map(|secret| secret.expose_secret()).map_err(String::as_str);
            assert_eq!(read, expect);
        }
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn an_invalid_place_of_a_secret_is_reported_and_not_repeated() {
        for (text, expect) in [
            ("hunter2", "env:NAME or file:PATH"),
            ("https:hunter2", "env:NAME or file:PATH"),
            ("env:", "is missing after env:"),
            ("env:$hunter2", "without $ and quotation marks"),
            ("env:${hunter2}", "without $ and quotation marks"),
            ("env:glpat-hunter2", "without $ and quotation marks"),
            ("env:2hunter2", "without $ and quotation marks"),
            ("file:", "is missing after file:"),
        ] {
            let wrong = text.parse::<SecretSource>().unwrap_err();
            assert!(wrong.contains(expect) && !wrong.contains("hunter2"), "{text}: {wrong}");
        }
        for (text, expect) in [
            ("env:MM_TOKEN", "the environment variable MM_TOKEN"),
            ("env:EXAMPLE_ACCESS_TOKEN_2", "the environment variable EXAMPLE_ACCESS_TOKEN_2"),
            ("env:hunter2hunter2hunter2hunt", "the environment variable that is named, which may be the secret"),
            ("file:/run/secrets/token", "the file /run/secrets/token"),
        ] {
            let shown = text.parse::<SecretSource>().unwrap().to_string();
            assert!(shown.starts_with(expect), "{text}: {shown}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_says_why() {
        let folder = std::env::temp_dir();
        for (path, expect) in [
            (Path::new("~/no-such-token"), "does not replace ~"),
            (Path::new("/no/such/token"), "there is no such file"),
            (&folder, "it is a directory"),
        ] {
            let error = read_secret_file(path).unwrap_err().to_string();
            assert!(error.contains(expect) && !error.contains("os error"), "{error}");
        }
    }
}
