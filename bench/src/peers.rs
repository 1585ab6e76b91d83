//! The clients that people use today, each in a folder of ours and driven by a small script of ours.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde::Deserialize;

use crate::args::Source;
use crate::{Result, child};

/// How long an installation may take: a registry that is out of reach may hang.
const INSTALLING: Duration = Duration::from_secs(120);

/// How long a listing may take.
const LISTING: Duration = Duration::from_secs(120);

/// A client as its registry has it.
struct Peer {
    name: &'static str,
    version: &'static str,
    language: Language,
    /// The script's file and what is in it.
    script: (&'static str, &'static str),
}

#[derive(Clone, Copy)]
enum Language {
    Python,
    Node,
}

static PEERS: [Peer; 3] = [
    Peer {
        name: "mattermostautodriver",
        version: "11.11.1",
        language: Language::Python,
        script: ("list_with_mattermostautodriver.py", include_str!("../peers/mattermostautodriver.py")),
    },
    Peer {
        name: "mattermostdriver",
        version: "7.3.2",
        language: Language::Python,
        script: ("list_with_mattermostdriver.py", include_str!("../peers/mattermostdriver.py")),
    },
    Peer {
        name: "@mattermost/client",
        version: "11.9.0",
        language: Language::Node,
        script: ("list_with_client.mjs", include_str!("../peers/client.mjs")),
    },
];

/// A client that can be run.
pub(crate) struct Installed {
    peer: &'static Peer,
    program: OsString,
    script: PathBuf,
}

/// What a script prints.
#[derive(Deserialize)]
struct Printed {
    /// Different ids.
    users: u32,
    wall_ms: f64,
}

/// Installs all clients into a folder, unless they are there, and reports which could not be installed, and why.
pub(crate) fn install(folder: &Path) -> Result<(Vec<Installed>, Vec<String>)> {
    let (mut installed, mut absent) = (Vec::new(), Vec::new());
    fs::create_dir_all(folder)?;
    for peer in &PEERS {
        match peer.install(folder) {
            Ok(ready) => installed.push(ready),
            Err(error) => absent.push(format!("{} is left out: {error}", peer.name)),
        }
    }
    Ok((installed, absent))
}

impl Peer {
    fn install(&'static self, folder: &Path) -> Result<Installed> {
        let (file, text) = self.script;
        let script = folder.join(file);
        fs::write(&script, text)?;
        let program = match self.language {
            Language::Python => self.install_python(&folder.join("python"))?,
            Language::Node => self.install_node(folder)?,
        };
        Ok(Installed { peer: self, program, script })
    }

    fn install_python(&self, folder: &Path) -> Result<OsString> {
        let python = folder.join("bin/python");
        if !python.exists() {
            child::run(Command::new("python3").args(["-m", "venv"]).arg(folder), INSTALLING)?;
        }
        let wanted = format!("{}=={}", self.name, self.version);
        // Where the version is there already, pip asks nobody.
        let options = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        child::run(Command::new(&python).args(options).arg(wanted), INSTALLING)?;
        Ok(python.into())
    }

    fn install_node(&self, folder: &Path) -> Result<OsString> {
        if !child::exists("node") {
            return Err("there is no node".into());
        }
        let manifest = folder.join("node_modules").join(self.name).join("package.json");
        let is_there = fs::read_to_string(manifest)
            .is_ok_and(|manifest| manifest.contains(&format!("\"version\": \"{}\"", self.version)));
        if !is_there {
            let options =
                ["install", "--silent", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"];
            let wanted = format!("{}@{}", self.name, self.version);
            child::run(Command::new("npm").args(options).arg(folder).arg(wanted), INSTALLING)?;
        }
        Ok("node".into())
    }
}

impl Installed {
    pub(crate) const fn name(&self) -> &'static str {
        self.peer.name
    }

    /// Lists all users of a server, who must be as many as that, and returns the wall time in milliseconds, without the
    /// start of the interpreter and what it loads.
    pub(crate) fn list(&self, source: &Source, expect: u32) -> Result<f64> {
        let (host, port) = source
            .url
            .strip_prefix("http://")
            .and_then(|authority| authority.split_once(':'))
            .ok_or("the simulated server's URL has no port")?;
        let mut command = Command::new(&self.program);
        command.arg(&self.script).args([host, port, &source.token]);
        let printed: Printed = child::ask(&mut command, LISTING)?;
        if printed.users == expect {
            Ok(printed.wall_ms)
        } else {
            Err(format!("it lists {} users of {expect}", printed.users).into())
        }
    }
}
