use super::*;
use provider_host::model::SecretUse;
use secrecy::ExposeSecret as _;

fn secret() -> SettingKind {
    SettingKind::Secret(SecretUse { url: "server_url".into(), header: "authorization".into() })
}

fn spec(key: &str, kind: SettingKind, required: bool) -> SettingSpec {
    SettingSpec {
        key: key.into(),
        label: key.into(),
        kind,
        required,
        default: None,
        help: format!("What {key} is."),
        attributes: Default::default(),
    }
}

fn product() -> Description {
    Description {
        id: "product".into(),
        name: "Product".into(),
        version: "1.0.0".into(),
        documentation_url: String::new(),
        settings: vec![
            spec("server_url", SettingKind::Url, true),
            spec("access_token", secret(), true),
            spec("signing_key", SettingKind::SecretValue, false),
            spec("mode", SettingKind::Choice(vec!["fast".into(), "slow".into()]), false),
        ],
        requests: Vec::new(),
        license_types: Vec::new(),
        roles: Vec::new(),
        codes: Vec::new(),
        attributes: Default::default(),
    }
}

fn texts(values: &[&str]) -> Vec<String> {
    values.iter().map(|value| (*value).to_owned()).collect()
}

/// Parses and checks a command line.
fn check(set: &[&str], secret: &[&str]) -> Result<(), Complaint> {
    Given::parse(&texts(set), &texts(secret))?.check(&product())
}

#[track_caller]
fn refused(set: &[&str], secret: &[&str], code: &str) -> Complaint {
    let complaint = check(set, secret).expect_err("must be refused");
    assert_eq!(complaint.code, code, "{complaint:?}");
    assert!(!format!("{complaint:?}").contains("hunter2"), "{complaint:?} holds the secret");
    complaint
}

const URL: &str = "server_url=http://127.0.0.1:1";
const TOKEN: &str = "access_token=env:T";

#[test]
fn complete_settings_are_accepted() {
    check(&[URL], &[TOKEN]).unwrap();
    check(&[URL, "mode=a=b"], &["access_token=file:/tmp/t", "signing_key=env:K"]).unwrap();
}

#[test]
fn wrong_settings_are_refused_without_their_values() {
    let cases: [(&[&str], &[&str], &str); 18] = [
        (&["hunter2"], &[], "setting-malformed"),
        (&["=hunter2"], &[], "setting-malformed"),
        (&[], &["hunter2"], "setting-malformed"),
        (&[URL, "access_token=hunter2"], &[], "secret-exposed"),
        (&[URL, "signing_key=hunter2"], &[TOKEN], "secret-exposed"),
        (&[URL], &["access_token=hunter2"], "secret-exposed"),
        (&[URL], &["access_token=https:hunter2"], "secret-exposed"),
        (&[URL], &["access_token=env:"], "secret-misplaced"),
        (&[URL], &["access_token=file:"], "secret-misplaced"),
        (&[URL], &["access_token=env:$hunter2"], "secret-misplaced"),
        (&[URL], &["access_token=ENV:hunter2"], "secret-exposed"),
        (&[URL, URL], &[TOKEN], "setting-repeated"),
        (&[URL], &[TOKEN, "server_url=env:U"], "setting-repeated"),
        (&[URL, "color=hunter2"], &[TOKEN], "setting-unknown"),
        (&[], &[TOKEN], "setting-missing"),
        (&[], &["server_url=env:URL", TOKEN], "secret-unusable"),
        (&[URL], &[TOKEN, "mode=file:/tmp/hunter2"], "secret-unusable"),
        (&[URL], &[TOKEN, "token=env:T"], "setting-unknown"),
    ];
    for (set, secret, code) in cases {
        refused(set, secret, code);
    }
}

#[test]
fn a_refusal_names_the_right_option() {
    let exposed = refused(&[URL, "access_token=hunter2"], &[], "secret-exposed");
    assert!(exposed.message.contains("history"), "{}", exposed.message);
    assert!(exposed.fix.unwrap().contains("--secret access_token=env:ACCESS_TOKEN"));

    let missing = refused(&[], &[], "setting-missing");
    assert_eq!(missing.message, "Product needs server_url and access_token");
    assert_eq!(missing.fix.unwrap(), "add --set server_url=… --secret access_token=env:ACCESS_TOKEN");

    let missing_ones =
        ["server_url (url, required): What server_url is.", "access_token (secret, required): What access_token is."];
    assert_eq!(missing.details, missing_ones);

    let unknown = refused(&["url=x"], &[], "setting-unknown");
    let known = [
        "server_url (url, required): What server_url is.",
        "access_token (secret, required): What access_token is.",
        "signing_key (secret-value): What signing_key is.",
        "mode (fast | slow): What mode is.",
    ];
    assert_eq!(unknown.details, known);
}

/// A provider may describe its settings as anything, so the option with which a value was given decides.
#[test]
fn a_secret_fills_only_settings_that_are_described_as_secrets() {
    use SettingKind::{Choice, Flag, Integer, SecretValue, Text, Url};
    let kinds = [
        (secret(), true),
        (SecretValue, true),
        (Text, false),
        (Url, false),
        (Integer, false),
        (Flag, false),
        (Choice(vec!["hunter2".into()]), false),
    ];
    for (kind, is_taken) in kinds {
        for required in [true, false] {
            let mut description = product();
            description.settings[1] = spec("access_token", kind.clone(), required);
            let given = Given::parse(&texts(&[URL]), &texts(&[TOKEN])).unwrap();
            let refused = [given.check(&description), given.check_secrets(&description)]
                .map(|checked| checked.err().map(|complaint| complaint.code));
            let expect = (!is_taken).then(|| "secret-unusable".to_owned());
            assert_eq!(refused, [expect.clone(), expect], "{kind:?}, required: {required}");
        }
    }
}

#[test]
fn a_secret_reaches_the_host_as_a_secret() {
    let values = ["access_token", "unknown"].map(|key| (key.to_owned(), Value::Secret("hunter2".into())));
    let plain = [("mode".to_owned(), Value::Plain("fast".to_owned()))];
    let settings = settings(values.into_iter().chain(plain).collect());
    let shown = format!("{settings:?}");
    assert_eq!(shown, r#"Settings {"access_token": "(secret)", "mode": "(set)", "unknown": "(secret)"}"#);
}

#[track_caller]
fn read(source: &str, content: Option<&[u8]>) -> Result<String, Complaint> {
    let given = Given::parse(&[], &[format!("access_token={source}")]).unwrap();
    let secrets = SecretReader {
        env: &|name| {
            assert_eq!(name, "T");
            content.map(|bytes| String::from_utf8(bytes.to_vec()).unwrap().into())
        },
        file: &|path| {
            assert_eq!(path, Path::new("/run/t"));
            content.map(|bytes| Zeroizing::new(bytes.to_vec())).ok_or_else(|| io::ErrorKind::NotFound.into())
        },
    };
    let values = given.read(&secrets)?;
    match values.into_iter().next() {
        Some((_, Value::Secret(secret))) => Ok(secret.expose_secret().to_owned()),
        Some((_, Value::Plain(_))) | None => panic!("no secret"),
    }
}

#[test]
fn one_line_end_is_cut_from_a_secret() {
    let cases = [("abc", "abc"), ("abc\n", "abc"), ("abc\r\n", "abc"), ("abc\n\n", "abc\n"), (" abc ", " abc ")];
    for (content, secret) in cases {
        assert_eq!(read("env:T", Some(content.as_bytes())).unwrap(), secret);
        assert_eq!(read("file:/run/t", Some(content.as_bytes())).unwrap(), secret);
    }
}

#[test]
fn a_missing_secret_is_named_by_its_place() {
    let cases: [(&str, Option<&[u8]>, &str, &str); 6] = [
        ("env:T", None, "secret-missing", "the environment variable T"),
        ("env:T", Some(b""), "secret-empty", "the environment variable T"),
        ("file:/run/t", None, "secret-unreadable", "the file /run/t"),
        ("file:/run/t", Some(b"\n"), "secret-empty", "the file /run/t"),
        ("env:T", Some(b" \n"), "secret-empty", "the environment variable T"),
        ("file:/run/t", Some(b"\xff\xfe"), "secret-unreadable", "the file /run/t"),
    ];
    for (source, content, code, place) in cases {
        let complaint = read(source, content).unwrap_err();
        assert_eq!(complaint.code, code);
        assert!(complaint.message.contains(place), "{}", complaint.message);
    }
}
