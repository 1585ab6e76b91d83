//! Lists every account by its id. The server's cost grows with the number of accounts; that of pages grows with its
//! square.
//!
//! A few lists name everybody (`cover.rs`). The listing reads them, lets the server count, and reads them again. It
//! then requests the profiles of the ids in both readings, in the order of the ids; if as many come as were counted,
//! nobody is missing (`proof.rs`). The cursor is the last id. If the lists do not name everybody, or the numbers never
//! agree, the listing reads `/users` in pages.
//!
//! The instance keeps the list of ids. A fresh instance reads it anew, and continues behind the cursor's id if the ids
//! that follow are those that the earlier instance had found: the count and the ids before then still hold. Otherwise
//! everybody is listed once more (docs/decisions/0001-listing-by-ids.md).

mod called;
mod cost;
mod cover;
mod cursor;
mod id;
mod id_list;
mod kept;
mod lists;
pub mod mutation;
mod outlook;
mod proof;
mod roll;
mod roll_call;
mod step;
#[cfg(test)]
mod tests;

pub use called::Called;
pub use cost::is_worth;
pub use cursor::Cursor;
pub use id::Id;
pub use kept::Kept;
pub use outlook::{Outlook, Size, count_known, may_go_by_ids, sees_strays};
pub use roll::place_behind;
pub use roll_call::{Present, Purpose, Since, Wanted, named, present};
pub use step::{Stepped, step};
