//! What a store of listings does, and what it keeps.

use provider_model::{HiddenField, Notice, User};
use provider_sandbox::RecordSource;
use serde::{Deserialize, Serialize};

use super::seen_at::SeenAt;
use super::undelivered::Undelivered;
use crate::listing::{End, Progress, Proof};
use crate::{Error, Result};

/// Which listing it is. None of it is secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListingKey {
    /// The host's name of it, such as a tenant's.
    pub name: String,
    /// The id of the product, as the provider describes itself.
    pub product: String,
    /// What is read: the values of the provider's url settings. Users of two servers never mix.
    pub source: String,
}

/// A store of listings.
pub trait Checkpoints: Send + Sync {
    /// Takes a listing for oneself, until what is returned is dropped or the process ends, however it ends.
    ///
    /// # Errors
    /// [`Error::CheckpointBusy`] while somebody else has it; [`Error::CheckpointUnusable`] or
    /// [`Error::CheckpointNewer`] where the store does not work.
    fn open(&self, key: &ListingKey) -> Result<Box<dyn Checkpoint>>;
}

/// One listing in a store.
pub trait Checkpoint: Send {
    /// How far the latest listing came, finished or not; `None` if nothing was saved yet.
    ///
    /// # Errors
    /// [`Error::CheckpointUnusable`], here and below: the store does not work.
    fn standing(&mut self) -> Result<Option<Standing>>;

    /// How the finished listing before the latest one stood; `None` if there is no such listing.
    ///
    /// # Errors
    /// The store does not work.
    fn before(&mut self) -> Result<Option<Standing>>;

    /// Saves a step: all of it or, where that fails, nothing. It outlives the process once this returns.
    ///
    /// # Errors
    /// The store does not work. The same step is saved again later, maybe.
    fn save(&mut self, step: &Step<'_>) -> Result<()>;

    /// Calls `each` with every id of the latest listing and the last [`Step::run`] that brought it.
    ///
    /// # Errors
    /// The store does not work.
    fn ids(&mut self, each: &mut dyn FnMut(&str, u32)) -> Result<()>;

    /// Reads the latest listing whole, and says which of its records are damaged: those count as not kept, here and in all
    /// other calls. A store that cannot notice damage counts.
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

    /// At most so many users, by the bytes of their ids, whose ids come after `after`: the last record of each.
    ///
    /// # Errors
    /// The store does not work.
    fn users(&mut self, of: Kept, after: Option<&str>, limit: u32) -> Result<Vec<User>>;

    /// The last records of these ids, as far as there are any, in any order.
    ///
    /// # Errors
    /// The store does not work.
    fn find(&mut self, of: Kept, ids: &[String]) -> Result<Vec<User>>;
}

/// What reading all records of a listing has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// How many records are as they were saved.
    pub intact: u64,
    /// The ids of those that are not.
    pub damaged: Vec<String>,
    /// How many are not, and have lost their ids too.
    pub nameless: u64,
}

/// A part of what a store keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kept {
    /// The latest listing, finished or not.
    Latest,
    /// The last listing that ended complete; empty where there is none.
    LastComplete,
    /// The finished listing before the latest one, proven complete or not; empty where there was none.
    Before,
    /// Who was in the finished listing before the latest one and is not in the latest. Empty unless the latest is
    /// complete, since nobody is known to be gone before.
    ///
    /// A [`ListingSync`](crate::ListingSync) that asks what changed brings the latest listing up to date in its place, so that
    /// this stays who was gone when everybody was listed last.
    Gone,
    /// The same, whether the latest listing is complete or not: who has not come in it.
    Unseen,
}

/// What is saved together.
#[derive(Clone, Copy, Debug)]
pub struct Step<'a> {
    /// Whether it is the first step of a listing. The one before makes room: where it is finished
    /// ([`Standing::is_finished`]) it becomes the listing before, in place of an earlier; otherwise it goes.
    pub begins: bool,
    /// Which reading of the product's list brought the users, from 1.
    pub run: u32,
    /// Whether the users of the latest listing whom another run brought last are of it no more, and are to be deleted.
    pub withdraws: bool,
    /// Whether the users of the listing before who have not come in the latest are copied there.
    pub adopts: bool,
    /// Whether damaged records of the latest listing that nobody has replaced are to be deleted.
    pub mends: bool,
    /// The ids of users of the latest listing who no longer exist, and are to be deleted.
    pub gone: &'a [String],
    /// Users who come for the first time.
    pub users: &'a [User],
    /// Users who came before, whose records replace the earlier ones.
    pub repeated: &'a [User],
    /// How far the listing is after the step.
    pub standing: &'a Standing,
}

impl<'a> Step<'a> {
    /// One that only says how far the listing is.
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

/// How far a listing is: everything that it needs to go on beside its users. A store keeps it as it is, as JSON for
/// example, and has no business with what is in it but [`end`](Self::end) and [`is_finished`](Self::is_finished).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// Where it goes on; `None` if the list is read from its beginning, and at the end.
    pub cursor: Option<String>,
    /// Which reading of the product's list comes next or is on its way, from 1: a listing begins again where the provider
    /// refuses its cursor, and where an interrupted one could not be proven complete.
    pub run: u32,
    /// How far it is.
    pub progress: Progress,
    /// What the provider and this library reported so far, each code once.
    pub notices: Vec<Notice>,
    /// The instant for which the count of the present reading is proven, in the product's time.
    pub watermark: Option<String>,
    /// Until when the product asked to be left alone.
    pub wait: Option<Wait>,
    /// How it ended, once it has: [`End::Complete`] is proven to hold everybody.
    pub end: Option<End>,
    /// As of when each field is known.
    #[serde(default)]
    pub seen_at: SeenAt,
    /// Why it ended incomplete: a code of the provider.
    #[serde(default)]
    pub(crate) reason: Option<String>,
    /// What the provider counted, and who of those has come.
    pub(crate) proof: Proof,
    /// Whether the listing was begun here, and not by a cursor that somebody else kept.
    pub(crate) has_beginning: bool,
    /// What made its records; `None` if several did, or an earlier version of this library did not note it.
    #[serde(default, rename = "maker")]
    pub(crate) record_source: Option<RecordSource>,
    /// Whether it is not yet held against the listing before: what differs was not all printed, and who did not come was not
    /// kept.
    #[serde(default, rename = "is_untold")]
    pub(crate) is_unsettled: bool,
    /// What a sync has found and saved, until the caller asks for more.
    #[serde(default, rename = "untold")]
    pub(crate) undelivered: Option<Undelivered>,
    /// What this reading of the product's list did not see.
    #[serde(default)]
    pub(crate) hidden: Vec<HiddenField>,
    /// Whether some of that became known when users had come already.
    #[serde(default)]
    pub(crate) hides_late: bool,
}

/// A wait that a product asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wait {
    /// When it is over, in milliseconds since 1970.
    pub until_ms: u64,
    /// How long it was, in milliseconds: no clock that was set back makes it longer.
    pub ms: u32,
}

impl Wait {
    /// What is left of it at a time in milliseconds since 1970.
    pub(crate) fn left_ms(self, now_ms: u64) -> u64 {
        self.until_ms.saturating_sub(now_ms).min(u64::from(self.ms))
    }
}

impl Standing {
    /// Whether the listing has ended and was held against the one before: it is what is known of the product's users.
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        self.end.is_some() && !self.is_unsettled
    }

    /// Whether a token that does not see some fields sees others that are known as of an earlier time only.
    pub(crate) fn is_behind(&self, hidden: &[HiddenField]) -> bool {
        self.seen_at.is_behind(self.watermark.as_deref(), hidden)
    }

    /// Takes that a sync has proven the listing to be complete, as of a watermark, with a token that did not see some fields.
    pub(crate) fn prove(&mut self, watermark: String, hidden: &[HiddenField]) {
        self.seen_at.take(hidden, &watermark);
        self.watermark = Some(watermark);
        self.hidden = hidden.to_vec();
        (self.end, self.reason, self.wait) = (Some(End::Complete), None, None);
    }

    /// Before the first step, at a cursor that somebody kept or at the beginning.
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

/// The error for a listing that somebody else has.
pub(super) fn busy(key: &ListingKey) -> Error {
    Error::CheckpointBusy { name: key.name.clone() }
}
