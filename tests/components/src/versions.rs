//! Shared by the versions of the Mattermost provider.

use alloc::borrow::ToOwned as _;

pub use mattermost_provider::Component as Mattermost;

use crate::{Description, ELSEWHERE, Guest as _, SettingKind, setting};

/// The Mattermost provider's description with another version, and one setting more.
#[must_use]
pub fn description(version: &str) -> Description {
    let mut description = Description { version: version.to_owned(), ..Mattermost::describe() };
    description.settings.push(setting(ELSEWHERE, SettingKind::Text));
    description
}

/// Exports the Mattermost provider with the description that the function makes.
#[macro_export]
macro_rules! describe_as {
    ($describe:ident) => {
        struct Component;

        impl $crate::Guest for Component {
            fn describe() -> $crate::Description {
                $describe()
            }

            fn check(settings: Vec<$crate::Setting>) -> Result<$crate::CheckReport, $crate::Error> {
                $crate::versions::Mattermost::check(settings)
            }

            fn get_licenses(settings: Vec<$crate::Setting>) -> Result<Vec<$crate::License>, $crate::Error> {
                $crate::versions::Mattermost::get_licenses(settings)
            }

            fn list_users(
                settings: Vec<$crate::Setting>,
                cursor: Option<String>,
                limit: u32,
            ) -> Result<$crate::UserPage, $crate::Error> {
                $crate::versions::Mattermost::list_users(settings, cursor, limit)
            }
        }

        $crate::export!(Component);
    };
}
