//! Which component is run.

use std::path::{Path, PathBuf};

use crate::exit::Complaint;

/// The component's file name where `make component` puts it.
const FILE: &str = "mattermost-provider.wasm";

/// Names a component where `--component` does not.
pub(crate) const VARIABLE: &str = "PROVIDERCTL_COMPONENT";

/// The places that are searched for the built component.
pub(crate) struct Places {
    /// The value of [`VARIABLE`].
    pub(crate) variable: Option<PathBuf>,
    /// The current folder.
    pub(crate) current: Option<PathBuf>,
    /// This command's own file.
    pub(crate) executable: Option<PathBuf>,
    /// The folder of the sources that this command was built from.
    pub(crate) sources: PathBuf,
}

impl Places {
    /// Those of this process.
    pub(crate) fn detect() -> Self {
        Self {
            variable: std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from),
            current: std::env::current_dir().ok(),
            executable: std::env::current_exe().ok(),
            sources: Path::new(env!("CARGO_MANIFEST_DIR")).join(".."),
        }
    }

    /// The component that was asked for, or the first one found.
    pub(crate) fn find(&self, asked: Option<&Path>) -> Result<PathBuf, Complaint> {
        if let Some(named) = asked.or(self.variable.as_deref()) {
            return if named.is_file() { Ok(named.to_owned()) } else { Err(missing(&[named.to_owned()])) };
        }
        let places: Vec<PathBuf> = [
            self.current.as_ref().map(|folder| folder.join("dist").join(FILE)),
            self.executable.as_ref().and_then(|file| file.parent()).map(|folder| folder.join(FILE)),
            Some(self.sources.join("dist").join(FILE)),
        ]
        .into_iter()
        .flatten()
        .collect();
        places.iter().find(|place| place.is_file()).cloned().ok_or_else(|| missing(&places))
    }
}

fn missing(places: &[PathBuf]) -> Complaint {
    let searched: Vec<String> = places.iter().map(|place| place.display().to_string()).collect();
    Complaint::new("component-missing", format!("there is no component at {}", searched.join(", nor at ")))
        .fix("run make component, or name one with --component FILE")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_searched_in_order_and_named_when_empty() {
        let folder = std::env::temp_dir().join(format!("providerctl-places-{}", std::process::id()));
        let current = folder.join("current");
        let beside = folder.join("bin");
        let sources = folder.join("sources");
        for made in [current.join("dist"), beside.clone(), sources.join("dist")] {
            std::fs::create_dir_all(made).unwrap();
        }
        let places = Places {
            variable: None,
            current: Some(current.clone()),
            executable: Some(beside.join("providerctl")),
            sources: sources.clone(),
        };
        let complaint = places.find(None).unwrap_err();
        assert!(complaint.message.contains("current/dist"), "{}", complaint.message);
        assert!(complaint.fix.unwrap().contains("make component"));

        for place in [sources.join("dist"), beside, current.join("dist")] {
            let file = place.join(FILE);
            std::fs::write(&file, b"").unwrap();
            assert_eq!(places.find(None).unwrap(), file, "a later place must win over an earlier one only by absence");
        }

        let other = folder.join("other.wasm");
        assert_eq!(places.find(Some(&other)).unwrap_err().code, "component-missing");
        std::fs::write(&other, b"").unwrap();
        assert_eq!(places.find(Some(&other)).unwrap(), other);
        let named = Places { variable: Some(other.clone()), ..places };
        assert_eq!(named.find(None).unwrap(), other);
        std::fs::remove_dir_all(folder).unwrap();
    }
}
