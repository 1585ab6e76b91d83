//! The sections of a component's file, one after another, as they lie in it.

use std::ops::Range;

use wasmparser::BinaryReader;

use crate::Error;
use crate::component_bounds::{ComponentBound, ComponentBounds, must_be_component};

/// Bytes before the first section: a magic number and a version.
pub(super) const HEADER: usize = 8;

/// The id of custom sections, which hold whatever their name says.
const CUSTOM: u8 = 0;

/// One section of the component itself, not of the modules and components within.
pub(super) struct Section<'a> {
    /// Its place in the file, head included.
    pub(super) place: Range<usize>,
    /// For a custom section: its name and what it holds.
    pub(super) custom: Option<(&'a str, &'a [u8])>,
}

/// Reads the sections.
///
/// # Errors
/// The bytes are not a component, a section is cut off, or there are more than the default of `ComponentBounds::sections`.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Section<'_>>, Error> {
    let unreadable = |reason: &str| Error::NotAComponent { reason: reason.to_owned() };
    must_be_component(bytes)?;
    let mut reader = BinaryReader::new(bytes, 0);
    let mut sections: Vec<Section<'_>> = Vec::new();
    let most = ComponentBounds::default().sections;
    let mut read = || -> wasmparser::Result<()> {
        reader.read_bytes(HEADER)?;
        while !reader.eof() && is_within(sections.len(), most) {
            let start = reader.original_position();
            let id = reader.read_u8()?;
            let size = usize::try_from(reader.read_var_u32()?).unwrap_or(usize::MAX);
            let offset = reader.original_position();
            let content = reader.read_bytes(size)?;
            let custom = if id == CUSTOM {
                let mut inner = BinaryReader::new(content, offset);
                let name = inner.read_string()?;
                Some((name, inner.read_bytes(inner.bytes_remaining())?))
            } else {
                None
            };
            sections.push(Section { place: start..reader.original_position(), custom });
        }
        Ok(())
    };
    read().map_err(|error| unreadable(error.message()))?;
    if is_within(sections.len(), most) {
        Ok(sections)
    } else {
        Err(Error::ComponentBound { bound: ComponentBound::Sections, found: most.saturating_add(1), limit: most })
    }
}

fn is_within(count: usize, most: u64) -> bool {
    u64::try_from(count).is_ok_and(|count| count <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_cover_the_file_and_nested_ones_are_left_alone() {
        let bytes = wat::parse_str(r#"(component (@custom "outer" "x") (core module (@custom "inner" "y")))"#).unwrap();
        let sections = read(&bytes).unwrap();
        let mut end = HEADER;
        for section in &sections {
            assert_eq!(section.place.start, end);
            end = section.place.end;
        }
        assert_eq!(end, bytes.len());
        let custom: Vec<_> = sections.iter().filter_map(|section| section.custom).collect();
        assert_eq!(custom, [("outer", b"x".as_slice())]);
        for cut in HEADER + 1..bytes.len() {
            // A cut between two sections leaves a file that is whole by itself.
            let is_between = sections.iter().any(|section| section.place.start == cut);
            assert_eq!(read(&bytes[..cut]).is_ok(), is_between, "cut at {cut}");
        }
    }
}
