//! Finds the component to run.

use std::path::{Path, PathBuf};

use crate::exit::Complaint;

/// The component's file name where `make component` puts it.
const FILE: &str = "mattermost-provider.wasm";

/// The environment variable that names the component if `--component` does not.
pub(crate) const VARIABLE: &str = "PROVIDERCTL_COMPONENT";

/// Where a component is looked for if `--component` names none. The current folder and the build folder are not searched:
/// nobody chose a component that lies there, and it would be used with a token.
pub(crate) struct Places {
    /// The value of [`VARIABLE`].
    pub(crate) variable: Option<PathBuf>,
    /// This command's own file, with links resolved.
    pub(crate) executable: Option<PathBuf>,
}

impl Places {
    /// The places of this process.
    pub(crate) fn detect() -> Self {
        Self {
            variable: std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from),
            executable: std::env::current_exe().and_then(std::fs::canonicalize).ok(),
        }
    }

    /// The component that is named, or the one beside this command.
    pub(crate) fn find(&self, asked: Option<&Path>) -> Result<PathBuf, Complaint> {
        let beside = || Some(self.executable.as_ref()?.parent()?.join(FILE));
        let named = asked.or(self.variable.as_deref()).map(Path::to_owned);
        let Some(place) = named.or_else(beside) else {
            return Err(missing("there is no component beside this command".to_owned()));
        };
        // Reading the file later reports one that is not regular.
        if place.exists() { Ok(place) } else { Err(missing(format!("there is no component at {}", place.display()))) }
    }
}

fn missing(message: String) -> Complaint {
    Complaint::new("component-missing", message).fix(format!(
        "name one with --component FILE or ${VARIABLE}, or put {FILE} beside this command, as make component does"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_component_or_the_one_beside_the_command_is_found() {
        let folder = std::env::temp_dir().join(format!("providerctl-places-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (beside, other, third) = (folder.join(FILE), folder.join("other.wasm"), folder.join("third.wasm"));
        let find = |asked: Option<&PathBuf>, variable: Option<&PathBuf>| {
            let places = Places { variable: variable.cloned(), executable: Some(folder.join("providerctl")) };
            places.find(asked.map(PathBuf::as_path))
        };
        let complaint = find(None, None).unwrap_err();
        assert!(complaint.message.contains(&beside.display().to_string()), "{}", complaint.message);
        assert!(complaint.fix.unwrap().contains("--component"));

        std::fs::write(&beside, b"").unwrap();
        std::fs::write(&other, b"").unwrap();
        for (asked, variable, expect) in [
            (None, None, Some(&beside)),
            (None, Some(&other), Some(&other)),
            (Some(&other), None, Some(&other)),
            (Some(&beside), Some(&other), Some(&beside)),
            // A named component that does not exist is not replaced by another one.
            (Some(&third), Some(&other), None),
            (None, Some(&third), None),
        ] {
            let found = find(asked, variable);
            assert_eq!(found.as_ref().ok(), expect);
            assert!(found.is_ok() || found.is_err_and(|complaint| complaint.code == "component-missing"));
        }
        let nowhere = Places { variable: None, executable: None };
        assert_eq!(nowhere.find(None).unwrap_err().code, "component-missing");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
