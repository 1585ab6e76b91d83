//! A report on the users and licences of a server: figures from what was read, drawings of them, and a page.
//!
//! Nothing here reads a clock, a file or a server: `commands/report.rs` does.

mod accounts;
mod administrators;
mod changes;
mod facts;
mod figures;
mod page;
mod plots;
#[cfg(test)]
pub(crate) mod samples;
mod seats;
mod text;

pub(crate) use self::facts::{About, Completeness, Earlier, Facts, Licenses};
pub(crate) use self::figures::Figures;
pub(crate) use self::page::{Beside, page};
