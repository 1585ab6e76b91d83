//! Which file of a crate imports which, read from the sources: so that a test can refuse circles.
//!
//! A file imports another when one of its `use` lines or paths names something that the other defines. Names are
//! followed through `crate`, `self`, `super`, imports with other names, globs and re-exports to where they are defined.
//! A `mod` line imports nothing, and what stands under `#[cfg(test)]` is left out. Methods are not seen, since that
//! would take the types of all expressions.

mod circle;
mod imports;
mod modules;

pub use circle::circles;
pub use imports::imports;
pub use modules::{Crate, ReadError};
