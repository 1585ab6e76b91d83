//! How sessions begin: what a provider says of itself, and what it is granted by that.

use provider_egress::Gate;
use provider_model::Description;

use crate::maker::Maker;
use crate::session::{Granted, Terms};
use crate::slots::Slots;
use crate::{Access, Error, Limits, Provider, Result, Session, Settings};

impl Provider {
    /// What the provider is, needs and may answer. Asked of an instance that reaches no network, and compared with what the
    /// component's bytes say and with what it answered before: the contract has it say the same every time.
    ///
    /// # Errors
    /// The provider crashed or ran into a limit, or its bytes say something else, or it said something else before.
    pub async fn describe(&self) -> Result<Description> {
        self.describe_within(&Limits::default()).await
    }

    /// The same within limits of a tenant.
    pub async fn describe_within(&self, limits: &Limits) -> Result<Description> {
        limits.check()?;
        let terms = Terms { limits: limits.clone(), slots: self.sandbox().slots(1) };
        let mut session = Session::new(self.clone(), Settings::new(), Gate::closed(), terms, Granted::default());
        let description = session.describe().await?;
        self.inspection().agree(&description)?;
        if *self.described_as(&description) != description {
            let reason = "the description is another than it was before".to_owned();
            return Err(Error::AnswerRefused { call: "describe", reason });
        }
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
        let slots = self.sandbox().slots(access.limits.instances);
        self.connect_as(description, access, slots)
    }

    /// The same in the room of a tenant.
    pub fn connect_as(&self, description: &Description, access: Access, slots: Slots) -> Result<Session> {
        access.limits.check()?;
        let limits = access.limits.clone();
        let maker = Maker::new(description, self.inspection().digest, &access.settings);
        let granted = Granted::new(description, &access.settings, maker);
        let (settings, gate) = access.open(description)?;
        Ok(Session::new(self.clone(), settings, gate, Terms { limits, slots }, granted))
    }

    /// Makes an instance as a call does, for whoever measures what that costs. It goes back to the pool when what is
    /// returned is dropped.
    ///
    /// # Errors
    /// There was no room for it, or it crashed or ran into a limit while it started.
    #[doc(hidden)]
    pub async fn instantiate(&self) -> Result<impl Sized + use<>> {
        let terms = Terms { limits: Limits::default(), slots: self.sandbox().slots(1) };
        let mut session = Session::new(self.clone(), Settings::new(), Gate::closed(), terms, Granted::default());
        session.instantiate().await
    }
}
