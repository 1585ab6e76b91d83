//! Signals that ask this process to stop: Ctrl-C, a service manager, or a closed terminal.

use std::process;

use tokio::sync::oneshot;

use crate::exit::Exit;

/// Completes when a signal asks this process to stop. It listens from this call on, so no signal is missed.
/// A second signal ends the process at once, even if the command is blocked, for example while nobody reads its output.
pub(crate) fn asked() -> impl Future<Output = ()> {
    let (sender, receiver) = oneshot::channel();
    let mut signals = Signals::new();
    tokio::spawn(async move {
        signals.next().await;
        // Sending fails if nobody waits, and then there is nothing to finish.
        if sender.send(()).is_ok() {
            signals.next().await;
        }
        process::exit(Exit::Incomplete.code().into());
    });
    async {
        // Only the end of the runtime drops the sender.
        if receiver.await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// The signals that ask this process to stop.
#[cfg(unix)]
struct Signals(Vec<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Signals {
    /// All but those that this process was started to ignore, for example by nohup or in the background of a script.
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};

        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        let heard = kinds.into_iter().filter(|kind| !is_ignored(kind.as_raw_value()));
        // A signal without a handler ends the process, as by default.
        Self(heard.filter_map(|kind| signal(kind).ok()).collect())
    }

    async fn next(&mut self) {
        std::future::poll_fn(|context| {
            let came = self.0.iter_mut().any(|signal| signal.poll_recv(context).is_ready());
            if came { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
        })
        .await;
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    const fn new() -> Self {
        Self
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Whether this process was started to ignore a signal, if the system shows that.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    let bit = u32::try_from(signal - 1).ok().and_then(|place| 1_u64.checked_shl(place));
    bit.is_some_and(|bit| mask & bit != 0)
}

/// Makes writing beyond the limit on file sizes (`ulimit -f`) an error, as on a full disk, instead of a signal that ends the
/// process.
#[cfg(unix)]
pub(crate) fn survive_file_limits() {
    let signal = tokio::signal::unix::SignalKind::from_raw(rustix::process::Signal::XFSZ.as_raw());
    // Without a handler the signal ends the process, as by default.
    drop(tokio::signal::unix::signal(signal));
}

#[cfg(not(unix))]
pub(crate) const fn survive_file_limits() {}
