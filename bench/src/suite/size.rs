//! The component's size.

use std::fs;

use super::stage::Stage;
use crate::Result;
use crate::figure::{COMPONENT_SIZE, Figure};

pub(super) fn measure(stage: &Stage) -> Result<Vec<Figure>> {
    let bytes = u32::try_from(fs::metadata(&stage.component.file)?.len())?;
    let kib = f64::from(bytes) / 1024.0;
    Ok(vec![Figure::new(&COMPONENT_SIZE, kib, &[kib]).with("bytes", bytes)])
}
