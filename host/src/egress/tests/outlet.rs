//! An embedder's own requests, on the terms of a guest.

use super::*;
use crate::model::{Attributes, Description, SettingKind, SettingSpec, samples};
use crate::{Access, Outlet, Settings};

/// A provider that reads one path with a token.
fn description() -> Description {
    let setting = |key: &str, kind| SettingSpec {
        key: key.to_owned(),
        label: String::new(),
        kind,
        required: true,
        default: None,
        help: String::new(),
        attributes: Attributes::new(),
    };
    let read = samples::request("GET", "/users");
    Description {
        id: "x".to_owned(),
        name: String::new(),
        version: "0.1.0".to_owned(),
        documentation_url: String::new(),
        settings: vec![setting("url", SettingKind::Url), setting("token", samples::secret())],
        requests: vec![read],
        license_types: Vec::new(),
        roles: Vec::new(),
        codes: Vec::new(),
        attributes: Attributes::new(),
    }
}

#[tokio::test]
async fn an_outlet_sends_what_is_described_with_the_secret_and_nothing_else() {
    let url = format!("http://127.0.0.1:{}", start(Server::Echoes, None).await.port);
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
