//! Many tenants of one provider: what they take while nothing happens, and while each lists.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use provider_host::{End, HealthPolicy, ListingOptions, Registry, SwitchOptions, Tenant};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::Result;
use crate::args::TenantsArgs;
use crate::server::{access, egress};
use crate::usage::{Resident, allow_open_files, cpu_ms, forget_peak};

/// Listings that run at once.
const AT_ONCE: usize = 32;

/// What the tenants took.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Tenants {
    /// Resident memory of the process before there was any.
    pub(crate) before_mib: f64,
    /// The same with all of them idle.
    pub(crate) idle_mib: f64,
    /// The most while each listed.
    pub(crate) peak_mib: f64,
    /// Making all.
    pub(crate) connect_ms: f64,
    /// A listing by each.
    pub(crate) listings_ms: f64,
    pub(crate) listings_cpu_ms: f64,
    pub(crate) users: u64,
}

pub(crate) fn tenants(args: &TenantsArgs) -> Result<()> {
    allow_open_files();
    let runtime = super::common::runtime()?;
    runtime.block_on(async {
        let registry = Registry::new(super::common::sandbox(&args.component)?, HealthPolicy::default());
        let candidate = registry.load(fs::read(&args.component.file)?).await?;
        registry.switch(&candidate, &SwitchOptions::default()).await?;
        let id = &candidate.description().id;
        let shared = egress()?;

        let (before, began) = (Resident::now()?, Instant::now());
        let mut tenants = Vec::new();
        for number in 0..args.tenants {
            let egress = if args.one_client { shared.clone() } else { egress()? };
            tenants.push(registry.tenant(&format!("tenant-{number}"), id, access(&args.source, egress))?);
        }
        let connect_ms = began.elapsed().as_secs_f64() * 1e3;
        let idle = Resident::now()?;

        forget_peak()?;
        let (cpu_before, began) = (cpu_ms(), Instant::now());
        let users = list_all(tenants).await?;
        let listings_ms = began.elapsed().as_secs_f64() * 1e3;
        super::common::print(&Tenants {
            before_mib: before.now_mib,
            idle_mib: idle.now_mib,
            peak_mib: Resident::now()?.peak_mib,
            connect_ms,
            listings_ms,
            listings_cpu_ms: cpu_ms() - cpu_before,
            users,
        })
    })
}

/// Has each list once, so many at a time, and returns how many users came.
async fn list_all(tenants: Vec<Tenant>) -> Result<u64> {
    let (tenants, next) = (Arc::new(tenants), Arc::new(AtomicUsize::new(0)));
    let mut workers = JoinSet::new();
    for _ in 0..AT_ONCE {
        let (tenants, next) = (Arc::clone(&tenants), Arc::clone(&next));
        workers.spawn(async move {
            let mut users = 0;
            while let Some(tenant) = tenants.get(next.fetch_add(1, Ordering::Relaxed)) {
                users += list(tenant).await?;
            }
            Ok::<u64, Box<dyn std::error::Error + Send + Sync>>(users)
        });
    }
    let mut users = 0;
    while let Some(worker) = workers.join_next().await {
        users += worker??;
    }
    Ok(users)
}

async fn list(tenant: &Tenant) -> Result<u64> {
    let mut listing = tenant.listing(ListingOptions::default());
    let mut end = None;
    while let Some(batch) = listing.next().await {
        end = batch?.end;
    }
    if end != Some(End::Complete) {
        return Err(format!("the listing of {} is not complete", tenant.name()).into());
    }
    Ok(listing.progress().users)
}
