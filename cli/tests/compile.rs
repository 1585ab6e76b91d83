//! The command reads a component within bounds, and compiles it in a separate process.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use provider_host::{CompilerProcess, Pool, Sandbox};

const COMMAND: &str = env!("CARGO_BIN_EXE_providerctl");
const COMPONENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../dist/mattermost-provider.wasm");

fn providerctl(arguments: &[&str]) -> Output {
    Command::new(COMMAND)
        .args(arguments)
        .env_remove("PROVIDERCTL_COMPONENT")
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// A folder for a test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("providerctl-{name}-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, bytes).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(fs::remove_dir_all(&self.0));
    }
}

/// A number as WebAssembly writes it.
fn number(mut n: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while n >= 128 {
        bytes.push(u8::try_from(n & 127).unwrap() | 128);
        n >>= 7;
    }
    bytes.push(u8::try_from(n).unwrap());
    bytes
}

/// A component with a module that has this many functions with this code.
fn functions(count: usize, code: &[u8]) -> Vec<u8> {
    let section = |id: u8, content: &[u8]| [&[id], number(content.len()).as_slice(), content].concat();
    let body = [number(code.len()).as_slice(), code].concat();
    let module = [
        b"\0asm\x01\0\0\0".to_vec(),
        section(1, &[1, 0x60, 0, 0]),
        section(3, &[number(count), vec![0; count]].concat()),
        section(10, &[number(count), body.repeat(count)].concat()),
    ]
    .concat();
    [b"\0asm\x0d\0\x01\0".to_vec(), section(1, &module)].concat()
}

/// `depth` nested loops around `locals` variables. All numbers are below 64, or below 128 if unsigned, so each is one byte.
fn loops(depth: usize, locals: u8) -> Vec<u8> {
    let mut code = vec![1, locals, 0x7f];
    code.extend([0x03, 0x40].repeat(depth));
    for local in 0..locals {
        code.extend([0x20, local, 0x41, 1, 0x6a, 0x21, local]);
    }
    code.extend([0x20, 0, 0x0d, 0, 0x0b].repeat(depth));
    code.push(0x0b);
    functions(1, &code)
}

#[test]
fn a_file_that_is_no_component_within_the_bounds_is_refused_before_it_is_read_whole() {
    let folder = Folder::new("refused");
    let sparse = folder.file("sparse.wasm", b"");
    File::options().write(true).open(&sparse).unwrap().set_len(6 << 30).unwrap();
    let pipe = folder.0.join("pipe.wasm");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let bomb = folder.file("bomb.wasm", &loops(120, 120));
    let cases: [(&Path, &str); 3] =
        [(&sparse, "component-too-large"), (&pipe, "component-not-a-file"), (&bomb, "component-bound-loop-depth")];
    for (file, code) in cases {
        let file = file.to_str().unwrap();
        for arguments in [&["inspect", file][..], &["seal", file], &["canary", file, COMPONENT]] {
            let output = providerctl(arguments);
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
            assert!(said.starts_with(&format!("error[{code}]: ")) && said.contains("fix: "), "{arguments:?}: {said}");
        }
    }
    let output = providerctl(&["describe", "--component", bomb.to_str().unwrap()]);
    assert!(String::from_utf8(output.stderr).unwrap().starts_with("error[component-bound-loop-depth]: "));
}

/// The command as a compiler.
fn command() -> CompilerProcess {
    let mut process = CompilerProcess::this_program(["compile-component"]).unwrap();
    process.program = COMMAND.into();
    process
}

fn other(program: &str, arguments: &[&str]) -> CompilerProcess {
    let mut process = CompilerProcess::this_program(arguments).unwrap();
    process.program = program.into();
    process
}

fn load(process: CompilerProcess, bytes: &[u8]) -> Result<provider_host::Provider, provider_host::Error> {
    Ok(Sandbox::new(Pool::default()).unwrap().compiled_by(process).load(bytes)?)
}

#[tokio::test]
async fn a_component_compiled_by_another_process_answers_the_same() {
    let bytes = fs::read(COMPONENT).unwrap();
    let here = Sandbox::new(Pool::default()).unwrap().load(&bytes).unwrap();
    let there = load(command(), &bytes).unwrap();
    assert_eq!(there.describe().await.unwrap(), here.describe().await.unwrap());
}

#[test]
fn a_compiler_that_takes_too_long_needs_too_much_or_fails_has_a_code_for_each() {
    let bytes = fs::read(COMPONENT).unwrap();
    let mut endless = other("sleep", &["1000"]);
    endless.deadline = Duration::from_millis(50);
    // Compiling this takes some 150 MB, which is beyond this bound and within all others.
    let many = functions(30_000, &[0, 0x0b]);
    let mut small = command();
    small.memory_bytes = 64 << 20;
    assert_eq!(load(small, &many).unwrap_err().code(), "component-compile-memory");
    let mut flood = other("yes", &[]);
    flood.memory_bytes = 1 << 20;
    let cases = [
        ("one that never answers", endless, "component-compile-timeout"),
        ("one that writes without end", flood, "component-compiler-failed"),
        ("one that says nothing", other("true", &[]), "component-compiler-failed"),
        ("one that fails", other("false", &[]), "component-compiler-failed"),
        ("one that says something else", other("echo", &["hello"]), "component-compiler-failed"),
        ("one that is not there", other("/no/such/compiler", &[]), "component-compiler-failed"),
        ("one of another version", other("printf", &["Cnonsense"]), "component-compiler-failed"),
    ];
    for (what, process, code) in cases {
        let error = load(process, &bytes).unwrap_err();
        assert_eq!(error.code(), code, "{what}: {error}");
        assert!(error.fix().is_some());
    }
}

#[test]
fn invalid_webassembly_is_not_a_component_in_either_process() {
    // It drops two values, but there is only one.
    let mut bytes = loops(1, 1);
    let branch = bytes.len() - 4;
    bytes[branch..branch + 2].copy_from_slice(&[0x1a, 0x1a]);
    for process in [None, Some(command())] {
        let sandbox = Sandbox::new(Pool::default()).unwrap();
        let sandbox = match process {
            Some(process) => sandbox.compiled_by(process),
            None => sandbox,
        };
        assert_eq!(sandbox.load(&bytes).unwrap_err().code(), "not-a-component");
    }
}
