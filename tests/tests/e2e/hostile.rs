//! Components that misbehave on purpose: each is refused, and nothing else is affected.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use end_to_end::components::{Host, bytes};
use end_to_end::recorder::{Arrival, Recorder};
use end_to_end::{Listed, list, settings, simulator, simulator_apart};
use mattermost_simulator::{Config, Exchange, Simulator};
use provider_host::checkpoint::{Checkpoints, Kept, MemoryCheckpoints};
use provider_host::model::ProviderError;
use provider_host::{
    End, Error, FullSyncReason, Limits, ListingOptions, Listings as _, Objection, Pool, Provenance, Provider,
    RegistryError, Sandbox, SandboxError, Session, Settings, SwitchOptions, SyncOptions, seal,
};
use tokio::task::JoinSet;

/// The real token of the servers that record: no part of it is a word that a request has anyway.
const SECRET: &str = "qk7zx4wv9ybj3h8tmpn6rdc5sf";

/// That of a second server.
const SECOND_SECRET: &str = "swordfish-of-the-second";

/// Limits that a misbehaving component reaches soon and a working provider never does.
fn low() -> Limits {
    let mut limits = Limits::default();
    limits.cpu_time = Duration::from_secs(1);
    // Where others use the machine, a second of computing takes many.
    limits.call_time = Duration::from_secs(300);
    limits
}

/// The same for a component that waits instead.
fn impatient() -> Limits {
    let mut limits = low();
    limits.call_time = Duration::from_secs(1);
    limits
}

async fn lists(host: &Host, server: &Simulator) -> Listed {
    let session = host.session("mattermost", settings(&server.url(), &server.tokens().admin)).await;
    list(session, ListingOptions { limit: 2_000, cursor: None }, 0).await.unwrap()
}

#[tokio::test]
async fn components_with_other_imports_or_another_contract_are_refused_when_loaded() {
    let server = simulator(Config::default()).await;
    let host = Host::new(Limits::default());
    for (name, code, words) in [
        ("files", "import-refused", "wasi:filesystem/"),
        ("older", "contract-mismatch", "license-management:provider/provider@0.2.0"),
        ("newer", "contract-mismatch", "license-management:provider/provider@0.2.0"),
    ] {
        let error = host.load(name).expect_err(name);
        assert_eq!(error.code(), code, "{name}: {error}");
        assert!(error.to_string().contains(words), "{name}: {error}");
        assert_eq!(lists(&host, &server).await.end, End::Complete, "after {name}");
    }
}

/// Components that go wrong in a call, each with the code of the error.
const MISBEHAVIOURS: [(&str, &str); 6] = [
    ("loop", "limit-cpu-time"),
    ("sleep", "limit-call-time"),
    ("allocate", "limit-memory"),
    ("gigabyte", "limit-returned-bytes"),
    ("recurse", "provider-crashed"),
    ("trap", "provider-crashed"),
];

#[tokio::test]
async fn each_misbehaviour_ends_its_own_call_and_nothing_else() {
    let server = simulator(Config::default()).await;
    let (others, of_sleep) = (Host::new(low()), Host::new(impatient()));
    for (name, code) in MISBEHAVIOURS {
        let host = if name == "sleep" { &of_sleep } else { &others };
        let provider = host.load(name).unwrap();
        let mut session = host.connect(&provider, settings(&server.url(), "t")).await.unwrap();
        let error = session.list_page(None, 0).await.map(drop).expect_err(name);
        assert_eq!(error.code(), code, "{name}: {error}");
        assert!(error.fix().is_some_and(|fix| !fix.is_empty()), "{name}");
        let again = session.check().await.map(drop).expect_err(name);
        assert_eq!(again.code(), code, "{name} again, in a fresh instance: {again}");
        assert_eq!(provider.describe().await.expect(name).id, "mattermost");
        assert_eq!(lists(&others, &server).await.end, End::Complete, "after {name}");
    }
    assert!(server.log().iter().all(|exchange| exchange.authorized && exchange.status == 200));
}

/// What the component `flood` does step by step, each with the code that ends its listing.
const FLOODS: [(&str, &str); 14] = [
    ("notices", "limit-notices"),
    ("notices of new codes", "limit-notices"),
    ("a huge notice", "limit-notice-bytes"),
    ("notices that add up", "limit-notice-bytes"),
    ("a notice of many values", "limit-attributes"),
    ("attributes", "limit-attributes"),
    ("a user of many attributes", "limit-attributes"),
    ("a huge user", "limit-record-bytes"),
    ("a huge cursor", "limit-cursor-bytes"),
    ("a huge watermark", "limit-cursor-bytes"),
    ("the same page", "listing-stalled"),
    ("empty pages", "listing-stalled"),
    ("a huge wait", "rate-limited"),
    ("waits", "listing-stalled"),
];

#[tokio::test]
async fn a_listing_that_floods_its_host_ends_with_the_name_of_the_limit() {
    let mut limits = low();
    limits.listing.idle_steps = 30;
    let host = Host::new(limits);
    let provider = host.load("flood").unwrap();
    for (kind, code) in FLOODS {
        let mut settings = settings("http://127.0.0.1:9", "t");
        settings.set("elsewhere", kind);
        let mut listing = host.connect(&provider, settings).await.unwrap().listing(ListingOptions::default());
        let mut steps = 0;
        let error = loop {
            match listing.next().await.unwrap() {
                Ok(_) => steps += 1,
                Err(error) => break error,
            }
            assert!(steps < 1_000, "{kind}");
        };
        assert_eq!(error.code(), code, "{kind}: {error}");
        assert!(error.fix().is_some_and(|fix| !fix.is_empty()), "{kind}");
        if code == "rate-limited" {
            assert!(error.retry_after().is_some_and(|left| left > Duration::from_secs(4_000_000)), "{error:?}");
        }
    }
}

#[tokio::test]
async fn a_waiting_listing_does_not_block_others() {
    let mut limits = low();
    limits.instances = 1;
    let host = Host::new(limits);
    // Too long to be waited for, and one that is waited for.
    for kind in ["a huge wait", "waits"] {
        let mut settings = settings("http://127.0.0.1:9", "t");
        settings.set("elsewhere", kind);
        let registry = host.registry();
        let version = registry.load(bytes("flood")).await.unwrap();
        registry.switch(&version, &SwitchOptions::default()).await.unwrap();
        let tenant = registry.tenant("acme", "mattermost", host.access(settings)).unwrap();
        let mut listing = tenant.listing(ListingOptions::default());
        listing.next().await.unwrap().unwrap();
        // One instance is all that the tenant has.
        assert_eq!(tenant.licenses().await.map(drop).unwrap_err().code(), "observed", "{kind}");
        if kind == "waits" {
            listing.next().await.unwrap().unwrap();
        }
    }
}

#[tokio::test]
async fn all_bytes_that_a_guest_passes_in_a_call_count_together() {
    for (mebibytes, code) in [(13, "limit-returned-bytes"), (15, "observed")] {
        let mut limits = low();
        limits.returned_bytes = mebibytes << 20;
        let host = Host::new(limits);
        let mut session = host.session("hoard", settings("http://127.0.0.1:9", "t")).await;
        for call in 1..=2 {
            let error = session.check().await.map(drop).unwrap_err();
            assert_eq!(error.code(), code, "{mebibytes} MiB, call {call}: {error}");
        }
    }
}

#[tokio::test]
async fn malformed_answers_end_their_call_and_nothing_else() {
    let host = Host::new(Limits::default());
    let mut session = host.session("garbage", Settings::new()).await;
    for (call, error) in [
        ("an address out of memory", session.check().await.map(drop)),
        ("an unknown case", session.licenses().await.map(drop)),
        ("a text that is not UTF-8", session.list_page(None, 0).await.map(drop)),
    ] {
        assert_eq!(error.expect_err(call).code(), "provider-crashed", "{call}");
    }
    let server = simulator(Config::default()).await;
    assert_eq!(lists(&host, &server).await.end, End::Complete);
}

#[tokio::test]
async fn a_version_that_fails_its_first_calls_is_reported_each_time() {
    let server = simulator(Config::default()).await;
    let host = Host::new(Limits::default());
    let mut session = host.session("flaky", settings(&server.url(), &server.tokens().admin)).await;
    for _ in 0..2 {
        assert_eq!(session.check().await.map(drop).unwrap_err().code(), "provider-crashed");
        assert_eq!(session.list_page(None, 0).await.map(drop).unwrap_err().code(), "provider-crashed");
    }
    assert!(!session.licenses().await.unwrap().is_empty());
    let listed = list(session, ListingOptions::default(), 0).await.unwrap();
    assert_eq!(listed.users.len(), 1_000, "once an instance is warm it works");
}

#[tokio::test]
async fn an_impostor_gets_no_additional_grants() {
    let server = simulator(Config::default()).await;
    let host = Host::new(Limits::default());
    let (real, impostor) = (host.load("mattermost").unwrap(), host.load("impostor").unwrap());
    let (real, claimed) = (real.describe().await.unwrap(), impostor.describe().await.unwrap());
    assert_eq!((&claimed.id, &claimed.name), (&real.id, &real.name));
    assert_ne!(claimed.version, real.version);
    let refused = host.connect(&impostor, settings(&server.url(), &server.tokens().admin)).await;
    assert_eq!(refused.map(drop).unwrap_err().code(), "secret-not-granted");

    let sealed = seal(&bytes("impostor"), &real, &Provenance::default()).unwrap();
    let forged = host.load_bytes(&sealed).unwrap().describe().await.unwrap_err();
    assert_eq!(forged.code(), "description-differs", "{forged}");
    assert_eq!(server.requests(), 0);
}

#[tokio::test]
async fn an_impostor_is_not_switched_to() {
    let server = simulator(Config::default()).await;
    let host = Host::new(Limits::default());
    let registry = host.registry();
    let real = registry.load(bytes("mattermost")).await.unwrap();
    registry.switch(&real, &SwitchOptions::default()).await.unwrap();
    let access = host.access(settings(&server.url(), &server.tokens().admin));
    let tenant = registry.tenant("acme", "mattermost", access).unwrap();

    let impostor = registry.load(bytes("impostor")).await.unwrap();
    let refused = registry.switch(&impostor, &SwitchOptions::default()).await.map(drop).unwrap_err();
    assert_eq!(refused.code(), "preflight-failed");
    let RegistryError::PreflightFailed { objections, .. } = refused else { unreachable!("by its code") };
    let is_for_the_token = |objection: &Objection| matches!(objection, Objection::SettingChanged { key, to: "secret-value", .. } if key == "access_token");
    assert!(objections.iter().any(is_for_the_token), "{objections:?}");
    let is_for_the_request = |objection: &Objection| matches!(objection, Objection::GrantWidened { request, .. } if request == "DELETE {server_url}/api/v4/users/{}");
    assert!(objections.iter().any(is_for_the_request), "{objections:?}");
    assert!(
        objections.iter().any(|objection| matches!(objection, Objection::LicenseTypeGone { .. })),
        "{objections:?}"
    );

    assert_eq!(registry.active("mattermost"), Some(real.name()));
    tenant.licenses().await.unwrap();
}

/// A session of the component that gets one thing wrong.
async fn lying(host: &Host, liar: &Provider, lie: &str) -> Session {
    let mut settings = Settings::new();
    settings.set("lie", lie);
    host.connect(liar, settings).await.unwrap()
}

/// What a step may get wrong, in a listing as in finding out what changed, each with what the refusal says.
const LIES: [(&str, &str); 18] = [
    ("empty-id", "the id of a user is empty"),
    ("long-id", "the id of a user has 10000 bytes"),
    ("id-with-control", "control character"),
    ("unknown-role", "the role of a user is not one that the provider describes"),
    ("unknown-license", "the license-type of a user's licence is not one"),
    ("license-without-seat", "uses no seat"),
    ("no-time", "the created-at of a user is not a time"),
    ("time-of-no-calendar", "the created-at of a user is not a time"),
    ("time-with-offset", "the created-at of a user is not a time"),
    ("deactivated-and-active", "not deactivated"),
    ("activity-known-without-time", "contradict"),
    ("attribute-without-key", "an attribute of a user has no name"),
    ("notice-without-code", "the code of a notice is not in kebab-case"),
    ("long-notice", "the message of a notice has 100000 bytes"),
    ("empty-watermark", "the watermark is empty"),
    ("watermark-of-2999", "in the future"),
    ("incomplete-without-reason", "the reason of an incomplete listing is empty"),
    ("hidden-without-name", "the name of a hidden field is empty"),
];

#[tokio::test]
async fn a_user_whom_the_provider_names_as_gone_is_reported_once_and_leaves_the_store() {
    let host = Host::new(Limits::default());
    let liar = host.load("liar").unwrap();
    let store: Arc<dyn Checkpoints> = Arc::new(MemoryCheckpoints::new());
    let session = || lying(&host, &liar, "changes gone");
    let mut listing = session().await.resume(ListingOptions::default(), Arc::clone(&store), "acme").await.unwrap();
    while let Some(batch) = listing.next().await {
        batch.unwrap();
    }
    drop(listing);
    let mut sync = session().await.sync(SyncOptions::default(), store, "acme").await.unwrap();
    let (mut gone, mut end) = (Vec::new(), None);
    while let Some(step) = sync.next().await {
        let step = step.unwrap();
        gone.extend(step.gone.into_iter().map(|user| user.id));
        end = step.end;
    }
    assert_eq!((gone, end, sync.progress().gone), (vec!["bert".to_owned()], Some(End::Complete), 1));
    assert!(sync.full_sync_reason().is_none(), "{:?}", sync.full_sync_reason());
    let kept = sync.kept(Kept::Latest, None, 10).await.unwrap();
    assert_eq!(kept.iter().map(|user| user.id.as_str()).collect::<Vec<_>>(), ["anna"]);
}

#[tokio::test]
async fn an_answer_that_breaks_a_rule_is_refused_and_nothing_of_it_is_kept() {
    let host = Host::new(Limits::default());
    let liar = host.load("liar").unwrap();
    for (lie, words) in LIES {
        let error = lying(&host, &liar, lie).await.list_page(None, 0).await.map(drop).expect_err(lie);
        assert_eq!(error.code(), "answer-refused", "{lie}: {error}");
        assert!(error.to_string().contains(words), "{lie}: {error}");
        assert!(error.to_string().len() < 300 && !error.to_string().contains("captain"), "{lie}: {error}");
    }
    let of_changes = [
        ("watermark-of-2020", "before the one of the request"),
        ("somebody-elses", "neither new nor among those that were passed in"),
        ("gone-twice", "reports one twice"),
        ("gone-and-changed", "a user as gone who is among its users"),
    ];
    for (lie, words) in LIES.into_iter().chain(of_changes) {
        let store: Arc<dyn Checkpoints> = Arc::new(MemoryCheckpoints::new());
        // A listing that is well, by the same settings: what changed is asked of nobody else.
        let of_changes = format!("changes {lie}");
        let session = || lying(&host, &liar, &of_changes);
        let mut listing = session().await.resume(ListingOptions::default(), Arc::clone(&store), "acme").await.unwrap();
        while let Some(batch) = listing.next().await {
            batch.unwrap();
        }
        let before = listing.kept(Kept::Latest, None, 10).await.unwrap();
        assert_eq!(before.len(), 2, "{lie}");
        drop(listing);

        let mut sync = session().await.sync(SyncOptions::default(), store, "acme").await.unwrap();
        let mut refused = None;
        while let Some(step) = sync.next().await {
            if let Err(error) = step {
                refused = Some(error);
                break;
            }
        }
        let error = refused.expect(lie);
        assert_eq!(error.code(), "answer-refused", "{lie}: {error}");
        assert!(error.to_string().contains("`list-changes`") && error.to_string().contains(words), "{lie}: {error}");
        assert_eq!(sync.kept(Kept::Latest, None, 10).await.unwrap(), before, "{lie}");
    }
    for (lie, words) in [
        ("unknown-license", "the license-type of a licence is not one"),
        ("no-time", "the expires-at of a licence is not a time"),
        ("notice-without-code", "the code of a notice is not in kebab-case"),
    ] {
        let error = lying(&host, &liar, lie).await.licenses().await.map(drop).expect_err(lie);
        assert!(error.code() == "answer-refused" && error.to_string().contains(words), "{lie}: {error}");
    }
    for (lie, words) in [
        ("step-without-id", "the id of a check step is not in kebab-case"),
        ("step-without-code", "the code of a check step is not in kebab-case"),
        ("long-summary", "the summary of a check step has 100000 bytes"),
        ("error-without-code", "the code of an error is empty"),
    ] {
        let error = lying(&host, &liar, lie).await.check().await.map(drop).expect_err(lie);
        assert!(error.code() == "answer-refused" && error.to_string().contains(words), "{lie}: {error}");
    }
    let mut well = lying(&host, &liar, "").await;
    assert_eq!(well.list_page(None, 0).await.unwrap().users.len(), 2);
    assert_eq!((well.licenses().await.unwrap().len(), well.check().await.unwrap().steps.len()), (1, 1));
}

#[tokio::test]
async fn inconsistent_numbers_prove_nothing() {
    let host = Host::new(Limits::default());
    let liar = host.load("liar").unwrap();
    let store: Arc<dyn Checkpoints> = Arc::new(MemoryCheckpoints::new());
    for expect in ["nothing-kept", "changes-not-told"] {
        let session = lying(&host, &liar, "changes expects-seven").await;
        let mut sync = session.sync(SyncOptions::default(), Arc::clone(&store), "acme").await.unwrap();
        while let Some(step) = sync.next().await {
            step.unwrap();
        }
        assert_eq!(sync.full_sync_reason().map(FullSyncReason::code), Some(expect));
        let kept = sync.kept(Kept::Latest, None, 10).await.unwrap();
        assert!(kept.iter().all(|user| user.position.is_none()), "an unchanged user is reported as changed: {kept:?}");
    }
}

#[tokio::test]
async fn a_description_must_not_change_after_it_was_granted() {
    let (granted, elsewhere) = (Recorder::start().await, Recorder::start().await);
    let host = Host::new(Limits::default());
    let fickle = host.load("fickle").unwrap();
    let described = fickle.describe().await.unwrap();
    let mut settings = settings(&granted.url(), SECRET);
    settings.set("elsewhere", elsewhere.url());
    let mut session = fickle.connect_described(&described, host.access(settings.clone())).unwrap();
    let key = session.listing_key("acme");
    assert_eq!(key.product, described.id);
    session.check().await.map(drop).unwrap();
    assert_eq!(session.listing_key("acme"), key, "a call with an open network changes nothing");
    for refused in
        [fickle.describe().await.map(drop).map_err(Error::from), host.connect(&fickle, settings).await.map(drop)]
    {
        let error = refused.unwrap_err();
        assert_eq!(error.code(), "answer-refused");
        assert!(error.to_string().contains("another than it was before"), "{error}");
    }
    let other = host.load("fickle").unwrap().describe().await.unwrap();
    assert_ne!(other.id, described.id, "another time it is another");
    let sealed = seal(&bytes("fickle"), &described, &Provenance::default()).unwrap();
    assert_eq!(host.load_bytes(&sealed).unwrap().describe().await.unwrap_err().code(), "description-differs");
}

#[tokio::test]
async fn a_version_that_takes_a_plain_setting_for_an_address_is_not_switched_to() {
    let (granted, elsewhere) = (Recorder::start().await, Recorder::start().await);
    let host = Host::new(Limits::default());
    let registry = host.registry();
    let real = registry.load(bytes("mattermost")).await.unwrap();
    registry.switch(&real, &SwitchOptions::default()).await.unwrap();
    let mut settings = settings(&granted.url(), SECRET);
    settings.set("elsewhere", elsewhere.url());
    let tenant = registry.tenant("acme", "mattermost", host.access(settings)).unwrap();
    let widened = registry.load(bytes("widened")).await.unwrap();
    let refused = registry.switch(&widened, &SwitchOptions::default()).await.map(drop).unwrap_err();
    let RegistryError::PreflightFailed { objections, .. } = refused else { unreachable!("by its code") };
    let is_for_the_address = |objection: &Objection| matches!(objection, Objection::SettingTaken { tenant, key, to: "url", .. } if (tenant.as_str(), key.as_str()) == ("acme", "elsewhere"));
    assert!(objections.iter().any(is_for_the_address) && objections.len() == 1, "{objections:?}");
    assert_eq!(registry.active("mattermost"), Some(real.name()));
    drop(tenant);
    assert!(elsewhere.connections().is_empty());
}

#[tokio::test]
async fn limits_that_leave_no_room_are_refused_at_once() {
    let mut none = Limits::default();
    none.instances = 0;
    let host = Host::new(none);
    let provider = host.load("mattermost").unwrap();
    let refused = host.connect(&provider, settings("http://127.0.0.1:9", "t")).await.map(drop).unwrap_err();
    assert_eq!(refused.code(), "limit-unusable", "{refused}");
    let registry = host.registry();
    let candidate = registry.load(bytes("mattermost")).await.unwrap();
    registry.switch(&candidate, &SwitchOptions::default()).await.unwrap();
    let refused = registry.tenant("acme", "mattermost", host.access(settings("http://127.0.0.1:9", "t")));
    assert_eq!(refused.map(drop).unwrap_err().code(), "limit-unusable");
    let mut pool = Pool::default();
    pool.instances = 0;
    assert_eq!(Sandbox::new(pool).map(drop).unwrap_err().code(), "limit-unusable");
}

/// Runs a component of `tests/components` against a granted server and one that is not granted, and returns the error
/// in which it reports what happened.
async fn loose(host: &Host, name: &str, granted: &Recorder, elsewhere: &Recorder) -> ProviderError {
    let mut settings = settings(&granted.url(), SECRET);
    settings.set("elsewhere", elsewhere.url());
    error_of(host.session(name, settings).await).await
}

/// The error of a component that answers every call with one.
async fn error_of(mut session: Session) -> ProviderError {
    let error = match session.check().await.map(drop).unwrap_err() {
        SandboxError::Provider(error) => Ok(*error),
        other => Err(other),
    };
    error.unwrap()
}

#[tokio::test]
async fn only_granted_requests_leave_the_host() {
    let (granted, elsewhere) = (Recorder::start().await, Recorder::start().await);
    let host = Host::new(Limits::default());
    let error = loose(&host, "foreign", &granted, &elsewhere).await;
    let outcomes: Vec<_> = error.params.iter().collect();
    assert!(outcomes.len() > 20, "{outcomes:?}");
    let me = format!("GET {}/api/v4/users/me", granted.url());
    for (request, outcome) in outcomes {
        if request == me {
            assert_eq!(outcome, "200", "what is granted is sent");
        } else {
            assert!(outcome.parse::<u16>().is_err(), "{request}: {outcome}");
        }
    }
    let arrived: BTreeSet<_> = granted.arrivals().into_iter().map(|arrival| arrival.line).collect();
    let may = ["GET /api/v4/users/me", "POST /api/v4/users/status/ids"].map(str::to_owned);
    assert!(arrived.iter().all(|line| may.contains(line)) && arrived.contains(&may[0]), "{arrived:?}");
    assert!(elsewhere.connections().is_empty(), "{:?}", elsewhere.arrivals());
}

/// Whether a text holds eight characters of the secret in a row.
fn holds_secret(text: &str) -> bool {
    SECRET.as_bytes().windows(8).any(|part| text.as_bytes().windows(8).any(|window| window == part))
}

#[tokio::test]
async fn a_secret_goes_into_its_header_of_requests_to_its_server_and_nowhere_else() {
    let (granted, second, elsewhere) = (Recorder::start().await, Recorder::start().await, Recorder::start().await);
    let host = Host::new(Limits::default());
    let mut both = settings(&granted.url(), SECRET);
    both.set("elsewhere", elsewhere.url()).set("second_url", second.url());
    both.set_secret("second_token", SECOND_SECRET.into());
    let error = error_of(host.session("leak", both).await).await;

    assert!(error.message.contains("placeholder"), "it reports what it received: {}", error.message);
    assert!(!holds_secret(&format!("{error:?}")), "{error:?}");
    assert!(elsewhere.connections().is_empty(), "{:?}", elsewhere.arrivals());
    for what in [
        "another server",
        "another server's query",
        "another server's body",
        "another header of credentials",
        "a request of the first to the second",
        "a request of the second to the first",
    ] {
        assert_eq!(error.params.get(what), Some("ErrorCode::HttpRequestDenied"), "{what}");
    }

    let arrivals = granted.arrivals();
    let bearer = ("authorization".to_owned(), format!("Bearer {SECRET}"));
    assert!(arrivals.iter().any(|Arrival { headers, .. }| headers.contains(&bearer)), "{arrivals:?}");
    for Arrival { line, headers, body } in &arrivals {
        assert!(line.starts_with("GET /api/v4/") || line.starts_with("POST /api/v4/users/status/ids"), "{line}");
        assert!(!holds_secret(line) && !holds_secret(body), "{line} {body}");
        for (name, value) in headers {
            assert!(!holds_secret(name), "{name}");
            assert!(name == "authorization" || !holds_secret(value), "{name}: {value}");
            assert!(!value.contains(SECOND_SECRET), "{name}: {value}");
        }
    }
    let arrivals = second.arrivals();
    let key = ("x-api-key".to_owned(), SECOND_SECRET.to_owned());
    assert!(arrivals.iter().any(|Arrival { headers, .. }| headers.contains(&key)), "{arrivals:?}");
    assert_eq!(arrivals.len(), 4, "what else is sent to it has placeholders: {arrivals:?}");
    for Arrival { line, headers, .. } in &arrivals {
        assert_eq!(line, "GET /second");
        let has_second = |name: &str, value: &str| name != "x-api-key" && value.contains(SECOND_SECRET);
        assert!(!headers.iter().any(|(name, value)| holds_secret(value) || has_second(name, value)), "{headers:?}");
    }
    // The whole of it once more, whatever the server made of it.
    let elsewhere_than_credentials: Vec<_> = granted
        .connections()
        .iter()
        .flat_map(|bytes| String::from_utf8_lossy(bytes).lines().map(str::to_owned).collect::<Vec<_>>())
        .filter(|line| !line.starts_with("authorization: "))
        .collect();
    assert!(!elsewhere_than_credentials.iter().any(|line| holds_secret(line)), "{elsewhere_than_credentials:?}");
}

#[tokio::test]
async fn headers_and_queries_that_are_not_described_or_ask_for_another_request_do_not_leave_the_host() {
    let (granted, elsewhere) = (Recorder::start().await, Recorder::start().await);
    let host = Host::new(Limits::default());
    let error = loose(&host, "headers", &granted, &elsewhere).await;
    assert!(error.params.len() > 25, "{error:?}");
    for (name, outcome) in error.params.iter() {
        assert_eq!(outcome == "200", name == "ordinary", "{name}: {outcome}");
    }
    let may = ["accept", "authorization", "host", "user-agent", "transfer-encoding", "content-length"];
    for Arrival { line, headers, .. } in granted.arrivals().into_iter().filter(|arrival| !arrival.headers.is_empty()) {
        assert!(headers.iter().all(|(name, _)| may.contains(&name.as_str())), "{line}: {headers:?}");
    }
    let sent = granted.connections().concat();
    assert!(!String::from_utf8_lossy(&sent).to_ascii_lowercase().contains("x-http-method"), "nor behind a body");
}

#[tokio::test]
async fn bodies_without_end_are_stopped_at_their_limits() {
    let (granted, elsewhere) = (Recorder::start().await, Recorder::start().await);
    let mut limits = Limits::default();
    limits.request_body_bytes = 200_000;
    limits.sent_bytes = 2_000_000;
    let error = loose(&Host::new(limits), "bodies", &granted, &elsewhere).await;
    let of = |what: &str| error.params.get(what).unwrap_or_default();
    assert_eq!(of("grows"), "ErrorCode::HttpRequestBodySize(Some(200000))", "{error:?}");
    assert_eq!(of("says its size"), "ErrorCode::HttpRequestBodySize(Some(200000))", "{error:?}");
    assert_eq!(of("many"), "ErrorCode::HttpRequestDenied", "{error:?}");
    let sent: usize = granted.connections().iter().map(Vec::len).sum();
    assert!(sent < 2_100_000, "{sent} bytes came to the server");
}

/// The requests of a listing, sorted, without those for the activity of accounts: these are sent as pages come in, by so many
/// requests as their order makes.
fn asked(log: &[Exchange]) -> Vec<(&str, &str)> {
    let is_activity = |exchange: &&Exchange| exchange.path.ends_with("/status/ids");
    let mut asked: Vec<_> = log
        .iter()
        .filter(|exchange| !is_activity(exchange))
        .map(|exchange| (exchange.method.as_str(), exchange.path.as_str()))
        .collect();
    let activity = log.iter().filter(is_activity).count();
    assert!((10..=30).contains(&activity), "{activity} requests for the activity of 20,000, in steps of 2,000");
    asked.sort_unstable();
    asked
}

/// Calls a component again and again until the task is aborted, and counts the calls that ended as they must.
async fn misbehave(host: Arc<Host>, name: &'static str, code: &'static str, url: String, calls: Arc<AtomicU64>) {
    let provider = host.load(name).unwrap();
    loop {
        let mut session = host.connect(&provider, settings(&url, "t")).await.unwrap();
        let error = session.check().await.map(drop).unwrap_err();
        assert_eq!(error.code(), code, "{name}: {error}");
        calls.fetch_add(1, Ordering::Relaxed);
        // A call that ends at once waits for nothing, and a task that never waits keeps its thread.
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "how much slower it is depends on the machine, and is for a person to read")]
async fn a_provider_lists_all_beside_others_that_misbehave() {
    let users = 20_000;
    let server = simulator_apart(Config { users, latency: Duration::from_millis(5), ..Config::default() }).await;
    let mut limits = low();
    limits.cpu_time = Duration::from_secs(5);
    limits.call_time = Duration::from_secs(1_200);
    let host = Arc::new(Host::new(limits));

    let began = Instant::now();
    let alone = lists(&host, server).await;
    let (time_alone, log_alone) = (began.elapsed(), server.log());

    let mut others = JoinSet::new();
    let calls = Arc::new(AtomicU64::new(0));
    // Nobody listens there: what misbehaves is to take nothing from the server.
    let nowhere = "http://127.0.0.1:9";
    for (name, code) in MISBEHAVIOURS.into_iter().chain([("foreign", "observed")]) {
        others.spawn(misbehave(Arc::clone(&host), name, code, nowhere.to_owned(), Arc::clone(&calls)));
    }
    while calls.load(Ordering::Relaxed) < 20 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (calls_before, began) = (calls.load(Ordering::Relaxed), Instant::now());
    let beside = lists(&host, server).await;
    let time_beside = began.elapsed();
    let calls_beside = calls.load(Ordering::Relaxed) - calls_before;
    // None has ended: each would go on for ever unless an assertion of its own failed.
    assert!(others.try_join_next().is_none(), "one of the others did not fail as expected");
    others.abort_all();

    assert_eq!((alone.end, beside.end), (End::Complete, End::Complete));
    assert_eq!((alone.users.len(), beside.users.len()), (20_000, 20_000));
    assert!(alone.users == beside.users, "the same records");
    let log = server.log();
    assert_eq!(asked(&log[log_alone.len()..]), asked(&log_alone), "the same requests, and none twice");
    assert!(calls_beside > 0);
    println!(
        "alone {time_alone:?}, beside seven that misbehave ({calls_beside} calls of theirs) {time_beside:?}: {:.1} times as long",
        time_beside.as_secs_f64() / time_alone.as_secs_f64()
    );
}
