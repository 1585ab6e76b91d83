//! The parts together, and the names that embedders rely on.

mod listing;
mod names;
