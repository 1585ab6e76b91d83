//! What a component without `std` must bring along. Only here is unsafe code of ours.
#![expect(unsafe_code, reason = "the canonical ABI hands out raw memory, and so does an allocator")]

#[cfg(target_arch = "wasm32")]
mod component;
mod heap;
