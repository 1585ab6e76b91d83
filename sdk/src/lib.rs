//! What a provider needs beside its product.
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod base_url;
pub mod bindings;
pub mod cause;
pub mod code;
pub mod cursor;
pub mod failure;
#[cfg(any(target_arch = "wasm32", test))]
mod guest;
pub mod gzip;
pub mod hash;
pub mod http;
pub mod in_flight;
pub mod json;
pub mod lenient;
pub mod notice;
pub mod pace;
pub mod query;
pub mod testing;
pub mod time;
pub mod transport;
pub mod wait;

pub use bindings::exports::license_management::provider::changes;
pub use bindings::exports::license_management::provider::provider as contract;
#[doc(hidden)]
pub use provider_world as world;

/// Exports a provider.
#[macro_export]
macro_rules! export {
    ($provider:ident) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
    $crate::world::export!($provider with_types_in $crate::bindings);
        };
    };
    ($provider:ident, changes) => {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
    $crate::bindings::export!($provider with_types_in $crate::bindings);
        };
    };
}
