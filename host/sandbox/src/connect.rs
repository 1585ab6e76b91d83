//! How sessions begin: a provider's description, and the grants that follow from it.

use provider_egress::EgressSession;
use provider_model::Description;

use crate::record_source::RecordSource;
use crate::session::{Granted, Terms};
use crate::slots::Slots;
use crate::{Access, Error, Limits, Provider, Result, Session, Settings};

impl Provider {
    /// What the provider is, needs and may answer. Calls an instance without a network, and compares the answer with the
    /// description in the component's bytes and with earlier answers: the contract requires it to be the same every time.
    ///
    /// # Errors
    /// The provider crashed or ran into a limit, or the answer differs from its bytes or from an earlier answer.
    pub async fn describe(&self) -> Result<Description> {
        self.describe_within(&Limits::default()).await
    }

    /// The same within limits of a tenant.
    pub async fn describe_within(&self, limits: &Limits) -> Result<Description> {
        limits.check()?;
        let terms = Terms { limits: limits.clone(), slots: self.sandbox().slots(1) };
        let mut session =
            Session::new(self.clone(), Settings::new(), EgressSession::closed(), terms, Granted::default());
        let description = session.describe().await?;
        self.inspection().agree(&description)?;
        if *self.described_as(&description) != description {
            let reason = "the description is another than it was before".to_owned();
            return Err(Error::AnswerRefused { call: "describe", reason });
        }
        Ok(description)
    }

    /// Prepares calls, and sends nothing yet. Grants the provider the requests that it describes, at each setting that it
    /// describes as a URL. Secrets stay in the host: the provider gets placeholders.
    ///
    /// # Errors
    /// A required setting is missing, a url setting does not hold a URL, a secret cannot be sent or its value is not granted,
    /// or the provider could not describe itself.
    pub async fn connect(&self, access: Access) -> Result<Session> {
        let description = self.describe_within(&access.limits).await?;
        self.connect_described(&description, access)
    }

    /// The same for a provider that has described itself already.
    ///
    /// # Errors
    /// Those of [`connect`](Self::connect) that concern the settings.
    pub fn connect_described(&self, description: &Description, access: Access) -> Result<Session> {
        let slots = self.sandbox().slots(access.limits.instances);
        self.connect_as(description, access, slots)
    }

    /// The same within a tenant's share of the pool.
    pub fn connect_as(&self, description: &Description, access: Access, slots: Slots) -> Result<Session> {
        access.limits.check()?;
        let limits = access.limits.clone();
        let record_source = RecordSource::new(description, self.inspection().digest, &access.settings);
        let granted = Granted::new(description, &access.settings, record_source);
        let (settings, egress) = access.open(description)?;
        Ok(Session::new(self.clone(), settings, egress, Terms { limits, slots }, granted))
    }

    /// Makes an instance as a call does, so that its cost can be measured. It goes back to the pool when what is
    /// returned is dropped.
    ///
    /// # Errors
    /// There was no room for it, or it crashed or ran into a limit while it started.
    #[doc(hidden)]
    pub async fn instantiate(&self) -> Result<impl Sized + use<>> {
        let terms = Terms { limits: Limits::default(), slots: self.sandbox().slots(1) };
        let mut session =
            Session::new(self.clone(), Settings::new(), EgressSession::closed(), terms, Granted::default());
        session.instantiate().await
    }
}
