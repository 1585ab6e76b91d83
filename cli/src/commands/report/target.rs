//! Where a report goes: one page, or a folder with tables beside it.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::{fs, io};

use provider_host::io_reason;
use provider_host::model::User;

use crate::exit::{Complaint, Failure};
use crate::output::{ListingFormat, Values, Width, user_format};
use crate::output_file::{OutputFile, unwritable};
use crate::report::{Beside, Figures};

/// The names of the files in a folder.
const PAGE: &str = "report.html";
const USERS_CSV: &str = "users.csv";
const USERS_NDJSON: &str = "users.ndjson";
const IDLE_CSV: &str = "idle-seats.csv";

/// How many users become bytes at a time.
const CHUNK: usize = 1_000;

/// Where a report goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Target {
    /// Into one file.
    Page(PathBuf),
    /// Into a folder.
    Folder(PathBuf),
}

impl Target {
    /// What `--out` says: a path that ends in a slash, or that is a folder, is a folder.
    pub(super) fn of(path: &Path) -> Result<Self, Failure> {
        let is_folder = path.is_dir() || path.as_os_str().to_string_lossy().ends_with(std::path::is_separator);
        if is_folder {
            return Ok(Self::Folder(path.to_owned()));
        }
        if path.file_name().is_none() || (path.exists() && !path.is_file()) {
            let message = format!("--out {} is neither a file nor a folder", path.display());
            let fix = "name a file, such as report.html, or a folder with a slash at its end, such as report/";
            return Err(Failure::usage(Complaint::new("out-unusable", message).fix(fix)));
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if folder.is_some_and(|folder| !folder.is_dir()) {
            return Err(Failure::failed(unwritable(path, &io_reason(&io::ErrorKind::NotFound.into()))));
        }
        Ok(Self::Page(path.to_owned()))
    }

    /// The path of the page.
    pub(super) fn page(&self) -> PathBuf {
        match self {
            Self::Page(path) => path.clone(),
            Self::Folder(folder) => folder.join(PAGE),
        }
    }

    /// What lies beside the page.
    pub(super) const fn beside(&self) -> Beside {
        match self {
            Self::Page(_) => Beside::Nothing,
            Self::Folder(_) => Beside::Files,
        }
    }
}

/// The files of a report, which appear when all of them are complete.
pub(super) struct Output {
    page: OutputFile,
    tables: Option<Tables>,
    folder: Option<MadeFolder>,
}

/// The files beside the page.
struct Tables {
    users_csv: OutputFile,
    users_ndjson: OutputFile,
    idle_csv: OutputFile,
}

/// A folder that was made for a report, and goes again if the report is not written.
struct MadeFolder(PathBuf);

impl Drop for MadeFolder {
    fn drop(&mut self) {
        // Only an empty folder can be removed this way.
        drop(fs::remove_dir(&self.0));
    }
}

impl Output {
    /// Begins the files, before a listing is read for them.
    pub(super) fn begin(target: &Target) -> Result<Self, Failure> {
        let (tables, folder) = match target {
            Target::Page(_) => (None, None),
            Target::Folder(path) => {
                let made = (!path.exists()).then(|| MadeFolder(path.clone()));
                fs::create_dir_all(path).map_err(|error| Failure::failed(unwritable(path, &io_reason(&error))))?;
                let begin = |name: &str| OutputFile::create(&path.join(name)).map_err(Failure::failed);
                let tables = Tables {
                    users_csv: begin(USERS_CSV)?,
                    users_ndjson: begin(USERS_NDJSON)?,
                    idle_csv: begin(IDLE_CSV)?,
                };
                (Some(tables), made)
            }
        };
        Ok(Self { page: OutputFile::create(&target.page()).map_err(Failure::failed)?, tables, folder })
    }

    /// Writes all files, and puts them in their places: the page last, since it names the others.
    pub(super) fn finish(self, page: &str, users: &[User], figures: &Figures<'_>) -> Result<(), Failure> {
        let Self { page: mut file, tables, folder } = self;
        file.write_all(page.as_bytes())?;
        if let Some(Tables { mut users_csv, mut users_ndjson, mut idle_csv }) = tables {
            write(&mut users_csv, ListingFormat::Csv, users.iter())?;
            write(&mut users_ndjson, ListingFormat::Ndjson, users.iter())?;
            write(&mut idle_csv, ListingFormat::Csv, figures.seats.idle_holders.iter().map(|holder| holder.user))?;
            for table in [users_csv, users_ndjson, idle_csv] {
                table.replace().map_err(Failure::failed)?;
            }
        }
        file.replace().map_err(Failure::failed)?;
        // It holds files now, and stays.
        drop(folder);
        Ok(())
    }
}

fn write<'a>(
    file: &mut OutputFile,
    format: ListingFormat,
    users: impl Iterator<Item = &'a User>,
) -> Result<(), Failure> {
    let mut format = user_format(format, Width::Unbounded, Values::Harmless, Vec::new());
    let (mut out, mut users) = (Vec::new(), users.cloned());
    format.begin(&mut out)?;
    loop {
        let chunk: Vec<User> = users.by_ref().take(CHUNK).collect();
        if chunk.is_empty() {
            break;
        }
        format.page(&chunk, &mut out)?;
        file.write_all(&out)?;
        out.clear();
    }
    format.end(&mut out)?;
    Ok(file.write_all(&out)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_or_a_folder_means_a_folder() {
        let here = std::env::temp_dir();
        let cases = [
            (here.clone(), Some(Target::Folder(here.clone()))),
            ("new-folder/".into(), Some(Target::Folder("new-folder/".into()))),
            ("report.html".into(), Some(Target::Page("report.html".into()))),
            (here.join("report.html"), Some(Target::Page(here.join("report.html")))),
            (here.join("no-such-folder/report.html"), None),
            ("/dev/null".into(), None),
            ("..".into(), Some(Target::Folder("..".into()))),
            ("".into(), None),
        ];
        for (path, expect) in cases {
            let path: PathBuf = path;
            assert_eq!(Target::of(&path).ok(), expect, "{}", path.display());
        }
    }
}
