//! Names that others rely on: of the contract's cases in JSON, and of errors.

use std::collections::HashSet;
use std::io;
use std::time::Duration;

use provider_model::{
    ActivityKnowledge, CheckOutcome, ErrorKind, ListingState, ProviderError, Quantity, SeatUse, SettingKind, Severity,
    UserKind, UserStatus,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{
    Bound, ComponentBound, EgressError, Error, LimitHit, Origin, RegistryError, SandboxError, Stall, StoreError,
};

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
    let limit = |limit| Error::from(SandboxError::LimitHit { call: "check", limit });
    let answer = |bound| limit(LimitHit::Answer { bound, limit: 1 });
    let time = Duration::from_secs(1);
    let cases: Vec<(Error, &str, bool)> = vec![
        (SandboxError::NotAComponent { reason: text() }.into(), "not-a-component", false),
        (SandboxError::ComponentTooLarge { bytes: 2, limit: 1 }.into(), "component-too-large", false),
        (
            SandboxError::ComponentBound { bound: ComponentBound::Locals, found: 2, limit: 1 }.into(),
            "component-bound-locals",
            false,
        ),
        (SandboxError::CompileTimeout { limit: time }.into(), "component-compile-timeout", true),
        (SandboxError::CompileMemory { limit: 1 }.into(), "component-compile-memory", false),
        (SandboxError::CompilerFailed { reason: text().into() }.into(), "component-compiler-failed", false),
        (EgressError::NotAFile { path: "x".into() }.into(), "component-not-a-file", false),
        (SandboxError::DoesNotFit { reason: text() }.into(), "component-does-not-fit", false),
        (SandboxError::ImportRefused { import: text() }.into(), "import-refused", false),
        (SandboxError::ContractMismatch { expected: "x", reason: text() }.into(), "contract-mismatch", false),
        (SandboxError::SettingMissing { key: text(), label: text(), help: text() }.into(), "setting-missing", false),
        (SandboxError::DescriptionRefused { demand: text(), reason: text() }.into(), "description-refused", false),
        (SandboxError::SettingUnusable { key: text(), reason: text() }.into(), "setting-unusable", false),
        (SandboxError::SecretUnusable { key: text(), reason: text() }.into(), "secret-unusable", false),
        (SandboxError::SecretNotGranted { key: text() }.into(), "secret-not-granted", false),
        (
            EgressError::OriginDenied {
                origin: Origin::parse("https://a.example").unwrap(),
                line: text(),
                fix: text(),
            }
            .into(),
            "origin-denied",
            false,
        ),
        (EgressError::PolicyUnusable { line: text(), reason: "x" }.into(), "policy-unusable", false),
        (SandboxError::LimitUnusable { limit: "x" }.into(), "limit-unusable", false),
        (SandboxError::AnswerRefused { call: "check", reason: text() }.into(), "answer-refused", false),
        (SandboxError::Trap { call: "check", reason: text() }.into(), "provider-crashed", false),
        (limit(LimitHit::Memory(1)), "limit-memory", false),
        (limit(LimitHit::CallTime(time)), "limit-call-time", true),
        (limit(LimitHit::CpuTime(time)), "limit-cpu-time", false),
        (limit(LimitHit::ReturnedBytes(1)), "limit-returned-bytes", false),
        (answer(Bound::Notices), "limit-notices", false),
        (answer(Bound::NoticeBytes), "limit-notice-bytes", false),
        (answer(Bound::Attributes), "limit-attributes", false),
        (answer(Bound::RecordBytes), "limit-record-bytes", false),
        (answer(Bound::CursorBytes), "limit-cursor-bytes", false),
        (answer(Bound::Users), "limit-listing-users", false),
        (answer(Bound::Bytes), "limit-listing-bytes", false),
        (answer(Bound::Time), "limit-listing-time", false),
        (StoreError::ListingStalled { stall: Stall::NoAnswer(time) }.into(), "listing-stalled", false),
        (StoreError::WaitTooLong { left: time, limit: time }.into(), "rate-limited", true),
        (EgressError::ProxyUnusable { reason: text() }.into(), "proxy-unusable", false),
        (EgressError::ClientIdentityUnusable { reason: text() }.into(), "client-identity-unusable", false),
        (EgressError::HeaderUnusable { name: text(), reason: "x" }.into(), "header-unusable", false),
        (EgressError::CaFile { path: "x".into(), reason: text().into() }.into(), "ca-file-unusable", false),
        (SandboxError::Unanswered { reason: text().into() }.into(), "request-unanswered", true),
        (EgressError::Io { path: "x".into(), source: io::Error::other("x") }.into(), "file-unreadable", false),
        (SandboxError::CacheUnusable { folder: "x".into(), reason: text().into() }.into(), "cache-unusable", false),
        (EgressError::ClockWrong.into(), "clock-wrong", false),
        (SandboxError::Runtime { reason: text().into() }.into(), "runtime-failed", false),
    ];
    let mut codes = HashSet::new();
    for (error, code, retryable) in cases {
        assert_eq!((error.code(), error.is_retryable()), (code, retryable), "{error}");
        assert!(error.fix().is_some() && error.as_provider().is_none(), "{error}");
        assert!(codes.insert(code), "{code} twice");
    }
}

#[test]
fn a_providers_error_speaks_for_itself() {
    let provider_error = ProviderError {
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
        &provider_error,
        r#"{"kind":"rate-limited","code":"too-many-requests","message":"Wait.","fix":"Ask less often.","retryable":true,"retry_after_ms":1000,"request":null,"http_status":429,"request_id":null,"params":{"limit":"10"}}"#,
    );
    let error = Error::from(SandboxError::Provider(Box::new(provider_error.clone())));
    assert_eq!(
        (error.code(), error.fix(), error.is_retryable()),
        ("too-many-requests", provider_error.fix.as_deref(), true)
    );
    assert_eq!(error.to_string(), "Wait.");
    assert_eq!(error.as_provider(), Some(&provider_error));
}

#[test]
fn an_error_of_any_part_stays_what_it_is_on_the_way_up() {
    let below = || EgressError::Io { path: "x".into(), source: io::Error::from(io::ErrorKind::NotFound) };
    let ways: [Error; 4] = [
        below().into(),
        SandboxError::from(below()).into(),
        StoreError::from(SandboxError::from(below())).into(),
        RegistryError::from(StoreError::from(SandboxError::from(below()))).into(),
    ];
    for error in ways {
        assert!(matches!(error, Error::Egress(EgressError::Io { .. })), "{error:?}");
        assert_eq!((error.code(), error.fix(), error.is_retryable()), ("file-unreadable", below().fix(), false));
        let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<io::Error>());
        assert_eq!(cause.map(io::Error::kind), Some(io::ErrorKind::NotFound), "the cause is kept: {error:?}");
    }
    let refused = StoreError::CheckpointUnusable { store: "x".into(), reason: io::Error::other("full").into() };
    let error = Error::from(RegistryError::from(refused));
    let cause = std::error::Error::source(&error).and_then(|cause| cause.downcast_ref::<io::Error>());
    assert!(matches!(error, Error::Store(_)) && cause.is_some(), "{error:?}");
}
