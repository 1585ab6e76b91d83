//! What a component without `std` must bring along. This module alone has unsafe code.
#![expect(unsafe_code, reason = "the canonical ABI hands out raw memory, and so does an allocator")]

#[cfg(target_arch = "wasm32")]
mod component;
mod heap;
