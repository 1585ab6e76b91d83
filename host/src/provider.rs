//! A compiled provider.

use crate::bindings::LicenseProviderPre;
use crate::egress::{Egress, Gate};
use crate::model::{Description, SettingKind};
use crate::store::Guest;
use crate::{Error, Origin, Result, Sandbox, Session, Settings};

/// A component that was checked and compiled. Clones share it.
#[derive(Clone)]
pub struct Provider {
    sandbox: Sandbox,
    pre: LicenseProviderPre<Guest>,
    imports: std::sync::Arc<[String]>,
}

impl Provider {
    pub(crate) fn new(sandbox: Sandbox, pre: LicenseProviderPre<Guest>, imports: Vec<String>) -> Self {
        Self { sandbox, pre, imports: imports.into() }
    }

    /// The names of the interfaces that the component imports.
    #[must_use]
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    pub(crate) const fn sandbox(&self) -> &Sandbox {
        &self.sandbox
    }

    pub(crate) const fn pre(&self) -> &LicenseProviderPre<Guest> {
        &self.pre
    }

    /// What the provider is, needs and may answer. Asked of an instance that reaches no network.
    ///
    /// # Errors
    /// The provider crashed or ran into a limit.
    pub async fn describe(&self) -> Result<Description> {
        Session::new(self.clone(), Settings::new(), Gate::closed()).describe().await
    }

    /// Prepares calls with these settings. The provider is granted the origin of each setting that it describes as a
    /// URL. Nothing is sent yet.
    ///
    /// # Errors
    /// A required setting is missing, a setting that holds a URL does not, or the provider could not describe itself.
    pub async fn connect(&self, settings: Settings, egress: Egress) -> Result<Session> {
        let description = self.describe().await?;
        let origins = grants(&description, &settings)?;
        let gate = egress.gate(origins, self.sandbox.limits().response_body_bytes);
        Ok(Session::new(self.clone(), settings, gate))
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Provider").field("imports", &self.imports).finish_non_exhaustive()
    }
}

/// The origins of the settings that hold a URL, after a look whether all required ones are there.
fn grants(description: &Description, settings: &Settings) -> Result<Vec<Origin>> {
    let mut origins = Vec::new();
    for spec in &description.settings {
        let value = settings.expose(&spec.key).filter(|value| !value.trim().is_empty());
        let Some(value) = value else {
            if spec.required {
                return Err(Error::SettingMissing {
                    key: spec.key.clone(),
                    label: spec.label.clone(),
                    help: spec.help.clone(),
                });
            }
            continue;
        };
        if spec.kind == SettingKind::Url {
            let origin = Origin::parse(value)
                .map_err(|reason| Error::SettingUnusable { key: spec.key.clone(), reason: reason.to_owned() })?;
            origins.push(origin);
        }
    }
    Ok(origins)
}
