//! What the fuzz targets share: a server that is made of bytes, and the claims that hold for whatever it answers.

pub mod claims;
pub mod rows;
pub mod script;
