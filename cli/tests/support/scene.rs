//! The command with a simulated server and a folder, for the tests of this package.
#![allow(dead_code, reason = "each file of tests uses a part of it")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use mattermost_simulator::{Config, Simulator};

/// The command.
pub(crate) const PROVIDERCTL: &str = env!("CARGO_BIN_EXE_providerctl");

/// A server on its own threads, and a folder that is removed at the end.
pub(crate) struct Scene {
    pub(crate) simulator: Simulator,
    _runtime: tokio::runtime::Runtime,
    pub(crate) folder: PathBuf,
    /// The command's time, if it is not the machine's.
    now: Option<&'static str>,
}

impl Drop for Scene {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.folder));
    }
}

impl Scene {
    /// A scene. No other of the same file of tests has its name.
    pub(crate) fn new(name: &str, config: Config) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let simulator = runtime.block_on(Simulator::start(config)).unwrap();
        let folder = std::env::temp_dir().join(format!("providerctl-scene-{}-{name}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self { simulator, _runtime: runtime, folder, now: None }
    }

    /// The same with another time for the command.
    pub(crate) fn at(mut self, now: &'static str) -> Self {
        self.now = Some(now);
        self
    }

    /// The path of a file in the folder.
    pub(crate) fn file(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// The names of the files in the folder.
    pub(crate) fn files(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().file_name());
        entries.map(|name| name.into_string().unwrap()).collect()
    }

    /// The content of a file in the folder.
    pub(crate) fn text(&self, name: &str) -> String {
        fs::read_to_string(self.file(name)).unwrap()
    }

    /// A subcommand against the server, as arguments.
    pub(crate) fn arguments(&self, command: &str, more: &[&str]) -> Vec<String> {
        let url = format!("server_url={}", self.simulator.url());
        let given = [command, "--set", &url, "--secret", "access_token=env:MM_TOKEN"];
        given.iter().chain(more).map(ToString::to_string).collect()
    }

    /// A subcommand with the administrator's token.
    pub(crate) fn command(&self, command: &str, more: &[&str]) -> Command {
        self.command_of(&self.simulator.tokens().admin, command, more)
    }

    /// A subcommand with this token.
    pub(crate) fn command_of(&self, token: &str, command: &str, more: &[&str]) -> Command {
        let mut providerctl = Command::new(PROVIDERCTL);
        prepared(&mut providerctl, token).args(self.arguments(command, more));
        providerctl.envs(self.now.map(|now| ("PROVIDERCTL_NOW", now)));
        providerctl
    }

    /// The output of a subcommand with the administrator's token.
    pub(crate) fn run(&self, command: &str, more: &[&str]) -> Output {
        self.command(command, more).output().unwrap()
    }

    /// A shell's line in which `@` stands for the subcommand with its arguments.
    pub(crate) fn shell(&self, line: &str, command: &str, more: &[&str]) -> Command {
        let words = self.arguments(command, more).into_iter().map(|word| format!("'{word}'"));
        let words: Vec<String> = [format!("'{PROVIDERCTL}'")].into_iter().chain(words).collect();
        let mut shell = Command::new("sh");
        shell.args(["-c", &line.replace('@', &words.join(" "))]);
        prepared(&mut shell, &self.simulator.tokens().admin);
        shell
    }

    /// The output of a shell's line on a terminal with this many columns.
    pub(crate) fn terminal(&self, columns: u32, term: &str, line: &str, command: &str, more: &[&str]) -> String {
        let line = format!("stty cols {columns} rows 24; {line}");
        let shell = self.shell(&line, command, more);
        let line = shell.get_args().nth(1).unwrap().to_str().unwrap().to_owned();
        let mut script = Command::new("script");
        script.args(["-qec", &line, "/dev/null"]).env("TERM", term).env_remove("NO_COLOR").env_remove("COLUMNS");
        prepared(&mut script, &self.simulator.tokens().admin);
        let output = script.output().unwrap();
        String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n")
    }
}

/// Gives a command the token, the built component and the tests' cache.
pub(crate) fn prepared<'a>(command: &'a mut Command, token: &str) -> &'a mut Command {
    command
        .env("MM_TOKEN", token)
        .env("PROVIDERCTL_COMPONENT", concat!(env!("CARGO_MANIFEST_DIR"), "/../dist/mattermost-provider.wasm"))
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
}

/// What was printed to stdout.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// What was printed to stderr.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
