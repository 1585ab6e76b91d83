//! A real nginx as the reverse proxy in front of a server.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::sleep;
use std::time::Duration;

use crate::authority::issue;

/// The name of a server on another machine, which a forward proxy looks up.
pub const NAME: &str = "chat.example";

/// How often a start is tried: another process may take the port before nginx has it.
const STARTS: u32 = 10;

/// How often nginx is checked while it starts, ten milliseconds apart.
const LOOKS: u32 = 6_000;

/// What is configured beside the ordinary, in nginx's own words.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// What follows the port in `listen`.
    pub listen: &'a str,
    /// Lines of the block `http`.
    pub http: &'a str,
    /// Lines of the block `server`.
    pub server: &'a str,
    /// Where what is passed on begins.
    pub location: &'a str,
    /// Lines of the block `location`.
    pub passing: &'a str,
}

impl Setup<'_> {
    /// HTTP/2 with TLS, and everything is passed on.
    pub const SECURE: Self = Self { listen: "ssl http2", http: "", server: "", location: "/", passing: "" };
}

/// One line of the access log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// `HTTP/2.0`, or another.
    pub protocol: String,
    /// The status that the client got.
    pub status: u16,
    /// The method.
    pub method: String,
    /// The path.
    pub path: String,
    /// How the answer was compressed, or `-`.
    pub encoding: String,
    /// The number of the connection.
    pub connection: u64,
}

/// A running nginx. It ends when this is dropped; if a test has failed by then, its log of errors is shown.
#[derive(Debug)]
pub struct Nginx {
    process: Child,
    folder: PathBuf,
    port: u16,
}

impl Nginx {
    /// Starts nginx in front of a server, which is named by scheme, address and port.
    ///
    /// # Panics
    /// nginx is missing, or refuses what is configured.
    #[must_use]
    #[expect(clippy::panic, reason = "for tests, which cannot go on without it")]
    pub fn start(upstream: &str, setup: Setup<'_>) -> Self {
        let program = program().unwrap_or_else(|| panic!("nginx is missing: run make nginx"));
        for _ in 0..STARTS {
            match try_start(&program, upstream, setup) {
                Ok(Some(nginx)) => return nginx,
                Ok(None) => {}
                Err(error) => panic!("{}: {error}", program.display()),
            }
        }
        panic!("nginx found no free port in {STARTS} tries")
    }

    /// Where it listens.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// The certificate of the authority that signed nginx's.
    #[must_use]
    pub fn ca_file(&self) -> PathBuf {
        self.folder.join("authority.pem")
    }

    /// The requests that it has answered. Each is logged after its answer was sent, so the last may still be missing.
    ///
    /// # Panics
    /// The log cannot be read.
    #[must_use]
    #[expect(clippy::expect_used, reason = "for tests, which cannot go on without it")]
    pub fn log(&self) -> Vec<Access> {
        let text = fs::read_to_string(self.folder.join("access.log")).expect("nginx's log of requests");
        text.lines().map(|line| access(line).expect("a line of nginx's log")).collect()
    }
}

impl Drop for Nginx {
    #[expect(clippy::print_stderr, reason = "a failed test shows what nginx says")]
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        if std::thread::panicking() {
            for name in ["nginx.conf", "error.log", "access.log"] {
                let text = fs::read_to_string(self.folder.join(name)).unwrap_or_default();
                eprintln!("nginx's {name}:\n{text}");
            }
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn access(line: &str) -> Option<Access> {
    let mut words = line.split(' ');
    let mut next = || words.next();
    Some(Access {
        protocol: next()?.to_owned(),
        status: next()?.parse().ok()?,
        method: next()?.to_owned(),
        path: next()?.to_owned(),
        encoding: next()?.to_owned(),
        connection: next()?.parse().ok()?,
    })
}

/// What `make nginx` has unpacked, or what the system has.
fn program() -> Option<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../target")),
        // Relative to the workspace for cargo, and a test runs in its package's folder.
        |target| Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")).join(target),
    );
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::iter::once(target.join("nginx/usr/sbin"))
        .chain(std::env::split_paths(&path))
        .chain(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from))
        .map(|folder| folder.join("nginx"))
        .find(|program| program.is_file())
}

/// Starts nginx once; `None` if its port was taken meanwhile.
fn try_start(program: &Path, upstream: &str, setup: Setup<'_>) -> io::Result<Option<Nginx>> {
    static STARTED: AtomicU32 = AtomicU32::new(0);
    let number = STARTED.fetch_add(1, Ordering::Relaxed);
    let folder = std::env::temp_dir().join(format!("provider-host-nginx-{}-{number}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
    let issued = issue(&["localhost", NAME]);
    for (name, text) in [
        ("authority.pem", &issued.authority),
        ("certificate.pem", &issued.certificate),
        ("key.pem", &issued.key),
        ("nginx.conf", &configuration(&folder, port, upstream, setup)),
    ] {
        fs::write(folder.join(name), text)?;
    }
    let process = Command::new(program)
        .arg("-p")
        .arg(&folder)
        .arg("-e")
        .arg(folder.join("error.log"))
        .args(["-c", "nginx.conf"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let mut nginx = Nginx { process, folder, port };
    let says = |nginx: &Nginx| fs::read_to_string(nginx.folder.join("error.log")).unwrap_or_default();
    for _ in 0..LOOKS {
        // It is written once nginx listens.
        if fs::read_to_string(nginx.folder.join("pid")).is_ok_and(|id| id.trim() == nginx.process.id().to_string()) {
            return Ok(Some(nginx));
        }
        // Another process that has the port is found out at the first try of several.
        if says(&nginx).contains("Address already in use") {
            return Ok(None);
        }
        if let Some(status) = nginx.process.try_wait()? {
            return Err(io::Error::other(format!("nginx ended with {status}: {}", says(&nginx))));
        }
        sleep(Duration::from_millis(10));
    }
    Err(io::Error::other(format!("nginx does not start: {}", says(&nginx))))
}

/// One process in the foreground, whose files are all in one folder.
fn configuration(folder: &Path, port: u16, upstream: &str, setup: Setup<'_>) -> String {
    let folder = folder.display();
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("    {kind}_temp_path {folder}/{kind};\n"))
        .concat();
    let Setup { listen, http, server, location, passing } = setup;
    format!(
        "daemon off;
master_process off;
user root;
pid {folder}/pid;
error_log {folder}/error.log info;
events {{ worker_connections 512; }}
http {{
{temporary}    log_format proven '$server_protocol $status $request_method $uri $sent_http_content_encoding $connection';
    access_log {folder}/access.log proven;
    {http}
    server {{
        listen 127.0.0.1:{port} {listen};
        server_name localhost {NAME};
        ssl_certificate certificate.pem;
        ssl_certificate_key key.pem;
        {server}
        location {location} {{
            proxy_pass {upstream};
            proxy_http_version 1.1;
            proxy_set_header Connection '';
            proxy_set_header Host $http_host;
            {passing}
        }}
    }}
}}
"
    )
}
