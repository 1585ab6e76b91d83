//! The component in the host, as an embedder runs it.

use provider_host::model::User;
use provider_host::{Egress, End, Listing, ListingOptions, Listings as _};
use tokio::runtime::Runtime;

use super::lister::Lister;
use crate::Result;
use crate::args::{Component, Source};
use crate::server::{access, egress};

pub(super) struct Sandboxed {
    runtime: Runtime,
    egress: Egress,
    listing: Listing,
    end: Option<End>,
}

impl Sandboxed {
    /// Loads and connects; nothing is sent yet.
    pub(super) fn new(component: &Component, source: &Source) -> Result<Self> {
        let runtime = super::common::runtime()?;
        let provider = super::common::sandbox(component)?.load_file(&component.file)?;
        let egress = egress()?;
        let access = access(source, egress.clone());
        let session = runtime.block_on(provider.connect(access))?;
        Ok(Self { runtime, egress, listing: session.listing(ListingOptions::default()), end: None })
    }
}

impl Lister for Sandboxed {
    fn next(&mut self) -> Result<Option<Vec<User>>> {
        let Some(batch) = self.runtime.block_on(self.listing.next()).transpose()? else { return Ok(None) };
        self.end = batch.end;
        Ok(Some(batch.users))
    }

    fn is_complete(&self) -> bool {
        self.end == Some(End::Complete)
    }

    fn requests(&self) -> u64 {
        self.egress.requests()
    }

    fn guest_bytes(&self) -> Option<usize> {
        Some(self.listing.memory_bytes())
    }
}
