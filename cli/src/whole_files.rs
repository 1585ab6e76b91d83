//! Files that are written whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use provider_host::io_reason;

use crate::exit::{Complaint, Failure};

/// A file that appears under its name once it is complete. Until then it has another name in the same folder, and it is deleted if
/// it is dropped before.
pub(crate) struct WholeFile {
    path: PathBuf,
    temporary: PathBuf,
    file: File,
}

impl WholeFile {
    /// Begins the file. Only its owner may read it, unless it replaces a file that others may read.
    pub(crate) fn begin(path: &Path) -> Result<Self, Failure> {
        let temporary = temporary(path);
        let file = private().write(true).create_new(true).open(&temporary).map_err(|error| unwritable(path, &error))?;
        Ok(Self { path: path.to_owned(), temporary, file })
    }

    /// Appends to the file.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        self.file.write_all(bytes).map_err(|error| broken(&self.path, &error))
    }

    /// Puts the file in its place, once its bytes are on the disk.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        let put = || {
            if let Ok(before) = fs::metadata(&self.path) {
                self.file.set_permissions(before.permissions())?;
            }
            self.file.sync_all()?;
            fs::rename(&self.temporary, &self.path)
        };
        put().map_err(|error| broken(&self.path, &error))
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        // After `finish` there is none of this name.
        drop(fs::remove_file(&self.temporary));
    }
}

/// A hidden name in the same folder, since a file moves at once only within a file system. Another process has another one.
fn temporary(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.new", std::process::id()));
    path.with_file_name(name)
}

fn private() -> OpenOptions {
    #[cfg_attr(not(unix), expect(unused_mut, reason = "only Unix has modes"))]
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// The error for a file that cannot be made.
pub(crate) fn unwritable(path: &Path, error: &io::Error) -> Failure {
    let message = format!("{} cannot be written: {}", path.display(), io_reason(error));
    let fix = "check that its folder exists, that this user may write there, and that the disk is not full";
    Failure::failed(Complaint::new("file-unwritable", message).fix(fix))
}

/// The error for a file that was begun and cannot be ended, as for any output.
fn broken(path: &Path, error: &io::Error) -> Failure {
    let message = format!("{} cannot be written: {}", path.display(), io_reason(error));
    Failure::failed(Complaint::output_failed(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(name: &str) -> PathBuf {
        let folder = std::env::temp_dir().join(format!("providerctl-whole-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    fn names(folder: &Path) -> Vec<String> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_file_appears_whole_or_not_at_all() {
        let folder = folder("appears");
        let path = folder.join("a.html");
        let mut dropped = WholeFile::begin(&path).unwrap();
        dropped.write(b"half").unwrap();
        assert!(!path.exists());
        drop(dropped);
        assert!(names(&folder).is_empty());

        fs::write(&path, "before").unwrap();
        let mut file = WholeFile::begin(&path).unwrap();
        file.write(b"one ").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        file.write(b"two").unwrap();
        file.finish().unwrap();
        assert_eq!(
            (fs::read_to_string(&path).unwrap().as_str(), names(&folder)),
            ("one two", vec!["a.html".to_owned()])
        );
        fs::remove_dir_all(folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_may_read_a_new_file_and_a_replaced_one_keeps_its_mode() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = folder("modes");
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let (fresh, shared) = (folder.join("fresh"), folder.join("shared"));
        fs::write(&shared, "").unwrap();
        fs::set_permissions(&shared, fs::Permissions::from_mode(0o644)).unwrap();
        for path in [&fresh, &shared] {
            WholeFile::begin(path).unwrap().finish().unwrap();
        }
        assert_eq!((mode(&fresh), mode(&shared)), (0o600, 0o644));
        fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_file_that_cannot_be_made_is_named() {
        let path = Path::new("/no/such/folder/a.html");
        let Err(Failure::Reported { complaint, .. }) = WholeFile::begin(path) else { panic!("it was made") };
        assert_eq!(complaint.code, "file-unwritable");
        assert!(complaint.message.starts_with("/no/such/folder/a.html cannot be written"), "{}", complaint.message);
    }
}
