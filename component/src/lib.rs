//! The Mattermost provider as a component. The provider is a library beside it, so that tests, benches and other versions
//! of it can use it without exporting it.
#![no_std]

extern crate alloc;

use mattermost_provider::Component;

provider_sdk::export!(Component, changes);
