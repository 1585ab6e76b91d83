//! Error messages if something else answers instead of Mattermost, or if the address or the token is wrong. No test contacts a
//! Mattermost server, and nothing leaves the machine.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/scene.rs"]
mod scene;

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Output};

use scene::{PROVIDERCTL, prepared};

/// A token that looks like Mattermost's: no output contains it.
const TOKEN: &str = "hunter2hunter2hunter2hunte";

/// A server on loopback that answers every request with these bytes and closes. `{port}` in them is its port.
fn answering(answer: &[u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let text = String::from_utf8_lossy(answer);
    let answer = if text.contains("{port}") {
        text.replace("{port}", &address.port().to_string()).into_bytes()
    } else {
        answer.to_vec()
    };
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (Ok(mut stream), answer) = (stream, answer.clone()) else { return };
            std::thread::spawn(move || {
                let _ = stream.read(&mut [0; 4096]);
                let _ = stream.write_all(&answer);
            });
        }
    });
    format!("http://{address}")
}

fn check(url: &str, secret: &str, token: &str) -> Output {
    let (url, secret) = (format!("server_url={url}"), format!("access_token={secret}"));
    let mut command = Command::new(PROVIDERCTL);
    prepared(command.args(["check", "--set", &url, "--secret", &secret]), token).output().unwrap()
}

#[track_caller]
fn says(output: &Output, exit: i32, code: &str, cause: &str) {
    let text = [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes)).concat();
    assert_eq!(output.status.code(), Some(exit), "{text}");
    assert!(text.contains(&format!("[{code}]")) && text.contains(cause), "{code}, {cause}: {text}");
    for never in [TOKEN, "hunter3", "SECRETSTATE", "ErrorCode", "::", "Some(", "os error"] {
        assert!(!text.contains(never), "{never}: {text}");
    }
}

fn answer(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
        .into_bytes()
}

#[test]
fn an_error_names_what_answers_instead_of_mattermost() {
    let page = "Content-Type: text/html\r\n";
    let many: String = (0..300).map(|n| format!("X-H{n}: y\r\n")).collect();
    let login = "Location: https://login.corp.example/realms/x/auth?state=SECRETSTATE\r\n";
    let cases: [(Vec<u8>, &str, &str); 22] = [
        (b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n".to_vec(), "not-http", "SSH"),
        (b"220 mail.example.com ESMTP\r\n".to_vec(), "not-http", "mail"),
        (b"\x15\x03\x01\x00\x02\x02\x16".to_vec(), "not-http", "a TLS port"),
        (b"<html>It works!</html>".to_vec(), "not-http", "breaks the rules of HTTP"),
        (answer("200 OK", "Server : nginx\r\n", "{}"), "not-http", "a malformed header"),
        (answer("200 OK", &many, "{}"), "answer-head-too-large", "more or larger headers"),
        (answer("302 Found", login, ""), "redirected-elsewhere", "another host, https://login.corp.example:"),
        (
            answer("302 Found", "Location: http://127.0.0.1:1/api/v4/system/ping\r\n", ""),
            "redirected-elsewhere",
            "another port",
        ),
        (answer("302 Found", "Location: /login?to=SECRETSTATE\r\n", ""), "redirected-elsewhere", "a sign-in page"),
        (answer("302 Found", "Location: /\r\n", ""), "redirected-elsewhere", "a page for browsers"),
        (answer("301 Moved", "Location: /chat/api/v4/system/ping\r\n", ""), "redirected", "/chat (GET"),
        (
            answer("308 Moved", "Location: HTTP://127.0.0.1:{port}/chat/?x=SECRETSTATE\r\n", ""),
            "redirected",
            "the server is at http://127.0.0.1:",
        ),
        (
            answer("401 Unauthorized", "WWW-Authenticate: Basic realm=\"x\"\r\n", "no"),
            "gateway-sign-in",
            "a user name and a password",
        ),
        (answer("200 OK", page, "<form><input type=\"password\"></form>"), "gateway-sign-in", "a sign-in page"),
        (answer("511 Network Authentication Required", page, "x"), "gateway-sign-in", "511"),
        (answer("403 Forbidden", page, "<title>Just a moment...</title>"), "robot-check", "checks for robots"),
        (answer("400 Bad Request", page, "The plain HTTP request was sent to HTTPS port"), "https-expected", "HTTPS"),
        (answer("405 Not Allowed", page, "x"), "gateway-rejected", "in front of Mattermost blocks GET requests"),
        (answer("526 x", page, "x"), "gateway-rejected", "that server's certificate"),
        (answer("521 x", page, "x"), "server-unavailable", "refuses the connection"),
        (answer("200 OK", "", ""), "not-mattermost", "the answer is empty"),
        (
            answer("200 OK", "Content-Type: application/json\r\n", "{\"ok\":true}"),
            "not-mattermost",
            "not of Mattermost's API",
        ),
    ];
    for (bytes, code, cause) in cases {
        says(&check(&answering(&bytes), "env:MM_TOKEN", TOKEN), 1, code, cause);
    }
}

#[test]
fn the_id_of_a_request_is_named_in_a_check() {
    let id = "X-Request-Id: qqqqqqqqqqqqqqqqqqqqqqqqqq\r\nX-Version-Id: 11.6.0\r\n";
    let url = answering(&answer("500 Internal Server Error", id, "{\"id\":\"app.x.app_error\"}"));
    says(&check(&url, "env:MM_TOKEN", TOKEN), 1, "server-error", "answered 500, request id qqqqqqqqqqqqqqqqqqqqqqqqqq");
}

#[test]
fn an_error_says_what_is_wrong_with_an_address() {
    for (url, exit, code, cause) in [
        ("chat.invalid", 2, "setting-unusable", "does not begin with https:// or http://"),
        ("ftp://chat.invalid", 2, "setting-unusable", "another scheme"),
        ("https://chat.invalid:99999", 2, "setting-unusable", "not a number from 1 to 65535"),
        ("https://zoe:hunter3@chat.invalid", 2, "setting-unusable", "a user name or password"),
        ("'https://chat.invalid'", 2, "setting-unusable", "a quotation mark"),
        ("https://chat invalid", 2, "setting-unusable", "a space"),
        ("https://chat.invalid/api/v4/users", 2, "server-url-invalid", "enter https://chat.invalid"),
        ("https://chat.invalid/x/channels/town-square", 2, "server-url-invalid", "enter https://chat.invalid"),
        ("https://chat.invalid/login", 2, "server-url-invalid", "enter https://chat.invalid"),
        ("https://chat.invalid/?hunter3", 2, "server-url-invalid", "enter https://chat.invalid"),
        ("http://chät.invalid", 1, "name-not-found", "no address"),
        ("http://пример.invalid", 1, "name-not-found", "no address"),
    ] {
        says(&check(url, "env:MM_TOKEN", TOKEN), exit, code, cause);
    }
}

#[test]
fn an_error_says_what_is_wrong_with_a_token_or_its_place() {
    let folder = std::env::temp_dir();
    let folder = format!("file:{}", folder.display());
    let unset = format!("env:{TOKEN}");
    for (secret, token, code, cause) in [
        ("env:MM_TOKEN", "Bearer hunter3", "secret-unusable", "such as Bearer or Token"),
        ("env:MM_TOKEN", "\"hunter3\"", "secret-unusable", "quotation marks"),
        ("env:MM_TOKEN", "hunter3\nhunter3", "secret-unusable", "more than one line"),
        ("env:MM_TOKEN", "hunter3 x", "secret-unusable", "a space"),
        ("env:MM_TOKEN", " ", "secret-empty", "MM_TOKEN is empty"),
        ("env:MM_NO_TOKEN", TOKEN, "secret-missing", "MM_NO_TOKEN is not set"),
        (&unset, TOKEN, "secret-missing", "may be the secret itself"),
        ("env:$MM_TOKEN", TOKEN, "secret-misplaced", "without $ and quotation marks"),
        ("file:", TOKEN, "secret-misplaced", "the path is missing after file:"),
        ("file:~/no-such-token", TOKEN, "secret-unreadable", "does not replace ~"),
        ("file:/no/such/token", TOKEN, "secret-unreadable", "there is no such file"),
        (&folder, TOKEN, "secret-unreadable", "it is a directory"),
        ("file:/dev/null", TOKEN, "secret-empty", "the file /dev/null is empty"),
    ] {
        says(&check("http://127.0.0.1:9", secret, token), 2, code, cause);
    }
}
