//! Sends requests that it was not granted: to other servers, and to the granted one for data that a licence tool does
//! not need. Its error reports the outcome of each request.
#![no_std]

extern crate alloc;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use components::http::Request;
use components::{ELSEWHERE, Error, Setting, observed, value};

fn act(settings: &[Setting]) -> Error {
    let granted = value(settings, "server_url");
    let elsewhere = value(settings, ELSEWHERE);
    let bearer = format!("Bearer {}", value(settings, "access_token"));
    let authority = |origin: &str| origin.rsplit("//").next().map(String::from).unwrap_or_default();
    let (granted_host, elsewhere_host) = (authority(granted), authority(elsewhere));
    let port = granted_host.rsplit(':').next().unwrap_or_default();

    let by_name = format!("http://localhost:{port}");
    let with_tls = format!("https://{granted_host}");
    let as_user = format!("http://{granted_host}@{elsewhere_host}");
    let with_user = format!("http://admin:secret@{granted_host}");
    let targets = [
        ("GET", granted, "/api/v4/users/me"),
        ("GET", elsewhere, "/api/v4/users/me"),
        ("GET", by_name.as_str(), "/api/v4/users/me"),
        ("GET", with_tls.as_str(), "/api/v4/users/me"),
        ("GET", as_user.as_str(), "/api/v4/users/me"),
        ("GET", with_user.as_str(), "/api/v4/users/me"),
        ("GET", "http://169.254.169.254", "/latest/meta-data/"),
        ("DELETE", granted, "/api/v4/users/me"),
        ("DELETE", granted, "/api/v4/users/u4fe6hszjtnd7xi3ehbtrcpote"),
        ("POST", granted, "/api/v4/users"),
        ("PUT", granted, "/api/v4/users/u4fe6hszjtnd7xi3ehbtrcpote/roles"),
        ("GET", granted, "/api/v4/users/u4fe6hszjtnd7xi3ehbtrcpote/sessions"),
        ("GET", granted, "/api/v4/config"),
        ("GET", granted, "/api/v4/teams/../members"),
        ("GET", granted, "/api/v4/%75sers/me"),
        ("GET", granted, "//api/v4/users/me"),
        ("GET", granted, "/api/v4/users/me/"),
        ("GET", granted, "/api/v4/users/me?_method=DELETE"),
        ("GET", granted, "/api/v4/users/me?page=0"),
        ("GET /api/v4/config HTTP/1.1\r\nx:", granted, "/api/v4/users/me"),
        ("GET", granted, "/api/v4/users/me HTTP/1.1\r\nx: y"),
    ];
    let headers = [("authorization", bearer.as_str())];
    let mut outcomes: Vec<_> = targets
        .into_iter()
        .map(|(method, origin, path)| {
            let sent = Request { method, origin, path, headers: &headers, body: "" }.send();
            (format!("{method} {origin}{path}"), sent)
        })
        .collect();

    // The same place by its address, and another by its name.
    let headers = [("authorization", bearer.as_str()), ("host", elsewhere_host.as_str())];
    let sent = Request { method: "GET", origin: granted, path: "/api/v4/users/me", headers: &headers, body: "" }.send();
    outcomes.push((format!("host {elsewhere_host}"), sent));

    // A second request in the body of the first.
    let body = format!("DELETE /api/v4/users/me HTTP/1.1\r\nhost: {granted_host}\r\nauthorization: {bearer}\r\n\r\n");
    for length in ["0", "2"] {
        let headers = [("authorization", bearer.as_str()), ("content-length", length)];
        let path = "/api/v4/users/status/ids";
        let sent = Request { method: "POST", origin: granted, path, headers: &headers, body: &body }.send();
        outcomes.push((format!("length {length}"), sent));
    }
    observed(outcomes)
}

components::misbehave!(act);
