//! The parts.

fn main() {}
