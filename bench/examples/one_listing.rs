//! Lists a server once, for `bench/instructions.sh`, which counts what that takes: only what happens within [`listed`].
//!
//! Takes the component's file and the server's URL, and the token from the variable ACCESS_TOKEN.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a tool for measuring, which ends where something fails")]

use std::path::Path;

use provider_host::{
    Access, Cache, Egress, EgressOptions, ListingOptions, Listings as _, Pool, Sandbox, Session, Settings,
};

fn main() {
    let mut arguments = std::env::args().skip(1);
    let (component, url) = arguments.next().zip(arguments.next()).expect("a component and a URL");
    let token = std::env::var("ACCESS_TOKEN").expect("a token in ACCESS_TOKEN");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    // Callgrind has no room for the address space of more instances.
    let mut pool = Pool::default();
    pool.instances = 1;
    // The second run finds what the first one compiled, which takes minutes under callgrind.
    let cache = Cache::in_user_folder("provider-bench").expect("a cache");
    let sandbox = Sandbox::new(pool).expect("a sandbox").cached_in(cache);
    let provider = sandbox.load_file(Path::new(&component)).expect("a component");
    let mut settings = Settings::new();
    settings.set("server_url", url).set_secret("access_token", token.into());
    let egress = Egress::new(EgressOptions::default()).expect("a client");
    let session = runtime.block_on(provider.connect(Access::new(settings, egress))).expect("a session");
    println!("{} users", listed(&runtime, session));
}

/// Callgrind finds it by its name, and counts while it runs.
#[inline(never)]
fn listed(runtime: &tokio::runtime::Runtime, session: Session) -> usize {
    runtime.block_on(async {
        let mut listing = session.listing(ListingOptions { limit: 1_000, cursor: None });
        let mut users = 0;
        while let Some(step) = listing.next().await {
            users += step.expect("a step").users.len();
        }
        users
    })
}
