//! The core without a sandbox: the crate that the component is made of, compiled natively and driven as the host drives
//! the component. It goes out through the host's own client under the same limits, and what comes is keyed by id and
//! turned into the same records, so that nothing but the sandbox differs.

use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use mattermost_provider::contract::{ListingState, Setting};
use mattermost_provider::mattermost::listing::{Memory, list_users_paced};
use mattermost_provider::mattermost::settings::Settings;
use provider_host::model::User;
use provider_host::{Egress, Outlet};
use tokio::runtime::Runtime;

use super::convert;
use super::lister::Lister;
use super::network::Direct;
use crate::Result;
use crate::args::{Component, Source};
use crate::server::{access, egress};

pub(super) struct Native {
    runtime: Runtime,
    egress: Egress,
    outlet: Outlet,
    settings: Settings,
    memory: Memory,
    state: Option<ListingState>,
    seen: Seen,
}

impl Native {
    /// Connects; nothing is sent yet. What the provider may send is asked of the component, as for a guest.
    pub(super) fn new(component: &Component, source: &Source) -> Result<Self> {
        let runtime = super::common::runtime()?;
        let description = {
            let provider = super::common::sandbox(component)?.load_file(&component.file)?;
            runtime.block_on(provider.describe())?
        };
        let egress = egress()?;
        let access = access(source, egress.clone());
        let outlet = Outlet::open(&description, access)?;
        let setting = |(key, value): (&str, &str)| Setting { key: key.to_owned(), value: value.to_owned() };
        let settings: Vec<_> = outlet.settings().map(setting).collect();
        let settings = Settings::parse(&settings).map_err(|failure| failure.message)?;
        Ok(Self { runtime, egress, outlet, settings, memory: Memory::new(), state: None, seen: Seen::default() })
    }
}

impl Lister for Native {
    fn next(&mut self) -> Result<Option<Vec<User>>> {
        let cursor = match &self.state {
            None => None,
            Some(ListingState::More(cursor)) => Some(cursor.as_str()),
            Some(ListingState::Complete | ListingState::Resumed | ListingState::Incomplete(_)) => return Ok(None),
        };
        self.outlet.begin_call();
        let mut network = Direct::new(&self.runtime, &self.outlet, &self.settings);
        let page = list_users_paced(&self.settings, cursor, 0, &mut self.memory, &mut network);
        let page = page.map_err(|failure| failure.message)?;
        self.state = Some(page.state);
        Ok(Some(page.users.into_iter().map(convert::user).filter(|user| self.seen.is_new(&user.id)).collect()))
    }

    fn is_complete(&self) -> bool {
        matches!(self.state, Some(ListingState::Complete))
    }

    fn requests(&self) -> u64 {
        self.egress.requests()
    }

    fn guest_bytes(&self) -> Option<usize> {
        None
    }
}

/// The ids that have come, kept as the host keeps them.
#[derive(Default)]
struct Seen {
    keys: (RandomState, RandomState),
    ids: HashSet<u128>,
}

impl Seen {
    fn is_new(&mut self, id: &str) -> bool {
        let (high, low) = (self.keys.0.hash_one(id), self.keys.1.hash_one(id));
        self.ids.insert(u128::from(high) << 64 | u128::from(low))
    }
}
