//! How deep types of components lie within each other.
//!
//! `wasmparser` reads a type within a type by recursion, without a bound: a megabyte of them ends the process by its
//! stack. So the nested ones are walked through here, and only what holds no further type is given to it.

use wasmparser::{BinaryReader, ComponentType, ComponentTypeDeclaration, Result};

/// The first bytes of a component's and of an instance's type.
const NESTING: [u8; 2] = [0x41, 0x42];

/// The first byte of a declaration that is a type.
const TYPE: u8 = 0x01;

/// The greatest depth of a section of types, which is read up to one level more than `most`.
pub(super) fn depth(mut section: BinaryReader<'_>, most: u64) -> Result<u64> {
    // How many types are to come at each level.
    let mut levels = vec![section.read_var_u32()?];
    let mut deepest = 0;
    while let Some(left) = levels.last_mut() {
        let Some(fewer) = left.checked_sub(1) else {
            levels.pop();
            continue;
        };
        *left = fewer;
        let is_type = levels.len() == 1 || skip(&mut section, TYPE)?;
        if !is_type {
            section.read::<ComponentTypeDeclaration<'_>>()?;
        } else if NESTING.contains(&first(&section)?) {
            section.read_u8()?;
            deepest = deepest.max(u64::try_from(levels.len()).unwrap_or(u64::MAX));
            if deepest > most {
                return Ok(deepest);
            }
            levels.push(section.read_var_u32()?);
        } else {
            section.read::<ComponentType<'_>>()?;
        }
    }
    Ok(deepest)
}

fn first(reader: &BinaryReader<'_>) -> Result<u8> {
    reader.clone().read_u8()
}

/// Whether this byte came; if so, it was read.
fn skip(reader: &mut BinaryReader<'_>, byte: u8) -> Result<bool> {
    let is_next = first(reader)? == byte;
    if is_next {
        reader.read_u8()?;
    }
    Ok(is_next)
}
