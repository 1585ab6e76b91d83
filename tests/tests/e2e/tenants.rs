//! Hundreds of tenants over one engine.

use end_to_end::components::bytes;
use end_to_end::{access, settings, simulator_apart};
use mattermost_simulator::Config;
use provider_host::{Egress, EgressOptions, End, HealthPolicy, ListingOptions, Pool, Registry, Sandbox, SwitchOptions};

const TENANTS: usize = 200;
const INSTANCES: u32 = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hundreds_of_tenants_take_turns_in_a_small_pool() {
    let server = simulator_apart(Config { users: 60, ..Config::default() }).await;
    let mut pool = Pool::default();
    pool.instances = INSTANCES;
    let registry = Registry::new(Sandbox::new(pool).unwrap(), HealthPolicy::default());
    let version = registry.load(bytes("mattermost")).await.unwrap();
    registry.switch(&version, &SwitchOptions::default()).await.unwrap();
    let mut running = Vec::new();
    for number in 0..TENANTS {
        // A client of its own: it shares its connections with no other tenant.
        let egress = Egress::new(EgressOptions::default()).unwrap();
        let access = access(settings(&server.url(), &server.tokens().admin), egress.clone());
        let tenant = registry.tenant(&format!("tenant-{number}"), "mattermost", access).unwrap();
        running.push(tokio::spawn(async move {
            let mut listing = tenant.listing(ListingOptions::default());
            let (mut users, mut end) = (0, None);
            while let Some(batch) = listing.next().await {
                let batch = batch.unwrap();
                users += batch.users.len();
                end = batch.end.or(end);
            }
            (users, end, egress.requests())
        }));
    }
    for task in running {
        let (users, end, requests) = task.await.unwrap();
        assert_eq!((users, end), (60, Some(End::Complete)));
        assert!((1..60).contains(&requests), "{requests} requests of one tenant");
    }
}
