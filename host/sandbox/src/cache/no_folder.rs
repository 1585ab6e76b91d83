//! The cache on systems on which this library cannot check who may write to a folder: always an error.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::entry_file::Found;

pub(super) enum Folder {}

pub(super) enum Lock {}

impl Folder {
    pub(super) fn open(_: &Path) -> Result<Self, String> {
        Err("a cache is supported only on Unix-like systems".to_owned())
    }

    pub(super) fn read(&self, _: &str, _: u64) -> Option<Vec<u8>> {
        match *self {}
    }

    pub(super) fn write(&self, _: &str, _: &[u8]) -> io::Result<()> {
        match *self {}
    }

    pub(super) fn create(&self, _: &str, _: &[u8]) -> io::Result<()> {
        match *self {}
    }

    pub(super) fn lock(&self, _: &str, _: Duration) -> Option<Lock> {
        match *self {}
    }

    pub(super) fn remove(&self, _: &str) -> io::Result<()> {
        match *self {}
    }

    pub(super) fn list(&self) -> io::Result<Vec<Found>> {
        match *self {}
    }
}
