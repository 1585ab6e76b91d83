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
    /// What it said when it was asked first.
    described: Arc<OnceLock<Description>>,
}

impl Sandbox {
    /// Compiles a component after a look at what it imports, or takes it from the cache after the same look.
    ///
    /// # Errors
    /// It is no component, is too large, goes beyond a bound of [`Pool::bounds`](crate::Pool::bounds), could not be compiled within the deadline
    /// and the memory of [`compiled_by`](Self::compiled_by), imports what is not granted, or is no provider of this contract.
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

    /// What it said when it was asked first, which is what it says now where it was not asked before.
    pub(crate) fn described_as(&self, now: &Description) -> &Description {
        self.described.get_or_init(|| now.clone())
    }

    pub(crate) const fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// Whether it can find out what changed since a listing: to bring a listing up to date then costs the product a small part of one.
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
