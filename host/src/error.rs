//! Everything that can go wrong, with stable codes and what to do about it.

use std::path::PathBuf;
use std::time::Duration;

use crate::Origin;
use crate::component_bounds::ComponentBound;
use crate::identity::{Digest, PublicKey};
use crate::model::ProviderError;
use crate::registry::{Objection, VersionName};
use crate::words::{in_words, io_reason};

/// What every fallible operation of this library returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why an operation failed.
///
/// [`Error::code`] is stable and kebab-case; the texts are for people and may change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The provider answered with an error of its own.
    #[error(transparent)]
    Provider(Box<ProviderError>),

    /// The bytes are no WebAssembly component: damaged, another sort of file, or a plain module.
    #[error("not a WebAssembly component: {reason}")]
    NotAComponent {
        /// What was found instead.
        reason: String,
    },

    /// The component is larger than the limit.
    #[error("the component has {bytes} bytes, and the limit is {limit}")]
    ComponentTooLarge {
        /// Its size in bytes.
        bytes: u64,
        /// `Pool::component_bytes`.
        limit: usize,
    },

    /// The component holds more than is compiled of something that makes compiling expensive.
    #[error("the component has {found} {bound}, and the limit is {limit} (bound `{}`)", bound.name())]
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
        reason: String,
    },

    /// A component's path, or that of its signature, leads to a folder, a named pipe or a device.
    #[error("{} is not a regular file", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },

    /// The component needs more from the start than an instance may have, such as memory.
    #[error("the component does not fit into the sandbox: {reason}")]
    DoesNotFit {
        /// What the runtime says.
        reason: String,
    },

    /// The component asks for an interface that a provider is not given.
    #[error("the component imports `{import}`, which this host does not grant")]
    ImportRefused {
        /// The import's full name.
        import: String,
    },

    /// The component is not a provider of the version that this host speaks.
    #[error("the component does not export `{expected}` as this host knows it: {reason}")]
    ContractMismatch {
        /// The export that was looked for.
        expected: &'static str,
        /// What is missing or differs.
        reason: String,
    },

    /// The bytes are not those whose digest is pinned.
    #[error("the component's sha256 is {found}, and {expected} is pinned")]
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

    /// The component answers another description than its bytes hold.
    #[error("the component's file says `{sealed}` for its {what}, and the component itself `{described}`")]
    DescriptionDiffers {
        /// Which part.
        what: &'static str,
        /// What the file says.
        sealed: String,
        /// What the component answers.
        described: String,
    },

    /// A file of providers and tenants cannot be used.
    #[error("{} cannot be used: {reason}", path.display())]
    ConfigUnusable {
        /// The file.
        path: PathBuf,
        /// What is wrong, without the value of a secret.
        reason: String,
    },

    /// A component's file is neither pinned nor signed.
    #[error("{file} is not pinned, and no key is named for it")]
    Untrusted {
        /// The file's name.
        file: String,
    },

    /// A new version cannot take the place of the one in use.
    #[error("the version {version} was not put into use: {}", listed(objections))]
    PreflightFailed {
        /// The new version.
        version: VersionName,
        /// Everything that stands against it.
        objections: Vec<Objection>,
    },

    /// No version of the provider is in use.
    #[error("there is no provider `{id}`")]
    ProviderUnknown {
        /// The product's id.
        id: String,
    },

    /// A version is kept from a tenant, since it failed again and again.
    #[error(
        "the version {version} of `{provider}` failed again and again for `{tenant}`, and is tried again in {}",
        in_words(*left)
    )]
    Quarantined {
        /// The product's id.
        provider: String,
        /// The version.
        version: VersionName,
        /// The tenant.
        tenant: String,
        /// How long until one call is let through.
        left: Duration,
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

    /// The description of a provider demands what cannot be granted to it.
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

    /// A secret cannot be sent in a header, or is set where the provider does not take one.
    #[error("the secret `{key}` is not usable: {reason}")]
    SecretUnusable {
        /// Its key.
        key: String,
        /// What is wrong with it, which is not repeated.
        reason: String,
    },

    /// The provider wants to see a secret's value.
    #[error("the provider wants to see the value of the secret `{key}`, and is not granted it")]
    SecretNotGranted {
        /// Its key.
        key: String,
    },

    /// A setting leads to an origin that the platform's policy does not name.
    #[error("the policy does not let providers reach {}", origin.shown())]
    OriginDenied {
        /// Where the setting leads.
        origin: Origin,
        /// The line of the policy that would allow it.
        line: String,
        /// The same as a sentence.
        fix: String,
    },

    /// A line of a policy names no origin.
    #[error("the line `{line}` of the policy is not usable: {reason}")]
    PolicyUnusable {
        /// The line.
        line: String,
        /// What is wrong with it.
        reason: &'static str,
    },

    /// A limit of [`Limits`](crate::Limits) or [`Pool`](crate::Pool) is zero, and nothing could run.
    #[error("the limit `{limit}` is 0, which leaves no room for anything")]
    LimitUnusable {
        /// Its field.
        limit: &'static str,
    },

    /// The provider's answer breaks a rule of the contract, and nothing of it was kept.
    #[error("the provider's answer in `{call}` was refused: {reason}")]
    AnswerRefused {
        /// The function that was called.
        call: &'static str,
        /// Which rule; no text of the answer.
        reason: String,
    },

    /// The guest stopped in the middle of a call: a defect of the provider.
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

    /// A listing or a sync makes no progress: no answer comes, or answers come that bring nobody new. What was read stays.
    #[error("the listing makes no progress: {stall}")]
    ListingStalled {
        /// How long, or how many steps.
        stall: Stall,
    },

    /// The product asks to wait longer than a listing may. What was read stays, and the listing goes on where it stopped
    /// when the time is over.
    #[error(
        "the server asks to wait {} before the listing goes on, and the limit is {} (limit `wait_time`)",
        in_words(*left), in_words(*limit)
    )]
    WaitTooLong {
        /// What is left of it.
        left: Duration,
        /// `ListingLimits::wait_time`.
        limit: Duration,
    },

    /// A file of certificates cannot be used.
    #[error("the CA file {} cannot be used: {reason}", path.display())]
    CaFile {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },

    /// A forward proxy cannot be used as it is described.
    #[error("the proxy is not usable: {reason}")]
    ProxyUnusable {
        /// What is wrong with it; an address with a password in it is not repeated.
        reason: String,
    },

    /// A client's certificate and key cannot be used.
    #[error("the client certificate cannot be used: {reason}")]
    ClientIdentityUnusable {
        /// Which file and why not; no part of the key.
        reason: String,
    },

    /// A header cannot be added to requests.
    #[error("the header `{name}` cannot be added to requests: {reason}")]
    HeaderUnusable {
        /// Its name.
        name: String,
        /// What is wrong with it; the value is not repeated.
        reason: &'static str,
    },

    /// A request of the embedder's own, through an [`Outlet`](crate::Outlet), got no whole answer.
    #[error("no complete response: {reason}")]
    Unanswered {
        /// Why, in the words of wasi:http; no part of the request.
        reason: String,
    },

    /// A component's file cannot be read.
    #[error("{} cannot be read: {}", path.display(), io_reason(source))]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's answer.
        source: std::io::Error,
    },

    /// A folder cannot hold compiled components: whoever else may write there could have this process run their code.
    #[error("the folder {} cannot hold compiled components: {reason}", folder.display())]
    CacheUnusable {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        reason: String,
    },

    /// A store of checkpoints does not work: it cannot be opened, read or written, or holds something else.
    #[error("the checkpoint {store} cannot be used: {reason}")]
    CheckpointUnusable {
        /// The file, or another name of the store.
        store: String,
        /// Why not. Holds no user's data.
        reason: String,
    },

    /// Somebody else reads the listing, or looks at it.
    #[error("the listing `{name}` is in use by another session or process")]
    CheckpointBusy {
        /// `ListingKey::name`.
        name: String,
    },

    /// A store of checkpoints has a form that a later version of this library made.
    #[error(
        "the checkpoint {store} was written by a later version: its format is {version}, and this host reads up to {known}"
    )]
    CheckpointNewer {
        /// The file, or another name of the store.
        store: String,
        /// Its version.
        version: i32,
        /// The latest version that this library reads.
        known: i32,
    },

    /// The machine's clock is before 1970.
    #[error("the clock of this machine is before 1970")]
    ClockWrong,

    /// The runtime itself could not be set up: a pool that is too large, or too little address space.
    #[error("the sandbox could not be set up: {reason}")]
    Runtime {
        /// What the runtime says.
        reason: String,
    },
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
    #[error("it handed over more than {0} bytes in one call (limit `returned_bytes`)")]
    ReturnedBytes(usize),
    /// `Limits::requests_per_call`.
    #[error("it sent more than {0} requests in one call (limit `requests_per_call`)")]
    RequestsPerCall(u64),
    /// `Limits::request_body_bytes`.
    #[error("it sent a request with more than {0} bytes (limit `request_body_bytes`)")]
    RequestBody(u64),
    /// `Limits::sent_bytes`.
    #[error("it sent more than {0} bytes (limit `sent_bytes`)")]
    SentBytes(u64),
    /// `Limits::response_header_bytes` or `Limits::response_headers`: which of them is not told apart while an answer's
    /// head is read.
    #[error(
        "an answer has more than {headers} headers or {bytes} bytes of them (limits `response_headers` and `response_header_bytes`)"
    )]
    ResponseHead {
        /// `Limits::response_headers`.
        headers: u32,
        /// `Limits::response_header_bytes`.
        bytes: u32,
    },
    /// `Limits::response_body_bytes`.
    #[error("an answer has more than {0} bytes (limit `response_body_bytes`)")]
    ResponseBody(u64),
    /// A limit of [`ListingLimits`](crate::ListingLimits) on what answers hold.
    #[error("it returned more than {limit} {} (limit `{}`)", bound.unit(), bound.name())]
    Answer {
        /// Which one.
        bound: Bound,
        /// Its value.
        limit: u64,
    },
    /// `Limits::instances` or `Pool::instances`.
    #[error("no instance of {pool} in the pool became free within {} (limit `instances`)", in_words(*patience))]
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

/// How a listing stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Stall {
    /// No answer came for so long.
    #[error("no page was read within {} (limit `stall_time`)", in_words(*.0))]
    NoAnswer(Duration),
    /// Answers came for so long, and nobody new with them.
    #[error("the answers of {} brought no new user (limit `stall_time`)", in_words(*.0))]
    NobodyNew(Duration),
    /// So many steps one after another brought nobody new.
    #[error("{0} steps in a row brought no new user (limit `idle_steps`)")]
    Steps(u64),
}

/// One after another, on one line.
fn listed(objections: &[Objection]) -> String {
    objections.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl LimitHit {
    /// A stable kebab-case code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Memory(_) => "limit-memory",
            Self::CallTime(_) => "limit-call-time",
            Self::CpuTime(_) => "limit-cpu-time",
            Self::ReturnedBytes(_) => "limit-returned-bytes",
            Self::RequestsPerCall(_) => "limit-requests-per-call",
            Self::RequestBody(_) => "limit-request-body",
            Self::SentBytes(_) => "limit-sent-bytes",
            Self::ResponseHead { .. } => "limit-response-head",
            Self::ResponseBody(_) => "limit-response-body",
            Self::Answer { bound, .. } => bound.code(),
            Self::Instances { .. } => "limit-instances",
        }
    }

    /// The field of `Limits`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory(_) => "memory_bytes",
            Self::CallTime(_) => "call_time",
            Self::CpuTime(_) => "cpu_time",
            Self::ReturnedBytes(_) => "returned_bytes",
            Self::RequestsPerCall(_) => "requests_per_call",
            Self::RequestBody(_) => "request_body_bytes",
            Self::SentBytes(_) => "sent_bytes",
            Self::ResponseHead { .. } => "response_header_bytes",
            Self::ResponseBody(_) => "response_body_bytes",
            Self::Answer { bound, .. } => bound.name(),
            Self::Instances { .. } => "instances",
        }
    }
}

impl Error {
    /// A stable kebab-case code: the provider's own for [`Error::Provider`], one of this host's otherwise.
    #[must_use]
    pub fn code(&self) -> &str {
        match self {
            Self::Provider(error) => &error.code,
            Self::NotAComponent { .. } => "not-a-component",
            Self::ComponentTooLarge { .. } => "component-too-large",
            Self::ComponentBound { bound, .. } => bound.code(),
            Self::CompileTimeout { .. } => "component-compile-timeout",
            Self::CompileMemory { .. } => "component-compile-memory",
            Self::CompilerFailed { .. } => "component-compiler-failed",
            Self::NotAFile { .. } => "component-not-a-file",
            Self::DoesNotFit { .. } => "component-does-not-fit",
            Self::ImportRefused { .. } => "import-refused",
            Self::ContractMismatch { .. } => "contract-mismatch",
            Self::DigestDiffers { .. } => "digest-differs",
            Self::SignatureRefused { .. } => "signature-refused",
            Self::DescriptionDiffers { .. } => "description-differs",
            Self::ConfigUnusable { .. } => "config-unusable",
            Self::Untrusted { .. } => "component-untrusted",
            Self::PreflightFailed { .. } => "preflight-failed",
            Self::ProviderUnknown { .. } => "provider-unknown",
            Self::Quarantined { .. } => "version-quarantined",
            Self::SettingMissing { .. } => "setting-missing",
            Self::DescriptionRefused { .. } => "description-refused",
            Self::SettingUnusable { .. } => "setting-unusable",
            Self::SecretUnusable { .. } => "secret-unusable",
            Self::SecretNotGranted { .. } => "secret-not-granted",
            Self::OriginDenied { .. } => "origin-denied",
            Self::PolicyUnusable { .. } => "policy-unusable",
            Self::LimitUnusable { .. } => "limit-unusable",
            Self::AnswerRefused { .. } => "answer-refused",
            Self::Trap { .. } => "provider-crashed",
            Self::LimitHit { limit, .. } => limit.code(),
            Self::ListingStalled { .. } => "listing-stalled",
            Self::WaitTooLong { .. } => "rate-limited",
            Self::CaFile { .. } => "ca-file-unusable",
            Self::ProxyUnusable { .. } => "proxy-unusable",
            Self::ClientIdentityUnusable { .. } => "client-identity-unusable",
            Self::HeaderUnusable { .. } => "header-unusable",
            Self::Unanswered { .. } => "request-unanswered",
            Self::Io { .. } => "file-unreadable",
            Self::CacheUnusable { .. } => "cache-unusable",
            Self::CheckpointUnusable { .. } => "checkpoint-unusable",
            Self::CheckpointBusy { .. } => "checkpoint-busy",
            Self::CheckpointNewer { .. } => "checkpoint-newer",
            Self::ClockWrong => "clock-wrong",
            Self::Runtime { .. } => "runtime-failed",
        }
    }

    /// What an administrator, or the person who embeds this library, can do about it.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a table: one line for each error")]
    pub fn fix(&self) -> Option<&str> {
        Some(match self {
            Self::Provider(error) => return error.fix.as_deref(),
            Self::NotAComponent { .. } => {
                "Give the path of a WebAssembly component (a .wasm file built for wasm32-wasip2), and copy it again if it may be damaged."
            }
            Self::ComponentTooLarge { .. } => "Check that it is the right file, or raise `Pool::component_bytes`.",
            Self::ComponentBound { .. } => {
                "Do not use it unless you know its makers; if you do, raise this bound in `Pool::bounds`."
            }
            Self::CompileTimeout { .. } => {
                "Do not use it unless you know its makers; if the machine was busy, try again, or raise `CompilerProcess::deadline`."
            }
            Self::CompileMemory { .. } => {
                "Do not use it unless you know its makers; if you do, raise `CompilerProcess::memory_bytes`."
            }
            Self::CompilerFailed { .. } => {
                "Check that the program is there and calls `run_compiler` of this version; if it crashed, do not use the component."
            }
            Self::NotAFile { .. } => {
                "Name the component's file itself; write what comes through a pipe to a file first."
            }
            Self::DoesNotFit { .. } => "Raise `Pool::memory_bytes`, or use a provider that needs less.",
            Self::ImportRefused { .. } => {
                "Use a provider that was built without this interface: providers get wasi:http, wasi:io and wasi:clocks and nothing else."
            }
            Self::ContractMismatch { .. } => {
                "Use a provider that was built for this version of the contract, or update this host."
            }
            Self::DigestDiffers { fix, .. } => fix,
            Self::SignatureRefused { .. } => {
                "Get the component and its `.sig` file again from its makers, or trust another key if you are sure that it is theirs."
            }
            Self::DescriptionDiffers { .. } => {
                "Do not use this file: it was changed after it was built. Its makers seal it again with `providerctl seal`."
            }
            Self::ConfigUnusable { .. } => "Correct the file; docs/embedding.md shows a whole one.",
            Self::Untrusted { .. } => {
                "Pin it by its sha256, as `sha256sum` prints it, or name the public key of its makers."
            }
            Self::PreflightFailed { .. } => {
                "Have the tenants' settings changed first, grant the requests if they are meant, or keep the version in use."
            }
            Self::ProviderUnknown { .. } => "Load a version of it and switch to it first.",
            Self::Quarantined { .. } => "Look at what failed before; another version can be switched to at any time.",
            Self::SettingMissing { help, .. } => help,
            Self::SettingUnusable { .. } => {
                "Enter an address such as https://chat.example.com, without user name or password."
            }
            Self::SecretUnusable { .. } => {
                "Enter the secret alone, as it was shown when it was made: one word, without spaces, quotes or line breaks. Only a setting that the provider describes as a secret takes one."
            }
            Self::SecretNotGranted { .. } => {
                "If you trust this component with the value itself, grant it with `Settings::grant_value`."
            }
            Self::OriginDenied { fix, .. } => fix,
            Self::PolicyUnusable { .. } => {
                "Write scheme, host and port where it is not the usual one, such as https://chat.example.com or https://*.example.com:8443."
            }
            Self::LimitUnusable { .. } => "Set it to 1 or more, or leave it out.",
            Self::DescriptionRefused { .. } => {
                "Report it to the provider's authors, who write the description: no setting changes it."
            }
            Self::AnswerRefused { .. } => {
                "Report it to the provider's authors with the text above; where it speaks of a clock, set this machine's and the server's first."
            }
            Self::Trap { .. } => {
                "Try again; if it happens again, report it to the provider's authors with the text above."
            }
            Self::LimitHit { limit, .. } => match limit {
                LimitHit::Memory(_) => "Ask for smaller pages, or raise `Limits::memory_bytes`.",
                LimitHit::CallTime(_) => {
                    "Try again when the server is less busy, ask for smaller pages, or raise `Limits::call_time`."
                }
                LimitHit::CpuTime(_) => "Ask for smaller pages, or raise `Limits::cpu_time`.",
                LimitHit::ReturnedBytes(_) => "Ask for smaller pages, or raise `Limits::returned_bytes`.",
                LimitHit::RequestsPerCall(_) => "Ask for smaller pages, or raise `Limits::requests_per_call`.",
                LimitHit::RequestBody(_) => "Ask for smaller pages, or raise `Limits::request_body_bytes`.",
                LimitHit::SentBytes(_) => {
                    "Look at what the provider sends; if the product needs it, raise `Limits::sent_bytes`."
                }
                LimitHit::ResponseHead { .. } => {
                    "Look at what the server or a proxy adds to its answers, or raise `Limits::response_header_bytes` and `Limits::response_headers`."
                }
                LimitHit::ResponseBody(_) => "Ask for smaller pages, or raise `Limits::response_body_bytes`.",
                LimitHit::Answer { .. } => {
                    "Report it to the provider's authors, or raise the limit of this name in `ListingLimits`."
                }
                LimitHit::Instances { .. } => {
                    "Run fewer listings at once, or raise `Limits::instances` of the tenant or `Pool::instances`."
                }
            },
            Self::ListingStalled { .. } => {
                "Look at whether the server answers, and list again; for a server that is slow, raise `ListingLimits::stall_time`. If it answers well, report it to the provider's authors."
            }
            Self::WaitTooLong { .. } => {
                "Go on when the time is over, have the server's limit on requests raised, or raise `ListingLimits::wait_time`."
            }
            Self::CaFile { .. } => {
                "Name a readable PEM file that holds the certificate of the authority that signed the server's certificate."
            }
            Self::ProxyUnusable { .. } => {
                "Write the proxy's address as http://proxy.example.com:3128, give its user name and password separately, and name the hosts to reach without it."
            }
            Self::ClientIdentityUnusable { .. } => {
                "Name two readable PEM files: the certificate followed by those that signed it, and its key without a password."
            }
            Self::HeaderUnusable { .. } => {
                "Name a header of the gateway's own, such as x-gateway-key, with a value of one line; the server's own credentials belong in the settings."
            }
            Self::Unanswered { .. } => {
                "Check that the server is there, and that the request is one of those that the description names."
            }
            Self::Io { .. } => "Check that the file exists and that this user may read it.",
            Self::CacheUnusable { .. } => {
                "Make it this user's own and close it to everybody else (chmod 700), or name another folder. Without one, components are compiled whenever they are loaded."
            }
            Self::CheckpointUnusable { .. } => {
                "Check that the folder exists, that this user may write there, that the disk is not full, and that no other program uses the file; or name another file."
            }
            Self::CheckpointBusy { .. } => "Wait until the other listing has ended, or stop it.",
            Self::CheckpointNewer { .. } => "Update this host, or name another file.",
            Self::ClockWrong => "Set the clock of this machine, by hand or from a time server, and try again.",
            Self::Runtime { .. } => "Lower `Pool::instances` or `Pool::memory_bytes`.",
        })
    }

    /// Whether the same call may succeed later, without anybody changing anything.
    #[must_use]
    pub const fn retryable(&self) -> bool {
        match self {
            Self::Provider(error) => error.retryable,
            Self::LimitHit { limit, .. } => match limit {
                LimitHit::CallTime(_) | LimitHit::Instances { .. } => true,
                LimitHit::Memory(_)
                | LimitHit::CpuTime(_)
                | LimitHit::ReturnedBytes(_)
                | LimitHit::RequestsPerCall(_)
                | LimitHit::ResponseHead { .. }
                | LimitHit::RequestBody(_)
                | LimitHit::SentBytes(_)
                | LimitHit::ResponseBody(_)
                | LimitHit::Answer { .. } => false,
            },
            Self::WaitTooLong { .. }
            | Self::Quarantined { .. }
            | Self::CheckpointBusy { .. }
            | Self::CompileTimeout { .. }
            | Self::Unanswered { .. } => true,
            Self::NotAComponent { .. }
            | Self::ComponentTooLarge { .. }
            | Self::ComponentBound { .. }
            | Self::CompileMemory { .. }
            | Self::CompilerFailed { .. }
            | Self::NotAFile { .. }
            | Self::DoesNotFit { .. }
            | Self::ImportRefused { .. }
            | Self::ContractMismatch { .. }
            | Self::DigestDiffers { .. }
            | Self::SignatureRefused { .. }
            | Self::DescriptionDiffers { .. }
            | Self::ConfigUnusable { .. }
            | Self::Untrusted { .. }
            | Self::PreflightFailed { .. }
            | Self::ProviderUnknown { .. }
            | Self::SettingMissing { .. }
            | Self::DescriptionRefused { .. }
            | Self::SettingUnusable { .. }
            | Self::SecretUnusable { .. }
            | Self::SecretNotGranted { .. }
            | Self::OriginDenied { .. }
            | Self::PolicyUnusable { .. }
            | Self::LimitUnusable { .. }
            | Self::AnswerRefused { .. }
            | Self::Trap { .. }
            | Self::ListingStalled { .. }
            | Self::CaFile { .. }
            | Self::ProxyUnusable { .. }
            | Self::ClientIdentityUnusable { .. }
            | Self::HeaderUnusable { .. }
            | Self::Io { .. }
            | Self::CacheUnusable { .. }
            | Self::CheckpointUnusable { .. }
            | Self::CheckpointNewer { .. }
            | Self::ClockWrong
            | Self::Runtime { .. } => false,
        }
    }

    /// How long to wait before the same call is made again, where the product or this host says so.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        if let Self::WaitTooLong { left, .. } | Self::Quarantined { left, .. } = self {
            return Some(*left);
        }
        let ms = self.as_provider()?.retry_after_ms?;
        Some(Duration::from_millis(u64::from(ms)))
    }

    /// The provider's own error, where it is one.
    #[must_use]
    pub const fn as_provider(&self) -> Option<&ProviderError> {
        if let Self::Provider(error) = self { Some(error) } else { None }
    }
}
