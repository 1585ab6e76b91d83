//! What a component's bytes say, read without compiling or running anything.

use provider_model::Description;
use serde::Serialize;
use wasmparser::{BinaryReader, ComponentName, ComponentNameSectionReader};

use super::{Digest, sections};
use crate::{ComponentBounds, Error, Result, imports};

/// The custom section that holds the description as JSON.
pub(super) const DESCRIPTION: &str = "license-management:description";

/// The sections that [`seal`](super::seal()) writes.
pub(super) const WRITTEN: [&str; 6] = ["component-name", "version", "licenses", "source", "revision", DESCRIPTION];

/// Bytes of the largest of them that is read: a hundred times the description of this repository's provider.
const LARGEST: usize = 1024 * 1024;

/// What a component is, by its bytes alone. None of it is proven but the digest, the size, the imports and the exports:
/// names and descriptions are what the build wrote, and are compared with what the component answers when it is run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Inspection {
    /// The sha256 of all bytes.
    #[serde(serialize_with = "as_text")]
    pub digest: Digest,
    /// Bytes of the file.
    pub size: usize,
    /// The interfaces that it asks for.
    pub imports: Vec<String>,
    /// The interfaces that it offers.
    pub exports: Vec<String>,
    /// Who made it, as far as the build wrote it.
    pub metadata: Metadata,
    /// What the provider is, needs and may ask for, as far as the build wrote it.
    pub description: Option<Description>,
}

/// The metadata sections that the tools of the Component Model share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Metadata {
    /// The component's name; for a provider the id of its product.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// An SPDX expression.
    pub licenses: Option<String>,
    /// The URL of its sources.
    pub source: Option<String>,
    /// The revision of the sources that it was built from.
    pub revision: Option<String>,
    /// Who wrote it.
    pub authors: Option<String>,
}

fn as_text<S: serde::Serializer>(digest: &Digest, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(digest)
}

impl Inspection {
    /// Reads the bytes of a component within the default bounds.
    ///
    /// # Errors
    /// Those of [`read_within`](Self::read_within).
    pub fn read(bytes: &[u8]) -> Result<Self> {
        Self::read_within(bytes, &ComponentBounds::default())
    }

    /// Reads the bytes of a component within these bounds.
    ///
    /// # Errors
    /// They are not a component, exceed a bound, or hold a description that cannot be read.
    pub fn read_within(bytes: &[u8], bounds: &ComponentBounds) -> Result<Self> {
        bounds.check(bytes)?;
        let (imports, exports) = imports::read(bytes)?;
        let mut metadata = Metadata::default();
        let mut description = None;
        for (name, content) in sections::read(bytes)?.into_iter().filter_map(|section| section.custom) {
            if WRITTEN.contains(&name) && content.len() > LARGEST {
                let reason = format!("its section `{name}` has {} bytes, and {LARGEST} are read", content.len());
                return Err(Error::NotAComponent { reason });
            }
            let text = || std::str::from_utf8(content).ok().map(str::to_owned);
            match name {
                "component-name" => metadata.name = component_name(content),
                "version" => metadata.version = text(),
                "licenses" => metadata.licenses = text(),
                "source" => metadata.source = text(),
                "revision" => metadata.revision = text(),
                "authors" => metadata.authors = text(),
                DESCRIPTION => {
                    let unreadable = |error| Error::NotAComponent {
                        reason: format!("its section `{DESCRIPTION}` cannot be read: {error}"),
                    };
                    description = Some(serde_json::from_slice(content).map_err(unreadable)?);
                }
                _ => {}
            }
        }
        Ok(Self { digest: Digest::of(bytes), size: bytes.len(), imports, exports, metadata, description })
    }

    /// Compares the description in the bytes with the component's answer.
    ///
    /// # Errors
    /// The first that differs.
    pub(crate) fn agree(&self, described: &Description) -> Result<()> {
        let differs = |what, sealed: &str, described: &str| Error::DescriptionDiffers {
            what,
            sealed: sealed.to_owned(),
            described: described.to_owned(),
        };
        for (what, sealed, described) in [
            ("name", self.metadata.name.as_deref(), &described.id),
            ("version", self.metadata.version.as_deref(), &described.version),
        ] {
            if let Some(sealed) = sealed.filter(|sealed| *sealed != described) {
                return Err(differs(what, sealed, described));
            }
        }
        match &self.description {
            Some(sealed) if sealed != described => {
                let (what, sealed, described) = first_difference(sealed, described);
                Err(differs(what, &sealed, &described))
            }
            Some(_) | None => Ok(()),
        }
    }
}

fn component_name(content: &[u8]) -> Option<String> {
    ComponentNameSectionReader::new(BinaryReader::new(content, 0)).into_iter().find_map(|name| match name {
        Ok(ComponentName::Component { name, .. }) => Some(name.to_owned()),
        _ => None,
    })
}

/// The first field of two descriptions that differs, with both values.
fn first_difference(one: &Description, other: &Description) -> (&'static str, String, String) {
    let requests = |description: &Description| {
        let lines = description.requests.iter().map(|spec| format!("{} {}", spec.method, spec.path));
        lines.collect::<Vec<_>>().join(", ")
    };
    let settings = |description: &Description| {
        let lines = description.settings.iter().map(|spec| format!("{} ({})", spec.key, spec.kind.as_str()));
        lines.collect::<Vec<_>>().join(", ")
    };
    for (what, one, other) in [
        ("id", one.id.clone(), other.id.clone()),
        ("version", one.version.clone(), other.version.clone()),
        ("name", one.name.clone(), other.name.clone()),
        ("requests", requests(one), requests(other)),
        ("settings", settings(one), settings(other)),
    ] {
        if one != other {
            return (what, one, other);
        }
    }
    ("texts", "one wording".to_owned(), "another".to_owned())
}
