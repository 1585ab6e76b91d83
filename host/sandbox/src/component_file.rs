//! Reads the files of components, of their signatures and of configurations: bounded regular files, without waiting.

use std::io::{self, ErrorKind};
use std::path::Path;

use provider_egress::{Error as EgressError, read_regular};

use crate::identity::signature_of;

use crate::{Error, Result};

/// Bytes of the largest signature file. A signature has 64 bytes, or 88 in base64 and a line end.
const SIGNATURE_BYTES: usize = 4096;

/// Reads a component's file, of `largest` bytes at most: [`Pool::component_bytes`](crate::Pool::component_bytes).
///
/// A larger file is refused by its length, before it is read; one that grows meanwhile is read up to the bound. A named
/// pipe, a socket, a device or a folder is refused at once, since reading it could wait for ever.
///
/// # Errors
/// [`EgressError::NotAFile`], [`Error::ComponentTooLarge`], or [`EgressError::Io`] if it cannot be read.
pub fn read_component(path: &Path, largest: usize) -> Result<Vec<u8>> {
    read_regular(path, largest)?.map_err(|bytes| Error::ComponentTooLarge { bytes, limit: largest })
}

/// Reads the detached signature beside a component's file: `FILE.sig`. `None` if there is no such file.
///
/// # Errors
/// [`EgressError::NotAFile`], or [`EgressError::Io`] if it cannot be read or is larger than any signature.
pub fn read_signature(component: &Path) -> Result<Option<Vec<u8>>> {
    let path = signature_of(component);
    match read_regular(&path, SIGNATURE_BYTES) {
        Ok(Ok(bytes)) => Ok(Some(bytes)),
        Ok(Err(_)) => {
            let source = io::Error::other(format!("it is larger than {SIGNATURE_BYTES} bytes, and no signature is"));
            Err(EgressError::Io { path, source }.into())
        }
        Err(EgressError::Io { source, .. }) if source.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::fs::File;
    use std::os::unix::net::UnixListener;
    use std::path::PathBuf;

    use rustix::fs::{CWD, Mode, mkfifoat};

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let folder = std::env::temp_dir().join(format!("provider-host-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&folder).unwrap();
            Self(folder)
        }

        fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
            let path = self.0.join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        }

        fn sparse(&self, name: &str, bytes: u64) -> PathBuf {
            let path = self.file(name, b"");
            File::options().write(true).open(&path).unwrap().set_len(bytes).unwrap();
            path
        }

        fn pipe(&self, name: &str) -> PathBuf {
            let path = self.0.join(name);
            mkfifoat(CWD, &path, Mode::RUSR | Mode::WUSR).unwrap();
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            drop(std::fs::remove_dir_all(&self.0));
        }
    }

    #[test]
    fn only_a_regular_file_within_the_bound_is_read() {
        let folder = Folder::new("component-file");
        let link = folder.0.join("link.wasm");
        std::os::unix::fs::symlink(folder.file("whole.wasm", b"12345678"), &link).unwrap();
        let _socket = UnixListener::bind(folder.0.join("socket")).unwrap();
        let cases = [
            ("a file of the largest size", folder.file("largest.wasm", b"12345678"), Ok(8)),
            ("a link to a file", link, Ok(8)),
            ("an empty file", folder.file("empty.wasm", b""), Ok(0)),
            ("one byte more", folder.file("larger.wasm", b"123456789"), Err("component-too-large")),
            ("six sparse gigabytes", folder.sparse("sparse.wasm", 6 << 30), Err("component-too-large")),
            ("a named pipe", folder.pipe("pipe.wasm"), Err("component-not-a-file")),
            ("a folder", folder.0.clone(), Err("component-not-a-file")),
            ("a device that never ends", "/dev/zero".into(), Err("component-not-a-file")),
            ("a socket", folder.0.join("socket"), Err("file-unreadable")),
            ("nothing", folder.0.join("none.wasm"), Err("file-unreadable")),
        ];
        for (what, path, expect) in cases {
            let read = read_component(&path, 8);
            assert_eq!(read.as_ref().map(Vec::len).map_err(Error::code), expect, "{what}");
            assert!(read.map_or_else(|error| error.fix().is_some(), |_| true), "{what}");
        }
    }

    #[test]
    fn a_file_whose_length_is_not_what_it_says_is_read_up_to_the_bound() {
        // The kernel says that files of /proc are empty.
        let path = Path::new("/proc/self/maps");
        if path.exists() {
            assert_eq!(read_component(path, 8).unwrap_err().code(), "component-too-large");
        }
    }

    #[test]
    fn a_signature_is_a_small_regular_file_or_missing() {
        let folder = Folder::new("signature-file");
        folder.file("signed.wasm.sig", &[1; 64]);
        folder.sparse("large.wasm.sig", 6 << 30);
        folder.pipe("pipe.wasm.sig");
        let cases = [
            ("signed.wasm", Ok(Some(64))),
            ("bare.wasm", Ok(None)),
            ("large.wasm", Err("file-unreadable")),
            ("pipe.wasm", Err("component-not-a-file")),
        ];
        for (name, expect) in cases {
            let read = read_signature(&folder.0.join(name));
            let found = read.as_ref().map(|found| found.as_ref().map(Vec::len)).map_err(Error::code);
            assert_eq!(found, expect, "{name}");
        }
    }
}
