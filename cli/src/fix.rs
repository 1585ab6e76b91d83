//! What to do about an error of the library, in terms of this command's options: the library's fixes name its own limits.

#![expect(clippy::wildcard_enum_match_arm, reason = "the library's own fix serves for every other error")]

use provider_host::{EgressError, Error, LimitHit, SandboxError, StoreError};

/// The fix of an error; `None` if nothing helps.
pub(crate) fn of(error: &Error) -> Option<String> {
    let own = match error {
        Error::Egress(error) => of_egress(error),
        Error::Sandbox(error) => of_sandbox(error),
        Error::Store(error) => of_store(error),
        _ => None,
    };
    own.or_else(|| error.fix()).map(str::to_owned)
}

const fn of_egress(error: &EgressError) -> Option<&'static str> {
    match error {
        EgressError::ProxyUnusable { .. } => {
            Some("write it as http://proxy.example.com:3128, and give its login with --proxy-login")
        }
        _ => None,
    }
}

const fn of_sandbox(error: &SandboxError) -> Option<&'static str> {
    Some(match error {
        SandboxError::SecretNotGranted { .. } => {
            "if you trust this component with the value itself, add --grant-value KEY"
        }
        SandboxError::Runtime { .. } => {
            "lift the limits of this process, as with ulimit -v unlimited, or end others that use the machine"
        }
        SandboxError::ComponentTooLarge { .. } => "check that it is the right file",
        SandboxError::DoesNotFit { .. } => {
            "do not run it unless you know its makers; a platform may give it more memory"
        }
        SandboxError::CompilerFailed { .. } => {
            "install providerctl again; if it crashed over this component, do not run it"
        }
        SandboxError::ComponentBound { .. } => {
            "do not run it unless you know its makers; a platform may raise this bound, docs/compiling.md"
        }
        SandboxError::CompileTimeout { .. } | SandboxError::CompileMemory { .. } => {
            "do not run it unless you know its makers; if this machine was busy, try again"
        }
        SandboxError::LimitHit { limit, .. } => of_limit(limit),
        _ => return None,
    })
}

const fn of_limit(limit: &LimitHit) -> &'static str {
    match limit {
        LimitHit::CallTime(_) => "allow more time with --timeout SECONDS, or try again when the server is less busy",
        LimitHit::Memory(_) | LimitHit::CpuTime(_) | LimitHit::ReturnedBytes(_) => {
            "if it was listing users, use smaller pages: --page-size 1000; otherwise report it to the provider's authors"
        }
        LimitHit::Instances { .. } => "run fewer listings at once, and try again",
        _ => {
            "report it to the provider's authors; if it needs as much, a tenant of a providers.toml may be given a higher limit (docs/embedding.md)"
        }
    }
}

const fn of_store(error: &StoreError) -> Option<&'static str> {
    match error {
        StoreError::ListingStalled { .. } => Some(
            "run providerctl check to see whether the server answers, then run the command again; for a slow server, add --stall-timeout SECONDS",
        ),
        StoreError::WaitTooLong { .. } => {
            Some("run the command again after that time, or add --stall-timeout SECONDS to wait for longer")
        }
        StoreError::CheckpointBusy { .. } => {
            Some("wait until the other providerctl that uses the file of --checkpoint has ended, or stop it")
        }
        StoreError::CheckpointNewer { .. } => Some("update providerctl, or name another file with --checkpoint"),
        _ => None,
    }
}
