//! The functions that a host calls. Each only converts and delegates.

use alloc::string::String;
use alloc::vec::Vec;

use provider_sdk::changes as exported;
use provider_sdk::pace::Paced;
use provider_sdk::transport::WasiHttp;

use crate::contract::{CheckReport, Description, Error, Guest, License, Setting, UserPage};
use crate::mattermost::changes;
use crate::mattermost::listing::Memory;
use crate::mattermost::settings::Settings;
use crate::mattermost::{check, describe, license, listing};

/// What a listing remembers between two calls in one instance. A wasm instance has one thread, so the lock is never
/// contended; it is there because a `static` must be shareable.
static MEMORY: spin::Mutex<Memory> = spin::Mutex::new(Memory::new());

/// What `list-changes` remembers between two calls, likewise.
static CHANGES: spin::Mutex<changes::Memory> = spin::Mutex::new(changes::Memory::new());

/// The provider, as a host calls it.
#[derive(Clone, Copy, Debug)]
pub struct Component;

impl Guest for Component {
    fn describe() -> Description {
        describe::describe()
    }

    fn check(settings: Vec<Setting>) -> Result<CheckReport, Error> {
        let settings = Settings::parse(&settings)?;
        let mut network = WasiHttp::new(&settings);
        Ok(check::check(&settings, &mut Paced::new(&mut network, settings.max_in_flight)))
    }

    fn get_licenses(settings: Vec<Setting>) -> Result<Vec<License>, Error> {
        let settings = Settings::parse(&settings)?;
        let mut network = WasiHttp::new(&settings);
        Ok(license::licenses(&mut Paced::new(&mut network, settings.max_in_flight))?)
    }

    fn list_users(settings: Vec<Setting>, cursor: Option<String>, limit: u32) -> Result<UserPage, Error> {
        let settings = Settings::parse(&settings)?;
        let mut network = WasiHttp::new(&settings);
        Ok(listing::list_users_paced(&settings, cursor.as_deref(), limit, &mut MEMORY.lock(), &mut network)?)
    }
}

impl exported::Guest for Component {
    fn list_changes(
        settings: Vec<Setting>,
        since: exported::Baseline,
        known: Vec<crate::contract::User>,
        cursor: Option<String>,
    ) -> Result<exported::ChangesPage, Error> {
        let settings = Settings::parse(&settings)?;
        let exported::Baseline { watermark, users, proven, outdated } = since;
        let since = changes::Baseline::new(watermark.as_deref(), users, proven, outdated)?;
        let mut network = WasiHttp::new(&settings);
        let mut paced = Paced::new(&mut network, settings.max_in_flight);
        Ok(changes::list_changes(&settings, since, known, cursor.as_deref(), &mut CHANGES.lock(), &mut paced)?)
    }
}
