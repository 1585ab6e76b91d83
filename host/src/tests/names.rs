//! Names that others rely on: of the contract's cases in JSON, and of errors.

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::model::{
    ActivityKnowledge, CheckOutcome, ErrorKind, ListingState, ProviderError, Quantity, SeatUse, SettingKind, Severity,
    UserKind, UserStatus,
};
use crate::{Bound, ComponentBound, Error, LimitHit, Origin, Stall};

#[track_caller]
fn assert_json<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T, expect: &str) {
    let json = serde_json::to_string(value).unwrap();
    assert_eq!(json, expect);
    assert_eq!(&serde_json::from_str::<T>(&json).unwrap(), value, "read back");
}

#[test]
fn cases_have_the_contracts_names_in_json() {
    macro_rules! all {
        ($($name:ident)+) => {$(
            for value in $name::ALL {
                assert_json(value, &format!("\"{value}\""));
                assert!(include_str!("../../../wit/provider.wit").contains(&format!("        {value},")), "{value}");
            }
        )+};
    }
    all! { Severity CheckOutcome ErrorKind UserStatus UserKind SeatUse ActivityKnowledge }
    assert_json(&SettingKind::SecretValue, "\"secret-value\"");
    assert_json(&SettingKind::Choice(vec!["a".to_owned()]), r#"{"choice":["a"]}"#);
    assert_json(&ListingState::More("c".to_owned()), r#"{"more":"c"}"#);
    assert_json(&ListingState::Resumed, "\"resumed\"");
    assert_json(&ListingState::Incomplete("c".to_owned()), r#"{"incomplete":"c"}"#);
    assert_json(&Quantity::Limited(7), "7");
    assert_json(&Quantity::Unlimited, "\"unlimited\"");
    assert_json(&Quantity::Unknown, "\"unknown\"");
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of cases")]
fn errors_have_stable_codes_of_their_own() {
    let text = || "x".to_owned();
    let limit = |limit| Error::LimitHit { call: "check", limit };
    let answer = |bound| limit(LimitHit::Answer { bound, limit: 1 });
    let time = Duration::from_secs(1);
    let cases = [
        (Error::NotAComponent { reason: text() }, "not-a-component", false),
        (Error::ComponentTooLarge { bytes: 2, limit: 1 }, "component-too-large", false),
        (Error::ComponentBound { bound: ComponentBound::Locals, found: 2, limit: 1 }, "component-bound-locals", false),
        (Error::CompileTimeout { limit: time }, "component-compile-timeout", true),
        (Error::CompileMemory { limit: 1 }, "component-compile-memory", false),
        (Error::CompilerFailed { reason: text() }, "component-compiler-failed", false),
        (Error::NotAFile { path: "x".into() }, "component-not-a-file", false),
        (Error::DoesNotFit { reason: text() }, "component-does-not-fit", false),
        (Error::ImportRefused { import: text() }, "import-refused", false),
        (Error::ContractMismatch { expected: "x", reason: text() }, "contract-mismatch", false),
        (Error::SettingMissing { key: text(), label: text(), help: text() }, "setting-missing", false),
        (Error::DescriptionRefused { demand: text(), reason: text() }, "description-refused", false),
        (Error::SettingUnusable { key: text(), reason: text() }, "setting-unusable", false),
        (Error::SecretUnusable { key: text(), reason: text() }, "secret-unusable", false),
        (Error::SecretNotGranted { key: text() }, "secret-not-granted", false),
        (
            Error::OriginDenied { origin: Origin::parse("https://a.example").unwrap(), line: text(), fix: text() },
            "origin-denied",
            false,
        ),
        (Error::PolicyUnusable { line: text(), reason: "x" }, "policy-unusable", false),
        (Error::LimitUnusable { limit: "x" }, "limit-unusable", false),
        (Error::AnswerRefused { call: "check", reason: text() }, "answer-refused", false),
        (Error::Trap { call: "check", reason: text() }, "provider-crashed", false),
        (limit(LimitHit::Memory(1)), "limit-memory", false),
        (limit(LimitHit::CallTime(time)), "limit-call-time", true),
        (limit(LimitHit::CpuTime(time)), "limit-cpu-time", false),
        (limit(LimitHit::ReturnedBytes(1)), "limit-returned-bytes", false),
        (limit(LimitHit::RequestsPerCall(1)), "limit-requests-per-call", false),
        (limit(LimitHit::RequestBody(1)), "limit-request-body", false),
        (limit(LimitHit::SentBytes(1)), "limit-sent-bytes", false),
        (limit(LimitHit::ResponseHead { headers: 1, bytes: 1 }), "limit-response-head", false),
        (limit(LimitHit::ResponseBody(1)), "limit-response-body", false),
        (answer(Bound::Notices), "limit-notices", false),
        (answer(Bound::NoticeBytes), "limit-notice-bytes", false),
        (answer(Bound::Attributes), "limit-attributes", false),
        (answer(Bound::RecordBytes), "limit-record-bytes", false),
        (answer(Bound::CursorBytes), "limit-cursor-bytes", false),
        (answer(Bound::Users), "limit-listing-users", false),
        (answer(Bound::Bytes), "limit-listing-bytes", false),
        (answer(Bound::Time), "limit-listing-time", false),
        (Error::ListingStalled { stall: Stall::NoAnswer(time) }, "listing-stalled", false),
        (Error::WaitTooLong { left: time, limit: time }, "rate-limited", true),
        (Error::ProxyUnusable { reason: text() }, "proxy-unusable", false),
        (Error::ClientIdentityUnusable { reason: text() }, "client-identity-unusable", false),
        (Error::HeaderUnusable { name: text(), reason: "x" }, "header-unusable", false),
        (Error::CaFile { path: "x".into(), reason: text() }, "ca-file-unusable", false),
        (Error::Unanswered { reason: text() }, "request-unanswered", true),
        (Error::Io { path: "x".into(), source: io::Error::other("x") }, "file-unreadable", false),
        (Error::CacheUnusable { folder: "x".into(), reason: text() }, "cache-unusable", false),
        (Error::ClockWrong, "clock-wrong", false),
        (Error::Runtime { reason: text() }, "runtime-failed", false),
    ];
    let mut codes = HashSet::new();
    for (error, code, retryable) in cases {
        assert_eq!((error.code(), error.retryable()), (code, retryable), "{error}");
        assert!(error.fix().is_some() && error.as_provider().is_none(), "{error}");
        assert!(codes.insert(code), "{code} twice");
    }
}

#[test]
fn a_providers_error_speaks_for_itself() {
    let told = ProviderError {
        kind: ErrorKind::RateLimited,
        code: "too-many-requests".to_owned(),
        message: "Wait.".to_owned(),
        fix: Some("Ask less often.".to_owned()),
        retryable: true,
        retry_after_ms: Some(1000),
        request: None,
        http_status: Some(429),
        request_id: None,
        params: [("limit", "10")].into_iter().collect(),
    };
    assert_json(
        &told,
        r#"{"kind":"rate-limited","code":"too-many-requests","message":"Wait.","fix":"Ask less often.","retryable":true,"retry_after_ms":1000,"request":null,"http_status":429,"request_id":null,"params":{"limit":"10"}}"#,
    );
    let error = Error::Provider(Box::new(told.clone()));
    assert_eq!((error.code(), error.fix(), error.retryable()), ("too-many-requests", told.fix.as_deref(), true));
    assert_eq!(error.to_string(), "Wait.");
    assert_eq!(error.as_provider(), Some(&told));
}
