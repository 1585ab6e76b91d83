//! An embedder's own requests, on the terms of a guest.

use http::Request;
use hyper::body::Bytes;
use provider_egress::{Egress, EgressOptions};
use provider_model::{Description, SettingKind, SettingSpec};
use provider_testing::samples;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use crate::{Access, Limits, Outlet, Settings};

/// A provider that reads one path with a token.
fn description() -> Description {
    let setting = |key, kind| SettingSpec { required: true, ..samples::setting(key, kind) };
    Description {
        settings: vec![setting("url", SettingKind::Url), setting("token", samples::secret())],
        requests: vec![samples::request("GET", "/users")],
        ..samples::description()
    }
}

/// A server that sends back what it was sent.
async fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 4096];
                while let Ok(size @ 1..) = stream.read(&mut request).await {
                    let text = String::from_utf8_lossy(&request[..size]);
                    let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{text}", text.len());
                    // The client may be gone, having had enough.
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            });
        }
    });
    port
}

#[tokio::test]
async fn an_outlet_sends_what_is_described_with_the_secret_and_nothing_else() {
    let url = format!("http://127.0.0.1:{}", echo().await);
    let mut settings = Settings::new();
    settings.set("url", url.as_str()).set_secret("token", "hunter2".into());
    let limits = Limits { requests_per_call: 3, ..Limits::default() };
    let access = Access::new(settings, Egress::new(EgressOptions::default()).unwrap()).limits(limits);
    let outlet = Outlet::open(&description(), access).unwrap();
    let token = outlet.settings().find(|(key, _)| *key == "token").unwrap().1;
    assert!(!token.contains("hunter2"));

    let send = async |path: &str| {
        let request = Request::get(format!("{url}{path}")).header("authorization", format!("Bearer {token}"));
        let answer = outlet.send(request.body(Bytes::new()).unwrap()).await;
        answer
            .map(|answer| String::from_utf8(answer.into_body().to_vec()).unwrap())
            .map_err(|error| error.code().to_owned())
    };
    let echo = send("/users").await.unwrap();
    assert!(echo.starts_with("GET /users ") && echo.contains("Bearer hunter2"), "{echo}");
    let refused = Err("request-unanswered".to_owned());
    for (path, is_sent) in [("/secrets", false), ("/users", true), ("/users", false)] {
        assert_eq!(
            send(path).await.is_ok(),
            is_sent,
            "{path}: a fourth request is one too many for a call, and one that is denied counts"
        );
    }
    assert_eq!(send("/users").await, refused);
    outlet.begin_call();
    assert!(send("/users").await.is_ok(), "another call has requests of its own");
}
