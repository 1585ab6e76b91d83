//! A compiled provider.

use std::path::Path;
use std::sync::{Arc, OnceLock};

use provider_model::Description;

use crate::bindings::Prepared;
use crate::{Inspection, Result, Sandbox, read_component};

/// A component that was checked and compiled. Clones share it.
#[derive(Clone)]
pub struct Provider {
    sandbox: Sandbox,
    prepared: Prepared,
    inspection: Arc<Inspection>,
    /// Its first description.
    described: Arc<OnceLock<Description>>,
}

impl Sandbox {
    /// Checks a component's imports, and then compiles it or takes it from the cache.
    ///
    /// # Errors
    /// It is not a component, is too large, exceeds a bound of [`Pool::bounds`](crate::Pool::bounds), could not be compiled
    /// within the deadline and the memory of [`compiled_by`](Self::compiled_by), imports what is not granted, or is not a
    /// provider of this contract.
    pub fn load(&self, bytes: &[u8]) -> Result<Provider> {
        let (prepared, inspection) = self.prepare(bytes)?;
        let inspection = Arc::new(inspection);
        Ok(Provider { sandbox: self.clone(), prepared, inspection, described: Arc::default() })
    }

    /// The same from a file.
    ///
    /// # Errors
    /// As for [`load`](Self::load) and [`read_component`].
    pub fn load_file(&self, path: &Path) -> Result<Provider> {
        self.load(&read_component(path, self.pool().component_bytes)?)
    }
}

impl Provider {
    /// What the component's bytes say of it.
    #[must_use]
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    pub(crate) const fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    /// Its first description: remembers this one if there was none before.
    pub(crate) fn described_as(&self, now: &Description) -> &Description {
        self.described.get_or_init(|| now.clone())
    }

    pub(crate) const fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// Whether it can report what changed since a listing: a sync then costs the product a small part of a listing.
    #[must_use]
    pub const fn has_changes(&self) -> bool {
        self.prepared.has_changes()
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("digest", &self.inspection.digest).finish_non_exhaustive()
    }
}
