//! How the command ends: exit codes and error messages.

use std::process::ExitCode;

use provider_host::io_reason;
use provider_host::model::{ErrorKind, ProviderError};

use crate::fix;
use crate::output::cell::printable;

/// The exit codes, as the help documents them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Everything was read; hidden fields and warnings do not change that.
    Complete,
    /// An error, or a check that failed.
    Failed,
    /// The command line or a setting is wrong.
    Usage,
    /// There may be more users than were printed.
    Incomplete,
    /// A licence is at a threshold that was given, or below.
    Warned,
}

impl Exit {
    /// The number.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Complete => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Incomplete => 3,
            Self::Warned => 4,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

/// An error as it is printed. It contains no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Complaint {
    /// Stable kebab-case id.
    pub(crate) code: String,
    /// What went wrong.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) fix: Option<String>,
    /// The request that failed, with its status and id.
    pub(crate) request: Option<String>,
    /// More lines, such as the settings that exist.
    pub(crate) details: Vec<String>,
}

impl Complaint {
    /// An error of the command itself.
    pub(crate) fn new(code: &str, message: impl Into<String>) -> Self {
        Self { code: code.to_owned(), message: message.into(), fix: None, request: None, details: Vec::new() }
    }

    /// The error for an output that cannot be written.
    pub(crate) fn output_failed(message: impl Into<String>) -> Self {
        Complaint::new(OUTPUT_FAILED, message).fix("make room there, or write it elsewhere, and run the command again")
    }

    /// Adds what to do about it.
    pub(crate) fn fix(mut self, fix: impl Into<String>) -> Self {
        self.fix = Some(fix.into());
        self
    }

    /// Adds lines below the fix.
    pub(crate) fn details(mut self, details: Vec<String>) -> Self {
        self.details = details;
        self
    }

    /// The lines below `error[code]: `, indented.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        lines.extend(self.fix.iter().map(|fix| format!("  fix: {}", printable(fix))));
        lines.extend(self.request.iter().map(|request| format!("  request: {}", printable(request))));
        lines.extend(self.details.iter().map(|line| format!("  {}", printable(line))));
        lines
    }
}

/// Why a command stopped.
#[derive(Debug)]
pub(crate) enum Failure {
    /// The reader of stdout closed it, as `head` does. That is not an error, and nothing is printed.
    Closed,
    /// An error; the exit code depends on how much was printed before.
    Reported {
        /// The exit code.
        exit: Exit,
        /// The error on stderr.
        complaint: Box<Complaint>,
    },
}

impl Failure {
    /// An error before anything was printed.
    pub(crate) fn failed(complaint: Complaint) -> Self {
        Self::Reported { exit: Exit::Failed, complaint: Box::new(complaint) }
    }

    /// A wrong command line or setting.
    pub(crate) fn usage(complaint: Complaint) -> Self {
        Self::Reported { exit: Exit::Usage, complaint: Box::new(complaint) }
    }

    /// Adds a line to the error.
    pub(crate) fn detail(mut self, line: &str) -> Self {
        if let Self::Reported { complaint, .. } = &mut self {
            complaint.details.push(line.to_owned());
        }
        self
    }

    /// Adapts the failure of a command that lists: if its output cannot be written, the listing is incomplete.
    pub(crate) fn of_a_listing(self) -> Self {
        match self {
            Self::Reported { complaint, .. } if complaint.code == OUTPUT_FAILED => Self::incomplete(*complaint),
            Self::Reported { .. } | Self::Closed => self,
        }
    }

    /// An error after users were printed.
    pub(crate) fn incomplete(complaint: Complaint) -> Self {
        Self::Reported { exit: Exit::Incomplete, complaint: Box::new(complaint) }
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self::Closed;
        }
        Self::failed(Complaint::output_failed(format!("the output cannot be written: {}", io_reason(&error))))
    }
}

/// The code of an output that cannot be written.
const OUTPUT_FAILED: &str = "output-failed";

impl From<provider_host::Error> for Failure {
    fn from(error: provider_host::Error) -> Self {
        let complaint = Complaint::from(&error);
        let wrong_setting = is_of_settings(&error)
            || error.as_provider().is_some_and(|provider| provider.kind == ErrorKind::InvalidSettings);
        if wrong_setting { Self::usage(complaint) } else { Self::failed(complaint) }
    }
}

/// Converts the errors of the library's parts by way of the library's own error.
macro_rules! from_parts {
    ($($part:ident)+) => {$(
        impl From<provider_host::$part> for Failure {
            fn from(error: provider_host::$part) -> Self {
                provider_host::Error::from(error).into()
            }
        }
    )+};
}
from_parts! { EgressError SandboxError StoreError RegistryError }

/// Whether the command line or a setting causes this error.
fn is_of_settings(error: &provider_host::Error) -> bool {
    use provider_host::{EgressError, Error, RegistryError, SandboxError};

    matches!(
        error,
        Error::Sandbox(
            SandboxError::SettingMissing { .. }
                | SandboxError::SettingUnusable { .. }
                | SandboxError::SecretUnusable { .. }
                | SandboxError::SecretNotGranted { .. }
                | SandboxError::LimitUnusable { .. }
        ) | Error::Registry(RegistryError::ConfigUnusable { .. })
            | Error::Egress(
                EgressError::ProxyUnusable { .. }
                    | EgressError::HeaderUnusable { .. }
                    | EgressError::ClientIdentityUnusable { .. }
                    | EgressError::PolicyUnusable { .. }
                    | EgressError::OriginDenied { .. }
            )
    )
}

impl From<&provider_host::Error> for Complaint {
    fn from(error: &provider_host::Error) -> Self {
        if let Some(provider) = error.as_provider() {
            return Self::from(provider);
        }
        Self {
            code: error.code().to_owned(),
            message: sources(error),
            fix: fix::of(error),
            request: None,
            details: Vec::new(),
        }
    }
}

impl From<&ProviderError> for Complaint {
    fn from(error: &ProviderError) -> Self {
        Self {
            code: error.code.clone(),
            message: error.message.clone(),
            fix: error.fix.clone(),
            request: request_line(error),
            details: Vec::new(),
        }
    }
}

/// `GET /api/v4/users/me (401, request id …)`, without the parts that are unknown.
fn request_line(error: &ProviderError) -> Option<String> {
    let known: Vec<String> = [
        error.http_status.map(|status| status.to_string()),
        error.request_id.as_ref().map(|id| format!("request id {id}")),
    ]
    .into_iter()
    .flatten()
    .collect();
    match (&error.request, known.is_empty()) {
        (Some(request), true) => Some(request.clone()),
        (Some(request), false) => Some(format!("{request} ({})", known.join(", "))),
        (None, true) => None,
        (None, false) => Some(known.join(", ")),
    }
}

/// The message, with those of its causes that it does not contain itself.
fn sources(error: &provider_host::Error) -> String {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let reason = cause.downcast_ref::<std::io::Error>().map_or_else(|| cause.to_string(), io_reason);
        if !text.contains(&reason) {
            text = format!("{text}: {reason}");
        }
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused() -> ProviderError {
        ProviderError {
            kind: ErrorKind::Unauthorized,
            code: "token-refused".into(),
            message: "The server does not accept the token.".into(),
            fix: Some("Make a new one.".into()),
            retryable: false,
            retry_after_ms: None,
            request: Some("GET /api/v4/users/me".into()),
            http_status: Some(401),
            request_id: Some("abc".into()),
            params: Default::default(),
        }
    }

    #[test]
    fn an_error_has_the_status_and_id_of_its_request() {
        let lines = Complaint::from(&refused()).lines();
        assert_eq!(lines, ["  fix: Make a new one.", "  request: GET /api/v4/users/me (401, request id abc)"]);
    }

    #[test]
    fn unknown_parts_of_a_request_are_omitted() {
        let cases = [
            (Some("GET /x"), None, None, Some("GET /x")),
            (Some("GET /x"), Some(500), None, Some("GET /x (500)")),
            (None, Some(500), None, Some("500")),
            (None, None, None, None),
        ];
        for (request, status, id, line) in cases {
            let error =
                ProviderError { request: request.map(str::to_owned), http_status: status, request_id: id, ..refused() };
            assert_eq!(request_line(&error).as_deref(), line);
        }
    }

    /// A fix names options of this command: the library's options are for those who write programs with it.
    #[test]
    fn no_error_names_an_option_of_the_library() {
        use provider_host::{Bound, Error, LimitHit, SandboxError, StoreError};

        let text = || "x".to_owned();
        let time = std::time::Duration::from_secs(1);
        let limit = |limit| Error::from(SandboxError::LimitHit { call: "check", limit });
        let errors: [Error; 14] = [
            SandboxError::ComponentTooLarge { bytes: 2, limit: 1 }.into(),
            SandboxError::CompileTimeout { limit: time }.into(),
            SandboxError::CompileMemory { limit: 1 }.into(),
            SandboxError::CompilerFailed { reason: text().into() }.into(),
            SandboxError::DoesNotFit { reason: text() }.into(),
            SandboxError::SecretNotGranted { key: text() }.into(),
            StoreError::WaitTooLong { left: time, limit: time }.into(),
            SandboxError::Runtime { reason: text().into() }.into(),
            limit(LimitHit::Memory(1)),
            limit(LimitHit::CallTime(time)),
            limit(LimitHit::CpuTime(time)),
            limit(LimitHit::ReturnedBytes(1)),
            limit(LimitHit::Answer { bound: Bound::Users, limit: 1 }),
            limit(LimitHit::Instances { pool: 1, patience: time }),
        ];
        for error in errors {
            let complaint = Complaint::from(&error);
            let said = format!("{} {}", complaint.message, complaint.fix.unwrap_or_default());
            assert!(!said.contains("::") && !said.contains("run_compiler"), "{said}");
        }
    }

    #[test]
    fn a_full_disk_is_named_and_makes_a_listing_incomplete() {
        for (kind, words) in
            [(std::io::ErrorKind::StorageFull, "the disk is full"), (std::io::ErrorKind::FileTooLarge, "ulimit -f")]
        {
            let Failure::Reported { exit, complaint } = Failure::from(std::io::Error::from(kind)) else {
                panic!("{kind}")
            };
            assert!(exit == Exit::Failed && complaint.message.contains(words), "{complaint:?}");
            let listing = Failure::failed(*complaint).of_a_listing();
            assert!(matches!(listing, Failure::Reported { exit: Exit::Incomplete, .. }), "{listing:?}");
        }
        let other = Failure::failed(Complaint::new("broken", "")).of_a_listing();
        assert!(matches!(other, Failure::Reported { exit: Exit::Failed, .. }));
    }

    /// The system's reason is printed once, and in words.
    #[test]
    fn no_error_has_the_systems_error_number() {
        let source = std::io::Error::from_raw_os_error(2);
        let file = provider_host::EgressError::Io { path: "/x.wasm".into(), source };
        assert_eq!(
            Complaint::from(&provider_host::Error::from(file)).message,
            "/x.wasm cannot be read: there is no such file or folder"
        );
    }

    #[test]
    fn a_closed_pipe_is_not_an_error() {
        let closed = std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        assert!(matches!(Failure::from(closed), Failure::Closed));
    }
}
