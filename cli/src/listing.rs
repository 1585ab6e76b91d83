//! Reads a listing to its end: retries pages, waits between retries, and collects notices.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use provider_host::checkpoint::Kept;
use provider_host::model::{Notice, User};
use provider_host::{Batch, Denial, End, Error, Listing, ListingSync, Progress, StoreError, SyncStep, TenantListing};

use crate::exit::{Complaint, Failure};
use crate::stop;

/// How often a page is retried before the listing ends.
pub(crate) const RETRIES: u32 = 3;

/// How many users are read from a checkpoint at a time.
const KEPT_AT_ONCE: u32 = 1_000;

/// The longest pause before a retry. If a server asks for a longer one, the listing ends and the person runs it again later.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The pause before the first retry if the server does not ask for one; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_secs(1);

/// How long to wait before retry number `retry`, counted from 1; `None` if a retry cannot help, if there were enough of
/// them, or if the server asks for more than [`LONGEST_PAUSE`].
pub(crate) fn pause(error: &Error, retry: u32) -> Option<Duration> {
    // The store has already found the wait too long.
    let is_too_long = matches!(error, Error::Store(StoreError::WaitTooLong { .. }));
    if !error.is_retryable() || is_too_long || retry > RETRIES {
        return None;
    }
    let asked = error.as_provider().and_then(|provider| provider.retry_after_ms).unwrap_or_default();
    let own = FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(retry.saturating_sub(1)));
    Some(own.max(Duration::from_millis(u64::from(asked)))).filter(|pause| *pause <= LONGEST_PAUSE)
}

/// A page that failed and is about to be retried.
pub(crate) struct Retry<'a> {
    /// Why.
    pub(crate) error: &'a Error,
    /// How long the command waits before it.
    pub(crate) pause: Duration,
    /// The number of the retry, from 1.
    pub(crate) number: u32,
}

/// Why there is no further page.
enum Stopped {
    Interrupted(Complaint),
    Error(Error),
}

impl Stopped {
    /// How the command ends: if users were printed before, the listing is incomplete.
    fn after(self, users: u64) -> Failure {
        match (self, users) {
            (Self::Interrupted(complaint), 0) => Failure::failed(complaint),
            (Self::Interrupted(complaint), _) => Failure::incomplete(complaint),
            (Self::Error(error), 0) => Failure::from(error),
            (Self::Error(error), _) => Failure::incomplete(Complaint::from(&error)),
        }
    }
}

/// The next page, after retries if they may help. All their pauses together are at most `stall_time`.
async fn page<L: Steps>(
    listing: &mut L,
    stall_time: Duration,
    retrying: &mut dyn FnMut(Retry<'_>),
) -> Option<Result<L::Step, Stopped>> {
    let (mut number, mut left) = (1, stall_time);
    loop {
        let error = match listing.next().await? {
            Ok(step) => return Some(Ok(step)),
            Err(error) => error,
        };
        let pause = pause(&error, number).and_then(|pause| Some((pause, left.checked_sub(pause)?)));
        let Some((pause, rest)) = pause else { return Some(Err(Stopped::Error(error))) };
        left = rest;
        retrying(Retry { error: &error, pause, number });
        tokio::time::sleep(pause).await;
        number += 1;
    }
}

/// Something that is read step by step: a listing, in one version of a provider or across several, or a sync.
pub(crate) trait Steps {
    /// What a step returns.
    type Step: StepReport;
    /// The next step; `None` after the last.
    async fn next(&mut self) -> Option<Result<Self::Step, Error>>;
    /// How many users were returned for printing.
    fn users(&self) -> u64;
}

/// What a step reports besides its users.
pub(crate) trait StepReport {
    /// The notices of the step.
    fn notices(&self) -> &[Notice];
    /// Set in the last step.
    fn end(&self) -> Option<End>;
}

impl Steps for Listing {
    type Step = Batch;

    async fn next(&mut self) -> Option<Result<Batch, Error>> {
        Some(Self::next(self).await?.map_err(Error::from))
    }

    fn users(&self) -> u64 {
        self.progress().users
    }
}

impl Steps for TenantListing {
    type Step = Batch;

    async fn next(&mut self) -> Option<Result<Batch, Error>> {
        Some(Self::next(self).await?.map_err(Error::from))
    }

    fn users(&self) -> u64 {
        self.progress().users
    }
}

impl Steps for ListingSync {
    type Step = SyncStep;

    async fn next(&mut self) -> Option<Result<SyncStep, Error>> {
        Some(Self::next(self).await?.map_err(Error::from))
    }

    fn users(&self) -> u64 {
        let progress = self.progress();
        progress.added + progress.changed + progress.gone
    }
}

impl StepReport for Batch {
    fn notices(&self) -> &[Notice] {
        &self.notices
    }

    fn end(&self) -> Option<End> {
        self.end
    }
}

impl StepReport for SyncStep {
    fn notices(&self) -> &[Notice] {
        &self.notices
    }

    fn end(&self) -> Option<End> {
        self.end
    }
}

/// A listing that is being read, with the notices and the end so far.
pub(crate) struct Reader<L> {
    listing: L,
    notices: BTreeMap<String, Notice>,
    end: Option<End>,
    stall_time: Duration,
    /// Waits for Ctrl-C and other signals for the whole listing, so that none is missed while a page is printed.
    stop: Pin<Box<dyn Future<Output = ()>>>,
}

impl Reader<Listing> {
    /// The progress in the checkpoint from which the listing resumed; `None` if it started from the beginning.
    pub(crate) fn resumed(&self) -> Option<Progress> {
        self.listing.resumed()
    }

    /// The next users in the checkpoint by id, after the id `after`.
    pub(crate) async fn kept(&self, after: Option<&str>) -> Result<Vec<User>, Failure> {
        Ok(self.listing.kept(Kept::Latest, after, KEPT_AT_ONCE).await?)
    }

    /// The requests of the last step that were denied.
    pub(crate) fn denials(&self) -> Vec<Denial> {
        self.listing.denials()
    }
}

impl<L: Steps> Reader<L> {
    /// Starts reading; the listing may go without progress for `stall_time`.
    pub(crate) fn new(listing: L, stall_time: Duration) -> Self {
        Self { listing, notices: BTreeMap::new(), end: None, stall_time, stop: Box::pin(stop::asked()) }
    }

    /// The next page; `None` after the last. A signal to stop ends the listing with an error.
    pub(crate) async fn next(&mut self, retrying: &mut dyn FnMut(Retry<'_>)) -> Option<Result<L::Step, Failure>> {
        let Self { listing, notices, end, stall_time, stop } = self;
        let ended = tokio::select! {
            biased;
            () = stop => Some(Err(Stopped::Interrupted(Complaint::new("interrupted", "the listing was stopped")))),
            page = page(listing, *stall_time, retrying) => page,
        };
        Some(match ended? {
            Ok(step) => {
                // The last page repeats all notices that are still true: an earlier one may have been resolved.
                if step.end().is_some() {
                    notices.clear();
                }
                notices.extend(step.notices().iter().map(|notice| (notice.code.clone(), notice.clone())));
                *end = step.end().or(*end);
                Ok(step)
            }
            Err(stopped) => Err(stopped.after(self.users())),
        })
    }

    /// The listing itself.
    pub(crate) const fn listing(&self) -> &L {
        &self.listing
    }

    /// How many users were returned.
    pub(crate) fn users(&self) -> u64 {
        self.listing.users()
    }

    /// The notices, one for each code: a later one replaces an earlier one.
    pub(crate) fn notices(&self) -> impl Iterator<Item = &Notice> {
        self.notices.values()
    }

    /// How the listing ended, once it has.
    pub(crate) fn end(&self) -> Option<End> {
        self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provider_host::SandboxError;
    use provider_host::model::{ErrorKind, ProviderError};

    fn error(retryable: bool, retry_after_ms: Option<u32>) -> Error {
        Error::from(SandboxError::Provider(Box::new(ProviderError {
            kind: ErrorKind::RateLimited,
            code: "rate-limited".into(),
            message: "Wait.".into(),
            fix: None,
            retryable,
            retry_after_ms,
            request: None,
            http_status: Some(429),
            request_id: None,
            params: Default::default(),
        })))
    }

    #[test]
    fn retries_are_bounded_and_wait_as_the_server_asks() {
        let cases = [
            (false, None, 1, None),
            (false, Some(5), 1, None),
            (true, None, 1, Some(1_000)),
            (true, None, 2, Some(2_000)),
            (true, None, 3, Some(4_000)),
            (true, None, 4, None),
            (true, Some(7_000), 1, Some(7_000)),
            (true, Some(0), 3, Some(4_000)),
            (true, Some(60_000), 1, Some(60_000)),
            (true, Some(3_600_000), 1, None),
        ];
        let too_long =
            Error::from(StoreError::WaitTooLong { left: Duration::from_secs(600), limit: Duration::from_secs(120) });
        assert_eq!(pause(&too_long, 1), None);
        for (retryable, asked, retry, expect) in cases {
            let pause = pause(&error(retryable, asked), retry);
            assert_eq!(pause, expect.map(Duration::from_millis), "{retryable} {asked:?} {retry}");
        }
    }
}
