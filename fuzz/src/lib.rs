//! Shared by the fuzz targets: a server that is made from bytes, and the claims that hold for all its answers.

pub mod claims;
pub mod rows;
pub mod script;
