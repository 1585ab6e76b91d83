//! JSON values, written exactly and harmless for terminals.

use std::io;

use serde::Serialize;

use super::cell::drives_terminal;

/// Appends a value exactly: a parser gets what the provider returned. The library escapes only C0. DEL, C1 and characters that
/// change the reading direction are escaped here as well, since people read JSON on terminals.
pub(super) fn push(value: &impl Serialize, out: &mut Vec<u8>) -> io::Result<()> {
    escape(&serde_json::to_string(value)?, out);
    Ok(())
}

/// Formats an answer, indented, with a line end.
pub(crate) fn json_answer(answer: &impl Serialize) -> io::Result<Vec<u8>> {
    let mut out = Vec::new();
    escape(&serde_json::to_string_pretty(answer)?, &mut out);
    out.push(b'\n');
    Ok(out)
}

/// Outside of strings JSON has only printable ASCII and line ends, so every other character can be escaped.
fn escape(json: &str, out: &mut Vec<u8>) {
    let mut rest = json;
    while let Some((at, hidden)) = rest.char_indices().find(|(_, c)| *c != '\n' && drives_terminal(*c)) {
        let (plain, behind) = rest.split_at_checked(at).unwrap_or((rest, ""));
        out.extend_from_slice(plain.as_bytes());
        for unit in hidden.encode_utf16(&mut [0; 2]) {
            out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
        }
        rest = behind.strip_prefix(hidden).unwrap_or_default();
    }
    out.extend_from_slice(rest.as_bytes());
}
