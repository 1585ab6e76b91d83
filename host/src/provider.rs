//! A compiled provider.

use std::sync::Arc;

use crate::bindings::Prepared;
use crate::egress::Gate;
use crate::listing::Maker;
use crate::model::Description;
use crate::session::Terms;
use crate::slots::Slots;
use crate::{Access, Inspection, Limits, Result, Sandbox, Session, Settings};

/// A component that was checked and compiled. Clones share it.
#[derive(Clone)]
pub struct Provider {
    sandbox: Sandbox,
    prepared: Prepared,
    inspection: Arc<Inspection>,
}

impl Provider {
    pub(crate) fn new(sandbox: Sandbox, prepared: Prepared, inspection: Inspection) -> Self {
        Self { sandbox, prepared, inspection: Arc::new(inspection) }
    }

    /// What the component's bytes say of it.
    #[must_use]
    pub fn inspection(&self) -> &Inspection {
        &self.inspection
    }

    pub(crate) const fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    pub(crate) const fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// Whether it can find out what changed since a listing: [`Session::sync`] then costs the product a small part of one.
    #[must_use]
    pub const fn has_changes(&self) -> bool {
        self.prepared.has_changes()
    }

    /// What the provider is, needs and may answer. Asked of an instance that reaches no network, and compared with what
    /// the component's bytes say.
    ///
    /// # Errors
    /// The provider crashed or ran into a limit, or its bytes say something else.
    pub async fn describe(&self) -> Result<Description> {
        self.describe_within(&Limits::default()).await
    }

    /// The same within limits of a tenant.
    pub(crate) async fn describe_within(&self, limits: &Limits) -> Result<Description> {
        let terms = Terms { limits: limits.clone(), slots: self.sandbox.slots(1) };
        let description = Session::new(self.clone(), Settings::new(), Gate::closed(), terms, None).describe().await?;
        self.inspection.agree(&description)?;
        Ok(description)
    }

    /// Prepares calls. The provider is granted the requests that it describes, at each setting that it describes as a URL.
    /// Secrets stay here: it gets placeholders. Nothing is sent yet.
    ///
    /// # Errors
    /// A required setting is missing, a setting that holds a URL does not, a secret cannot be sent or its value is not
    /// granted, or the provider could not describe itself.
    pub async fn connect(&self, access: Access) -> Result<Session> {
        let description = self.describe_within(&access.limits).await?;
        self.connect_described(&description, access)
    }

    /// The same for a provider that has described itself already.
    ///
    /// # Errors
    /// Those of [`connect`](Self::connect) that concern the settings.
    pub fn connect_described(&self, description: &Description, access: Access) -> Result<Session> {
        let slots = self.sandbox.slots(access.limits.instances);
        self.connect_as(description, access, slots)
    }

    /// The same in the room of a tenant.
    pub(crate) fn connect_as(&self, description: &Description, access: Access, slots: Slots) -> Result<Session> {
        let limits = access.limits.clone();
        let maker = Maker::new(description, self.inspection.digest, &access.settings);
        let (settings, gate) = access.open(description)?;
        Ok(Session::new(self.clone(), settings, gate, Terms { limits, slots }, Some(maker)))
    }

    /// Makes an instance as a call does, for whoever measures what that costs. It goes back to the pool when what is
    /// returned is dropped.
    ///
    /// # Errors
    /// There was no room for it, or it crashed or ran into a limit while it started.
    #[doc(hidden)]
    pub async fn instantiate(&self) -> Result<impl Sized + use<>> {
        let terms = Terms { limits: Limits::default(), slots: self.sandbox.slots(1) };
        Session::new(self.clone(), Settings::new(), Gate::closed(), terms, None).instantiate().await
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("digest", &self.inspection.digest).finish_non_exhaustive()
    }
}
