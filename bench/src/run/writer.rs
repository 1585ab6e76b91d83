//! Where the users go: one per line, as JSON, as `providerctl users --format ndjson` prints them.

use std::fs::File;
use std::hash::{DefaultHasher, Hasher as _};
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;

use provider_host::model::User;

use crate::Result;

pub(super) struct Writer {
    file: File,
    buffer: Vec<u8>,
    users: u64,
    bytes: u64,
}

impl Writer {
    /// Writes to a file, or to nowhere.
    pub(super) fn new(path: Option<&Path>) -> Result<Self> {
        let nowhere = Path::new("/dev/null");
        let file = File::options().create(true).truncate(true).write(true).open(path.unwrap_or(nowhere))?;
        Ok(Self { file, buffer: Vec::new(), users: 0, bytes: 0 })
    }

    /// Writes a step's users at once.
    pub(super) fn write(&mut self, users: &[User]) -> Result<()> {
        self.buffer.clear();
        for user in users {
            serde_json::to_writer(&mut self.buffer, user)?;
            self.buffer.push(b'\n');
        }
        self.users += u64::try_from(users.len())?;
        self.bytes += u64::try_from(self.buffer.len())?;
        Ok(self.file.write_all(&self.buffer)?)
    }

    pub(super) fn flush(&mut self) -> Result<()> {
        Ok(self.file.flush()?)
    }

    pub(super) const fn users(&self) -> u64 {
        self.users
    }

    pub(super) const fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// The sum of the hashes of a file's lines: the same users in another order have the same.
pub(super) fn digest(path: &Path) -> Result<String> {
    let mut sum = 0_u64;
    for line in BufReader::new(File::open(path)?).lines() {
        // The same keys in every process, unlike those of a map.
        let mut hasher = DefaultHasher::new();
        hasher.write(line?.as_bytes());
        sum = sum.wrapping_add(hasher.finish());
    }
    Ok(format!("{sum:016x}"))
}
