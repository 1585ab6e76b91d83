//! A file that is written whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use provider_host::io_reason;
use tempfile::NamedTempFile;

use crate::exit::Complaint;

/// A file beside its target, which it replaces when all is written. Until then, and after an error, the target is as it was.
pub(crate) struct OutputFile {
    target: PathBuf,
    beside: NamedTempFile,
}

impl OutputFile {
    /// Begins to write a file. A link is followed, so that it goes on leading to the file.
    pub(crate) fn create(path: &Path) -> Result<Self, Complaint> {
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let existing = fs::metadata(&target).ok();
        if existing.as_ref().is_some_and(|existing| !existing.is_file()) {
            return Err(unwritable(path, "it is not a regular file"));
        }
        let name = target.file_name().unwrap_or_default().to_string_lossy();
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let (prefix, mut builder) = (format!(".{name}."), tempfile::Builder::new());
        builder.prefix(&prefix).suffix(".tmp");
        // As any new file; the system takes away what this user's umask says.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let beside = builder.tempfile_in(folder).map_err(|error| {
            // The library adds the path of its own file to the reason.
            unwritable(path, &io_reason(&error.kind().into()))
        })?;
        #[cfg(unix)]
        if let Some(existing) = existing {
            let kept = beside.as_file().set_permissions(existing.permissions());
            kept.map_err(|error| unwritable(path, &io_reason(&error)))?;
        }
        Ok(Self { target, beside })
    }

    /// Replaces the target, so that it holds all that was written even if the power fails.
    pub(crate) fn replace(self) -> Result<(), Complaint> {
        let Self { target, beside } = self;
        let unwritable = |error: &io::Error| unwritable(&target, &io_reason(error));
        beside.as_file().sync_all().map_err(|error| unwritable(&error))?;
        beside.persist(&target).map_err(|failed| unwritable(&failed.error))?;
        // The file stands under its name; some systems cannot open a folder to make that last.
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        drop(File::open(folder).and_then(|folder| folder.sync_all()));
        Ok(())
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.beside.as_file_mut().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.beside.as_file_mut().flush()
    }
}

/// The error for a file that cannot be made or replaced.
pub(crate) fn unwritable(path: &Path, reason: &str) -> Complaint {
    let fix = "check that its folder exists, that this user may write there, and that the disk is not full";
    Complaint::new("file-unwritable", format!("{} cannot be written: {reason}", path.display())).fix(fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_changes_only_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users.csv");
        for (content, is_whole, expect) in
            [("one", false, None), ("two", true, Some("two")), ("three", false, Some("two"))]
        {
            let mut file = OutputFile::create(&path).unwrap();
            file.write_all(content.as_bytes()).unwrap();
            assert_eq!(names(folder.path()).len(), 1 + usize::from(path.exists()));
            if is_whole {
                file.replace().unwrap();
            } else {
                drop(file);
            }
            assert_eq!(fs::read_to_string(&path).ok().as_deref(), expect, "after {content}");
            assert_eq!(names(folder.path()).len(), usize::from(expect.is_some()));
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_keeps_its_mode_and_its_link() {
        use std::os::unix::fs::PermissionsExt as _;

        let folder = tempfile::tempdir().unwrap();
        let (path, link) = (folder.path().join("users.csv"), folder.path().join("link.csv"));
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let mut file = OutputFile::create(&link).unwrap();
        file.write_all(b"new").unwrap();
        file.replace().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn what_cannot_be_replaced_is_refused_before_anything_is_written() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("no/users.csv");
        for (path, part) in [
            (missing.as_path(), "no such file or folder"),
            (folder.path(), "not a regular file"),
            (Path::new("/dev/null"), "not a regular file"),
        ] {
            let complaint = OutputFile::create(path).map(drop).unwrap_err();
            assert!(complaint.code == "file-unwritable" && complaint.message.contains(part), "{complaint:?}");
        }
    }
}
