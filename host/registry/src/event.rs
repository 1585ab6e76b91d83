//! The events that a registry reports about its versions.

use std::fmt;

use tokio::sync::broadcast;

use crate::VersionName;

/// Something that happened to a version.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A version was put into use.
    Switched {
        /// The product's id.
        provider: String,
        /// What was in use.
        from: Option<VersionName>,
        /// What is.
        to: VersionName,
    },
    /// Nobody works with an old version any more.
    Drained {
        /// The product's id.
        provider: String,
        /// The old version.
        version: VersionName,
    },
    /// A version is quarantined for a tenant: its calls are refused for a while.
    Quarantined {
        /// The product's id.
        provider: String,
        /// The version.
        version: VersionName,
        /// The tenant.
        tenant: String,
    },
    /// A version was given up, and the earlier one put back.
    RolledBack {
        /// The product's id.
        provider: String,
        /// The version that was given up.
        from: VersionName,
        /// The one that was put back.
        to: VersionName,
    },
    /// A version was given up for all, and there is no earlier version to put back: its calls go on slowly.
    Failing {
        /// The product's id.
        provider: String,
        /// The version.
        version: VersionName,
    },
    /// A file in a watched folder was not put into use.
    Refused {
        /// The file's name.
        file: String,
        /// The error's stable code.
        code: String,
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Switched { provider, from: Some(from), to } => write!(f, "{provider}: switched from {from} to {to}"),
            Self::Switched { provider, from: None, to } => write!(f, "{provider}: {to} is in use"),
            Self::Drained { provider, version } => write!(f, "{provider}: {version} is no longer in use"),
            Self::Quarantined { provider, version, tenant } => {
                write!(f, "{provider}: {version} is quarantined for `{tenant}`, since it failed repeatedly")
            }
            Self::RolledBack { provider, from, to } => {
                write!(f, "{provider}: {from} failed and was given up; {to} is in use again")
            }
            Self::Failing { provider, version } => {
                write!(f, "{provider}: {version} fails its tenants, and there is no earlier version to put back")
            }
            Self::Refused { file, code, reason } => write!(f, "{file} is not put into use: {reason} [{code}]"),
        }
    }
}

/// An event that is not in the log yet.
#[must_use]
pub(crate) struct Sent(Event);

impl Sent {
    pub(crate) fn log(self) {
        let Self(event) = self;
        match &event {
            Event::Quarantined { .. } | Event::RolledBack { .. } | Event::Failing { .. } | Event::Refused { .. } => {
                tracing::warn!("{event}");
            }
            Event::Switched { .. } | Event::Drained { .. } => tracing::info!("{event}"),
        }
    }
}

/// Events that a slow listener may be behind.
const BACKLOG: usize = 256;

/// Sends events to the subscribers and to the log.
#[derive(Clone)]
pub(crate) struct Events(broadcast::Sender<Event>);

impl Events {
    pub(crate) fn new() -> Self {
        Self(broadcast::Sender::new(BACKLOG))
    }

    pub(crate) fn report(&self, event: Event) {
        self.send(event).log();
    }

    /// Sends it to the subscribers. Call this under the lock, so that events come in the order of what happened, and
    /// [`Sent::log`] after it, since the writer of logs may do anything.
    pub(crate) fn send(&self, event: Event) -> Sent {
        // Nobody has to listen.
        let _ = self.0.send(event.clone());
        Sent(event)
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Event> {
        self.0.subscribe()
    }
}
