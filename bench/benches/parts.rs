//! The parts that a listing is made of, natively, and the way into the sandbox and back.
//!
//! A page is one of a simulated server's, as it sends it: 200 accounts, plain or compressed. It is fetched once.
#![expect(clippy::expect_used, clippy::panic, reason = "a bench that has nothing to measure ends")]

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use hyper::body::Bytes;
use mattermost_provider::contract;
use mattermost_provider::mattermost::activity::{Activity, InactiveAfter};
use mattermost_provider::mattermost::edition::Edition;
use mattermost_provider::mattermost::listing::Cursor;
use mattermost_provider::mattermost::record::{AccountFacts, Draft, Rules};
use mattermost_provider::mattermost::seat::SeatRule;
use mattermost_provider::mattermost::settings::{Include, Settings as Parsed};
use mattermost_provider::mattermost::wire;
use mattermost_simulator::{Config, Simulator};
use provider_host::model::ListingState;
use provider_host::{Access, Egress, EgressOptions, Outlet, Pool, Provider, Sandbox, Settings};
use provider_sdk::gzip::decoded;
use provider_sdk::http::Response;
use tokio::runtime::Runtime;

const COMPONENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../dist/mattermost-provider.wasm");

/// Accounts on a page.
const USERS: usize = 200;

/// What the parts work on.
struct Inputs {
    runtime: Runtime,
    provider: Provider,
    plain: Vec<u8>,
    compressed: Response,
    cursor: String,
    fingerprint: u64,
}

impl Inputs {
    fn fetch() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
        let provider = Sandbox::new(Pool::default()).expect("a sandbox");
        let provider = provider.load_file(COMPONENT.as_ref()).expect("the built component: make component");
        let fetching = async {
            let simulator = Simulator::start(Config::default()).await.expect("a simulated server");
            let description = provider.describe().await.expect("a description");
            let mut settings = Settings::new();
            settings.set("server_url", simulator.url());
            settings.set_secret("access_token", simulator.tokens().admin.clone().into());
            let access = Access::new(settings, Egress::new(EgressOptions::default()).expect("a client"));
            let outlet = Outlet::open(&description, access.clone()).expect("a way out");
            let page = async |encoding| {
                let request = http::Request::get(format!("{}/api/v4/users?page=0&per_page={USERS}", simulator.url()))
                    .header("authorization", format!("Bearer {}", simulator.tokens().admin))
                    .header("accept-encoding", encoding);
                let request = request.body(Bytes::new()).expect("a request");
                outlet.send(request).await.expect("a page").into_body().to_vec()
            };
            let headers = vec![("content-encoding", "gzip".to_owned())];
            let compressed = Response { status: 200, headers, body: page("gzip").await, took_ms: 0, redirect: None };
            let plain = page("identity").await;
            let mut session = provider.connect_described(&description, access).expect("a session");
            let state = session.list_page(None, 200).await.expect("a step").state;
            let ListingState::More(cursor) = state else { panic!("a thousand accounts are no single step: {state:?}") };
            let setting =
                |(key, value): (&str, &str)| contract::Setting { key: key.to_owned(), value: value.to_owned() };
            let settings: Vec<_> = outlet.settings().map(setting).collect();
            let fingerprint = Parsed::parse(&settings).expect("settings").fingerprint();
            (plain, compressed, cursor, fingerprint)
        };
        let (plain, compressed, cursor, fingerprint) = runtime.block_on(fetching);
        Self { runtime, provider, plain, compressed, cursor, fingerprint }
    }
}

fn rules() -> Rules {
    Rules {
        edition: Edition::Enterprise,
        seats: SeatRule::of(None, Edition::Enterprise),
        inactive_after: InactiveAfter::DEFAULT,
        include: Include::ALL,
        bots: true,
        now_ms: 1_795_533_929_000,
    }
}

/// Makes the records of a page.
fn records(rows: &[wire::User<'_>], rules: &Rules) -> Vec<contract::User> {
    let drafts = rows.iter().filter_map(|row| Draft::of(row, rules));
    drafts.map(|draft| draft.finish(Activity::At(rules.now_ms).into(), AccountFacts::default(), rules)).collect()
}

fn parts(criterion: &mut Criterion) {
    let inputs = Inputs::fetch();
    let (page, rules) = (inputs.plain.as_slice(), rules());
    let rows = wire::rows::<wire::User<'_>>(page, USERS).expect("a page").rows;
    assert_eq!((rows.len(), records(&rows, &rules).len()), (USERS, USERS));
    assert_eq!(*decoded(&inputs.compressed).expect("a page"), *inputs.plain);
    let cursor = Cursor::decode(&inputs.cursor, inputs.fingerprint).expect("a cursor");
    assert_eq!(cursor.encode(), inputs.cursor);

    criterion.bench_function("parse_page_of_200", |bencher| {
        bencher.iter(|| wire::rows::<wire::User<'_>>(black_box(page), USERS).expect("a page"));
    });
    criterion.bench_function("make_200_records", |bencher| bencher.iter(|| records(black_box(&rows), &rules)));
    criterion.bench_function("inflate_page_of_200", |bencher| {
        bencher.iter(|| decoded(black_box(&inputs.compressed)).expect("a page").len());
    });
    criterion.bench_function("encode_cursor", |bencher| bencher.iter(|| black_box(&cursor).encode()));
    criterion.bench_function("decode_cursor", |bencher| {
        bencher.iter(|| Cursor::decode(black_box(&inputs.cursor), inputs.fingerprint).expect("a cursor"));
    });
    // A fresh instance that answers with some hundred texts in lists of records, and nothing computed: the boundary.
    criterion.bench_function("cross_boundary_with_description", |bencher| {
        bencher.iter(|| inputs.runtime.block_on(inputs.provider.describe()).expect("a description"));
    });
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(30)
        .without_plots();
    targets = parts
}
criterion_main!(benches);
