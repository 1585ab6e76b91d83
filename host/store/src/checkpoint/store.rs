//! The traits of a store of listings, and the types that it keeps.

use provider_model::{HiddenField, Notice, User};
use provider_sandbox::RecordSource;
use serde::{Deserialize, Serialize};

use super::seen_at::SeenAt;
use super::undelivered::Undelivered;
use crate::listing::{End, Progress, Proof};
use crate::{Error, Result};

/// Identifies a listing. Contains no secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListingKey {
    /// The host's name for it, such as a tenant's name.
    pub name: String,
    /// The id of the product, as the provider describes itself.
    pub product: String,
    /// What it reads: the values of the provider's url settings. So users of two servers never mix.
    pub source: String,
}

/// A store of listings.
pub trait Checkpoints: Send + Sync {
    /// Opens a listing and locks it, until the returned value is dropped or the process ends, however it ends.
    ///
    /// # Errors
    /// [`Error::CheckpointBusy`] while another session or process has it; [`Error::CheckpointUnusable`] or
    /// [`Error::CheckpointNewer`] if the store does not work.
    fn open(&self, key: &ListingKey) -> Result<Box<dyn Checkpoint>>;
}

/// One listing in a store.
pub trait Checkpoint: Send {
    /// The state of the latest listing, finished or not; `None` if nothing was saved yet.
    ///
    /// # Errors
    /// [`Error::CheckpointUnusable`], here and below: the store does not work.
    fn standing(&mut self) -> Result<Option<Standing>>;

    /// The state of the finished listing before the latest one; `None` if there is no such listing.
    ///
    /// # Errors
    /// The store does not work.
    fn before(&mut self) -> Result<Option<Standing>>;

    /// Saves a step: all of it or, if that fails, nothing. Once this returns, the step survives the end of the process.
    ///
    /// # Errors
    /// The store does not work. The caller may save the same step again later.
    fn save(&mut self, step: &Step<'_>) -> Result<()>;

    /// Calls `each` with every id of the latest listing and the last [`Step::run`] that returned it.
    ///
    /// # Errors
    /// The store does not work.
    fn ids(&mut self, each: &mut dyn FnMut(&str, u32)) -> Result<()>;

    /// Reads the whole latest listing, and returns which of its records are damaged: they count as not kept, here and
    /// in all other calls. The default, for a store that cannot detect damage, only counts the records.
    ///
    /// # Errors
    /// The store does not work.
    fn verify(&mut self) -> Result<Verified> {
        let mut intact = 0_u64;
        self.ids(&mut |_, _| intact = intact.saturating_add(1))?;
        Ok(Verified { intact, ..Verified::default() })
    }

    /// How many users there are.
    ///
    /// # Errors
    /// The store does not work.
    fn count(&mut self, of: Kept) -> Result<u64>;

    /// At most `limit` users in the order of their ids' bytes, whose ids are greater than `after`: the last record of
    /// each.
    ///
    /// # Errors
    /// The store does not work.
    fn users(&mut self, of: Kept, after: Option<&str>, limit: u32) -> Result<Vec<User>>;

    /// The last records of those of these ids that the listing has, in any order.
    ///
    /// # Errors
    /// The store does not work.
    fn find(&mut self, of: Kept, ids: &[String]) -> Result<Vec<User>>;
}

/// The result of reading all records of a listing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many records are intact.
    pub intact: u64,
    /// The ids of damaged records.
    pub damaged: Vec<String>,
    /// How many damaged records have lost their ids too.
    pub nameless: u64,
}

/// A part of what a store keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kept {
    /// The latest listing, finished or not.
    Latest,
    /// The last listing that ended complete; empty if there is none.
    LastComplete,
    /// The finished listing before the latest one, proven complete or not; empty if there is none.
    Before,
    /// The users of the finished listing before the latest one who are not in the latest. Empty unless the latest is
    /// complete, since only then are they known to be gone.
    ///
    /// A [`ListingSync`](crate::ListingSync) that asks what changed updates the latest listing in place. So this stays
    /// the users who were gone when everybody was listed last.
    Gone,
    /// The same users, whether the latest listing is complete or not: those that it has not returned.
    Unseen,
}

/// Changes that are saved together.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Whether it is the first step of a listing. If the latest listing is finished ([`Standing::is_finished`]), it
    /// becomes the listing before, and replaces an earlier one; otherwise it is deleted.
    pub begins: bool,
    /// Which reading of the product's list returned the users, from 1.
    pub run: u32,
    /// Whether to delete the users of the latest listing that another run returned last: they no longer belong to it.
    pub withdraws: bool,
    /// Whether to copy users of the listing before that the latest one has not returned into the latest.
    pub adopts: bool,
    /// Whether to delete damaged records of the latest listing that were not replaced.
    pub mends: bool,
    /// The ids of users to delete from the latest listing, since they no longer exist.
    pub gone: &'a [String],
    /// Users who are returned for the first time.
    pub users: &'a [User],
    /// Users who were returned before, whose records replace the earlier ones.
    pub repeated: &'a [User],
    /// The state of the listing after the step.
    pub standing: &'a Standing,
}

impl<'a> Step<'a> {
    /// A step that saves the listing's state alone.
    #[must_use]
    pub const fn of(standing: &'a Standing) -> Self {
        Self {
            begins: false,
            run: standing.run,
            withdraws: false,
            adopts: false,
            mends: false,
            gone: &[],
            users: &[],
            repeated: &[],
            standing,
        }
    }
}

/// The state of a listing: everything that it needs to continue, besides its users. A store saves it unchanged, as JSON
/// for example, and uses nothing in it but [`end`](Self::end) and [`is_finished`](Self::is_finished).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Where it continues; `None` if the list is read from its beginning, and at the end.
    pub cursor: Option<String>,
    /// Which reading of the product's list is running or comes next, from 1. A listing begins again if the provider
    /// refuses its cursor, and if it was interrupted and could not be proven complete.
    pub run: u32,
    /// Its progress.
    pub progress: Progress,
    /// What the provider and this library reported so far, each code once.
    pub notices: Vec<Notice>,
    /// The instant for which the count of the present reading is proven, in the product's time.
    pub watermark: Option<String>,
    /// The wait that the product asked for.
    pub wait: Option<Wait>,
    /// How it ended, if it has: [`End::Complete`] means that it is proven to have everybody.
    pub end: Option<End>,
    /// The time at which each field was last seen.
    #[serde(default)]
    pub seen_at: SeenAt,
    /// Why it ended incomplete: a code of the provider.
    #[serde(default)]
    pub(crate) reason: Option<String>,
    /// What the provider counted, and how many of those users were returned.
    pub(crate) proof: Proof,
    /// Whether the listing began here, and not at a cursor that the caller kept.
    pub(crate) has_beginning: bool,
    /// The version and settings that made its records; `None` if there were several, or if an earlier version of this
    /// library saved the listing.
    #[serde(default, rename = "maker")]
    pub(crate) record_source: Option<RecordSource>,
    /// Whether it is not yet settled: not all differences from the listing before were returned, and users that it did
    /// not see were not copied.
    #[serde(default, rename = "is_untold")]
    pub(crate) is_unsettled: bool,
    /// Changes that a sync has saved, until the caller requests the next step.
    #[serde(default, rename = "untold")]
    pub(crate) undelivered: Option<Undelivered>,
    /// The fields that this reading of the product's list could not see.
    #[serde(default)]
    pub(crate) hidden: Vec<HiddenField>,
    /// Whether some of these fields became known after users had been returned.
    #[serde(default)]
    pub(crate) hides_late: bool,
}

/// A wait that a product asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// When the wait is over, in milliseconds since 1970.
    pub until_ms: u64,
    /// How long the wait is in all, in milliseconds: a clock that is set back does not make it longer.
    pub ms: u32,
}

impl Wait {
    /// What is left of the wait at `now_ms`, in milliseconds since 1970.
    pub(crate) fn left_ms(self, now_ms: u64) -> u64 {
        self.until_ms.saturating_sub(now_ms).min(u64::from(self.ms))
    }
}

impl Standing {
    /// Whether the listing has ended and is settled: it has everything that is known about the product's users.
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        self.end.is_some() && !self.is_unsettled
    }

    /// Whether a token that cannot see the `hidden` fields sees others that were last seen before the watermark.
    pub(crate) fn is_behind(&self, hidden: &[HiddenField]) -> bool {
        self.seen_at.is_behind(self.watermark.as_deref(), hidden)
    }

    /// Records that a sync with a token that could not see the `hidden` fields has proven the listing complete as of a
    /// watermark.
    pub(crate) fn prove(&mut self, watermark: String, hidden: &[HiddenField]) {
        self.seen_at.take(hidden, &watermark);
        self.watermark = Some(watermark);
        self.hidden = hidden.to_vec();
        (self.end, self.reason, self.wait) = (Some(End::Complete), None, None);
    }

    /// The state before the first step, at a cursor that the caller kept or at the beginning.
    pub(crate) fn begin(cursor: Option<String>) -> Self {
        Self {
            has_beginning: cursor.is_none(),
            cursor,
            run: 1,
            progress: Progress::default(),
            notices: Vec::new(),
            watermark: None,
            wait: None,
            end: None,
            seen_at: SeenAt::default(),
            reason: None,
            proof: Proof::default(),
            record_source: None,
            is_unsettled: false,
            undelivered: None,
            hidden: Vec::new(),
            hides_late: false,
        }
    }
}

/// The error for a listing that is locked.
pub(super) fn busy(key: &ListingKey) -> Error {
    Error::CheckpointBusy { name: key.name.clone() }
}
