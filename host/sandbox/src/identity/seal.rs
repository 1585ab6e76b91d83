//! Writes a component's description into its file, so that it can be read without running the component.

use provider_model::Description;
use wasm_encoder::{ComponentNameSection, ComponentSection, CustomSection};

use super::inspection::{DESCRIPTION, WRITTEN};
use super::sections::{self, HEADER};
use crate::{Error, Result};

/// Where a component comes from, for its metadata sections.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Provenance {
    /// An SPDX expression.
    pub licenses: Option<String>,
    /// The URL of its sources.
    pub source: Option<String>,
    /// The revision of the sources that it was built from.
    pub revision: Option<String>,
}

/// The component without the sections that [`seal`] writes.
///
/// # Errors
/// The bytes are not a component.
pub fn unseal(bytes: &[u8]) -> Result<Vec<u8>> {
    let mut bare: Vec<u8> = bytes.iter().take(HEADER).copied().collect();
    for section in sections::read(bytes)? {
        if !section.custom.is_some_and(|(name, _)| WRITTEN.contains(&name)) {
            bare.extend(bytes.get(section.place).unwrap_or_default());
        }
    }
    Ok(bare)
}

/// The component with its description and metadata as custom sections at the end. What is there of them is replaced, so
/// that sealing twice is the same as once.
///
/// # Errors
/// The bytes are not a component.
pub fn seal(bytes: &[u8], description: &Description, provenance: &Provenance) -> Result<Vec<u8>> {
    let mut sealed = unseal(bytes)?;
    let mut name = ComponentNameSection::new();
    name.component(&description.id);
    name.append_to_component(&mut sealed);
    let json = serde_json::to_string(description).map_err(|error| Error::Runtime { reason: error.into() })?;
    let Provenance { licenses, source, revision } = provenance;
    for (name, text) in [
        ("version", Some(&description.version)),
        ("licenses", licenses.as_ref()),
        ("source", source.as_ref()),
        ("revision", revision.as_ref()),
        (DESCRIPTION, Some(&json)),
    ] {
        if let Some(text) = text {
            CustomSection { name: name.into(), data: text.as_bytes().into() }.append_to_component(&mut sealed);
        }
    }
    Ok(sealed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Inspection;
    use provider_testing::samples;

    fn description(version: &str) -> Description {
        let requests = vec![samples::request("GET", "/users")];
        Description { version: version.to_owned(), requests, ..samples::description() }
    }

    #[test]
    fn a_seal_can_be_read_back_and_replaced() {
        let bare = wat::parse_str(r#"(component (@custom "mine" "kept") (core module))"#).unwrap();
        let provenance = Provenance {
            licenses: Some("MIT".into()),
            source: Some("https://example.com".into()),
            revision: Some("abc".into()),
        };
        let first = seal(&bare, &description("1.0.0"), &provenance).unwrap();
        let second = seal(&first, &description("1.0.1"), &Provenance::default()).unwrap();
        let read = Inspection::read(&first).unwrap();
        assert_eq!(read.metadata.name.as_deref(), Some("example"));
        assert_eq!(read.metadata.licenses.as_deref(), Some("MIT"));
        assert_eq!(read.metadata.source.as_deref(), Some("https://example.com"));
        assert_eq!(read.metadata.revision.as_deref(), Some("abc"));
        assert_eq!(read.description, Some(description("1.0.0")));
        let read = Inspection::read(&second).unwrap();
        assert_eq!((read.metadata.version.as_deref(), read.metadata.licenses), (Some("1.0.1"), None));
        assert_eq!(read.description, Some(description("1.0.1")));
        assert_eq!(unseal(&second).unwrap(), bare);
        wasmparser::Validator::new().validate_all(&second).unwrap();
    }

    #[test]
    fn a_description_that_differs_from_the_file_is_reported_with_both_values() {
        let bare = wat::parse_str("(component)").unwrap();
        let sealed = Inspection::read(&seal(&bare, &description("1.0.0"), &Provenance::default()).unwrap()).unwrap();
        sealed.agree(&description("1.0.0")).unwrap();
        let mut wider = description("1.0.0");
        wider.requests[0].method = "DELETE".into();
        let mut reworded = description("1.0.0");
        reworded.requests[0].purpose = "Reads them.".into();
        let mut other = description("1.0.0");
        other.id = "other".into();
        for (described, what) in
            [(description("1.0.1"), "version"), (wider, "requests"), (reworded, "texts"), (other, "name")]
        {
            let error = sealed.agree(&described).unwrap_err();
            assert_eq!(error.code(), "description-differs");
            assert!(error.to_string().contains(what), "{error}");
        }
        Inspection::read(&bare).unwrap().agree(&description("2.0.0")).unwrap();
    }
}
