//! Notices: data that is hidden, estimated or left out, reported beside the records.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::code::NoticeCode;
use super::contract::Notice;

/// A notice of the table that concerns so many records, 0 for the whole answer. `detail` follows the label, and `params`
/// are the values in it.
#[must_use]
pub fn notice<C: NoticeCode>(code: C, records: u32, detail: Option<String>, params: &[(&str, String)]) -> Notice {
    let entry = code.entry();
    Notice {
        code: entry.id.to_string(),
        severity: code.severity(),
        message: detail.map_or_else(|| entry.label.to_string(), |detail| format!("{}: {detail}", entry.label)),
        fix: Some(entry.fix.to_string()),
        fields: code.fields().iter().map(ToString::to_string).collect(),
        count: (records > 0).then_some(records),
        subjects: Vec::new(),
        params: params.iter().map(|(key, value)| ((*key).to_string(), value.clone())).collect(),
    }
}
