//! How much work a component may cause to read, check and compile it, before an instance exists.
//!
//! A few bytes can make a compiler work for minutes: nested loops that carry many values, components that are
//! instantiated by the power of their depth, a jump table with a million targets. [`ComponentBounds::check`] walks
//! through the bytes once, without validating them and without keeping them, and counts what such work grows with.

#[cfg(test)]
pub(crate) mod bombs;
mod bound;
mod function;
mod scan;
#[cfg(test)]
mod tests;
mod types;

use crate::Result;

pub use bound::{ComponentBound, ComponentBounds};
pub(crate) use scan::must_be_component;

impl ComponentBounds {
    /// Refuses a component that goes beyond a bound, and returns what one within them takes of each.
    ///
    /// Time grows with the bytes, memory with a few of the bounds; nothing is validated, and nothing nests.
    ///
    /// # Errors
    /// [`Error::ComponentBound`](crate::Error::ComponentBound) for the first bound that is exceeded;
    /// [`Error::NotAComponent`](crate::Error::NotAComponent).
    pub fn check(&self, bytes: &[u8]) -> Result<Self> {
        scan::scan(bytes, self)
    }
}
