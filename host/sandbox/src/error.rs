//! Why a component was refused or stopped, with stable codes and fixes.

use std::path::PathBuf;
use std::time::Duration;

use provider_egress::{Cause, Facts};
use provider_model::ProviderError;

use crate::component_bounds::ComponentBound;
use crate::identity::{Digest, PublicKey};
use crate::words::in_words;

/// What every fallible operation of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a component was refused or stopped. The texts are for people and may change; [`Error::code`] is stable.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The provider answered with an error of its own.
    #[error(transparent)]
    Provider(Box<ProviderError>),

    /// Requests cannot be sent: the client or the session could not be opened.
    #[error(transparent)]
    Egress(#[from] provider_egress::Error),

    /// The bytes are not a WebAssembly component: damaged, another sort of file, or a plain module.
    #[error("not a WebAssembly component: {reason}")]
    NotAComponent {
        /// What was found instead.
        reason: String,
    },

    /// The component is larger than the limit.
    #[error("the component has {bytes} bytes, more than the limit of {limit}")]
    ComponentTooLarge {
        /// Its size in bytes.
        bytes: u64,
        /// `Pool::component_bytes`.
        limit: usize,
    },

    /// The component exceeds a bound on something that makes compiling expensive.
    #[error("the component has {found} {bound}, more than the limit of {limit} (bound `{}`)", bound.name())]
    ComponentBound {
        /// Of what.
        bound: ComponentBound,
        /// How many it has at least: counting ends at the limit.
        found: u64,
        /// The field of [`Pool::bounds`](crate::Pool::bounds).
        limit: u64,
    },

    /// The component was not compiled within the deadline of the compiler's process.
    #[error("the component was not compiled within {}", in_words(*limit))]
    CompileTimeout {
        /// [`CompilerProcess::deadline`](crate::CompilerProcess::deadline).
        limit: Duration,
    },

    /// The compiler's process needed more memory than it may use.
    #[error("the component was not compiled within {limit} bytes of memory")]
    CompileMemory {
        /// [`CompilerProcess::memory_bytes`](crate::CompilerProcess::memory_bytes).
        limit: u64,
    },

    /// The compiler's process could not be started, or ended without an answer.
    #[error("the compiler failed: {reason}")]
    CompilerFailed {
        /// What is known of it.
        #[source]
        reason: Cause,
    },

    /// The component needs more at its start than an instance may have, such as memory.
    #[error("the component does not fit into the sandbox: {reason}")]
    DoesNotFit {
        /// What the runtime says.
        reason: String,
    },

    /// The component imports an interface that providers do not get.
    #[error("the component imports `{import}`, which this host does not grant")]
    ImportRefused {
        /// The import's full name.
        import: String,
    },

    /// The component is not a provider of the version that this host supports.
    #[error("the component does not export `{expected}` as this host knows it: {reason}")]
    ContractMismatch {
        /// The export that was looked for.
        expected: &'static str,
        /// What is missing or differs.
        reason: String,
    },

    /// The bytes are not those whose digest is pinned.
    #[error("the component's sha256 is {found}, but {expected} is pinned")]
    DigestDiffers {
        /// What is pinned.
        expected: Digest,
        /// That of the bytes.
        found: Digest,
        /// What to do: the line that would pin it.
        fix: String,
    },

    /// The bytes do not carry a signature by the key that is trusted.
    #[error("the signature of the component with the sha256 {found} is refused for the key {key}: {reason}")]
    SignatureRefused {
        /// The digest of the bytes.
        found: Digest,
        /// The key that is trusted.
        key: PublicKey,
        /// What is wrong.
        reason: &'static str,
    },

    /// The component's description differs from the one in its bytes.
    #[error("the component's {what} is `{described}`, but its file says `{sealed}`")]
    DescriptionDiffers {
        /// Which part.
        what: &'static str,
        /// What the file says.
        sealed: String,
        /// What the component answers.
        described: String,
    },

    /// A required setting has no value.
    #[error("the setting `{key}` ({label}) is missing")]
    SettingMissing {
        /// Its key.
        key: String,
        /// Its caption.
        label: String,
        /// What it does and where its value is found, from the provider's description.
        help: String,
    },

    /// A provider's description demands something that cannot be granted.
    #[error("the description of the component is refused: {demand} cannot be granted, since {reason}")]
    DescriptionRefused {
        /// Which request or secret.
        demand: String,
        /// Why, as the end of a sentence.
        reason: String,
    },

    /// A setting of kind url holds no usable http or https URL.
    #[error("the setting `{key}` is not usable: {reason}")]
    SettingUnusable {
        /// Its key.
        key: String,
        /// What is wrong with the value, which is not repeated.
        reason: String,
    },

    /// A secret cannot be sent in a header, or is set for a setting that the provider does not describe as one.
    #[error("the secret `{key}` is not usable: {reason}")]
    SecretUnusable {
        /// Its key.
        key: String,
        /// What is wrong with it, which is not repeated.
        reason: String,
    },

    /// The provider requires a secret's value, which is not granted.
    #[error("the provider requires the value of the secret `{key}`, which is not granted")]
    SecretNotGranted {
        /// Its key.
        key: String,
    },

    /// A limit of [`Limits`](crate::Limits) or [`Pool`](crate::Pool) is zero, so nothing could run.
    #[error("the limit `{limit}` is 0, so nothing could run")]
    LimitUnusable {
        /// Its field.
        limit: &'static str,
    },

    /// The provider's answer breaks a rule of the contract; nothing of it was kept.
    #[error("the provider's answer in `{call}` was refused: {reason}")]
    AnswerRefused {
        /// The function that was called.
        call: &'static str,
        /// Which rule; no text of the answer.
        reason: String,
    },

    /// The guest crashed in the middle of a call: a defect of the provider.
    #[error("the provider crashed in `{call}`: {reason}")]
    Trap {
        /// The function that was called.
        call: &'static str,
        /// The trap, as the runtime names it.
        reason: String,
    },

    /// The guest reached a limit and was stopped.
    #[error("the provider was stopped in `{call}`: {limit}")]
    LimitHit {
        /// The function that was called.
        call: &'static str,
        /// Which limit.
        limit: LimitHit,
    },

    /// A request of the embedder's own, through an [`Outlet`](crate::Outlet), got no complete response.
    #[error("no complete response: {reason}")]
    Unanswered {
        /// Why, in the words of wasi:http; no part of the request.
        #[source]
        reason: Cause,
    },

    /// A folder cannot hold compiled components: anybody else who may write there could make this process run their code.
    #[error("the folder {} cannot hold compiled components: {reason}", folder.display())]
    CacheUnusable {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        #[source]
        reason: Cause,
    },

    /// The runtime itself could not be set up: a pool that is too large, or too little address space.
    #[error("the sandbox could not be set up: {reason}")]
    Runtime {
        /// What the runtime says.
        #[source]
        reason: Cause,
    },
}

provider_egress::by_facts!(Error);

impl Error {
    /// The table of errors.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a table: one row for each error")]
    pub fn facts(&self) -> Facts<'_> {
        let (lasting, passing) = (Facts::lasting, Facts::passing);
        match self {
            Self::Provider(error) => {
                Facts { code: &error.code, fix: error.fix.as_deref(), is_retryable: error.retryable }
            }
            Self::Egress(error) => error.facts(),
            Self::NotAComponent { .. } => lasting(
                "not-a-component",
                "Give the path of a WebAssembly component (a .wasm file built for wasm32-wasip2), and copy it again if it may be damaged.",
            ),
            Self::ComponentTooLarge { .. } => {
                lasting("component-too-large", "Check that it is the right file, or raise `Pool::component_bytes`.")
            }
            Self::ComponentBound { bound, .. } => lasting(
                bound.code(),
                "Do not use it unless you know its makers; if you do, raise this bound in `Pool::bounds`.",
            ),
            Self::CompileTimeout { .. } => passing(
                "component-compile-timeout",
                "Do not use it unless you know its makers; if the machine was busy, try again, or raise `CompilerProcess::deadline`.",
            ),
            Self::CompileMemory { .. } => lasting(
                "component-compile-memory",
                "Do not use it unless you know its makers; if you do, raise `CompilerProcess::memory_bytes`.",
            ),
            Self::CompilerFailed { .. } => lasting(
                "component-compiler-failed",
                "Check that the program is there and calls `run_compiler` of this version; if it crashed, do not use the component.",
            ),
            Self::DoesNotFit { .. } => {
                lasting("component-does-not-fit", "Raise `Pool::memory_bytes`, or use a provider that needs less.")
            }
            Self::ImportRefused { .. } => lasting(
                "import-refused",
                "Use a provider that was built without this interface: providers get wasi:http, wasi:io and wasi:clocks and nothing else.",
            ),
            Self::ContractMismatch { .. } => lasting(
                "contract-mismatch",
                "Use a provider that was built for this version of the contract, or update this host.",
            ),
            Self::DigestDiffers { fix, .. } => lasting("digest-differs", fix),
            Self::SignatureRefused { .. } => lasting(
                "signature-refused",
                "Get the component and its `.sig` file again from its makers, or trust another key if you are sure that it is theirs.",
            ),
            Self::DescriptionDiffers { .. } => lasting(
                "description-differs",
                "Do not use this file: it was changed after it was built. Get it from its makers again.",
            ),
            Self::SettingMissing { help, .. } => lasting("setting-missing", help),
            Self::DescriptionRefused { .. } => lasting(
                "description-refused",
                "Report it to the provider's authors, who write the description: no setting changes it.",
            ),
            Self::SettingUnusable { .. } => lasting(
                "setting-unusable",
                "Enter an address such as https://chat.example.com, without user name or password.",
            ),
            Self::SecretUnusable { .. } => lasting(
                "secret-unusable",
                "Enter the secret alone, as it was shown when it was made: one word, without spaces, quotes or line breaks. Only a setting that the provider describes as a secret takes one.",
            ),
            Self::SecretNotGranted { .. } => lasting(
                "secret-not-granted",
                "If you trust this component with the value itself, grant it with `Settings::grant_value`.",
            ),
            Self::LimitUnusable { .. } => lasting("limit-unusable", "Set it to 1 or more, or leave it out."),
            Self::AnswerRefused { .. } => lasting(
                "answer-refused",
                "Report it to the provider's authors with the text above; if it mentions a clock, set this machine's and the server's first.",
            ),
            Self::Trap { .. } => lasting(
                "provider-crashed",
                "Try again; if it happens again, report it to the provider's authors with the text above.",
            ),
            Self::LimitHit { limit, .. } => limit.facts(),
            Self::Unanswered { .. } => passing(
                "request-unanswered",
                "Check that the server is there, and that the request is one of those that the description names.",
            ),
            Self::CacheUnusable { .. } => lasting(
                "cache-unusable",
                "Make it this user's own and close it to everybody else (chmod 700), or name another folder. Without one, components are compiled whenever they are loaded.",
            ),
            Self::Runtime { .. } => lasting("runtime-failed", "Lower `Pool::instances` or `Pool::memory_bytes`."),
        }
    }

    /// How long to wait before making the same call again, if the product says so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        let ms = self.as_provider()?.retry_after_ms?;
        Some(Duration::from_millis(u64::from(ms)))
    }

    /// The provider's own error, if it is one.
    #[must_use]
    pub const fn as_provider(&self) -> Option<&ProviderError> {
        if let Self::Provider(error) = self { Some(error) } else { None }
    }
}

/// A limit of [`Limits`](crate::Limits) that was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitHit {
    /// `Limits::memory_bytes`.
    #[error("it asked for more than {0} bytes of memory (limit `memory_bytes`)")]
    Memory(usize),
    /// `Limits::call_time`.
    #[error("it timed out after {} (limit `call_time`)", in_words(*.0))]
    CallTime(Duration),
    /// `Limits::cpu_time`.
    #[error("it computed for more than {} (limit `cpu_time`)", in_words(*.0))]
    CpuTime(Duration),
    /// `Limits::returned_bytes`.
    #[error("it passed more than {0} bytes to the host in one call (limit `returned_bytes`)")]
    ReturnedBytes(usize),
    /// A limit of [`ListingLimits`](crate::ListingLimits) on what answers hold.
    #[error("it returned more than {limit} {} (limit `{}`)", bound.unit(), bound.name())]
    Answer {
        /// Which one.
        bound: Bound,
        /// Its value.
        limit: u64,
    },
    /// `Limits::instances` or `Pool::instances`.
    #[error("none of the {pool} instances in the pool became free within {} (limit `instances`)", in_words(*patience))]
    Instances {
        /// The size of the pool.
        pool: u32,
        /// How long the call waited: `Limits::call_time`.
        patience: Duration,
    },
}

/// A limit of [`ListingLimits`](crate::ListingLimits) on what the answers of a provider hold, one by one or all together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bound {
    /// `ListingLimits::notices`.
    Notices,
    /// `ListingLimits::notice_bytes`.
    NoticeBytes,
    /// `ListingLimits::attributes`.
    Attributes,
    /// `ListingLimits::record_bytes`.
    RecordBytes,
    /// `ListingLimits::cursor_bytes`.
    CursorBytes,
    /// `ListingLimits::users`.
    Users,
    /// `ListingLimits::bytes`.
    Bytes,
    /// `ListingLimits::time`.
    Time,
}

impl Bound {
    const fn code(self) -> &'static str {
        match self {
            Self::Notices => "limit-notices",
            Self::NoticeBytes => "limit-notice-bytes",
            Self::Attributes => "limit-attributes",
            Self::RecordBytes => "limit-record-bytes",
            Self::CursorBytes => "limit-cursor-bytes",
            Self::Users => "limit-listing-users",
            Self::Bytes => "limit-listing-bytes",
            Self::Time => "limit-listing-time",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Notices => "notices",
            Self::NoticeBytes => "notice_bytes",
            Self::Attributes => "attributes",
            Self::RecordBytes => "record_bytes",
            Self::CursorBytes => "cursor_bytes",
            Self::Users => "users",
            Self::Bytes => "bytes",
            Self::Time => "time",
        }
    }

    const fn unit(self) -> &'static str {
        match self {
            Self::Notices => "notices",
            Self::NoticeBytes => "bytes of notices",
            Self::Attributes => "attributes of one record",
            Self::RecordBytes => "bytes of one user",
            Self::CursorBytes => "bytes of a cursor",
            Self::Users => "users in one listing",
            Self::Bytes => "bytes of records in one listing",
            Self::Time => "seconds of one listing",
        }
    }
}

impl LimitHit {
    /// The table of limits.
    #[must_use]
    pub const fn facts(self) -> Facts<'static> {
        match self {
            Self::Memory(_) => {
                Facts::lasting("limit-memory", "Ask for smaller pages, or raise `Limits::memory_bytes`.")
            }
            Self::CallTime(_) => Facts::passing(
                "limit-call-time",
                "Try again when the server is less busy, ask for smaller pages, or raise `Limits::call_time`.",
            ),
            Self::CpuTime(_) => Facts::lasting("limit-cpu-time", "Ask for smaller pages, or raise `Limits::cpu_time`."),
            Self::ReturnedBytes(_) => {
                Facts::lasting("limit-returned-bytes", "Ask for smaller pages, or raise `Limits::returned_bytes`.")
            }
            Self::Instances { .. } => Facts::passing(
                "limit-instances",
                "Run fewer listings at once, or raise `Limits::instances` of the tenant or `Pool::instances`.",
            ),
            Self::Answer { bound, .. } => Facts::lasting(
                bound.code(),
                "Report it to the provider's authors, or raise the limit of this name in `ListingLimits`.",
            ),
        }
    }

    /// A stable kebab-case code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.facts().code
    }

    /// The field of `Limits`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory(_) => "memory_bytes",
            Self::CallTime(_) => "call_time",
            Self::CpuTime(_) => "cpu_time",
            Self::ReturnedBytes(_) => "returned_bytes",
            Self::Answer { bound, .. } => bound.name(),
            Self::Instances { .. } => "instances",
        }
    }
}
