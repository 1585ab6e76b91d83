//! Lists every account by its id: at a cost that grows with the accounts, where that of pages grows with their square.
//!
//! Few lists name everybody (`cover.rs`). They are read, then the server counts, then they are read again; the profiles of the
//! ids that both readings named are asked for in the order of the ids, and where as many come as were counted, nobody is
//! missing (`proof.rs`). The cursor is the last id. Where the lists do not name everybody, or the numbers never agree, `/users`
//! is read in pages.
//!
//! The list is kept in the instance. A fresh one reads it anew, and goes on behind the cursor's id where what follows there is
//! what the instance before had found: then the count and the ids before hold as they were. Where it is not, everybody is
//! listed once more (docs/decisions/0001-listing-by-ids.md).

mod called;
mod cost;
mod cover;
mod cursor;
mod id;
mod id_list;
mod kept;
mod lists;
mod mutation;
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
pub use step::{Stepped, step};
