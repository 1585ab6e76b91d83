//! How long callers wait because a version is switched.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use provider_host::{Candidate, HealthPolicy, ListingOptions, Registry, SwitchOptions, TenantListing};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::Result;
use crate::args::{Component, Source, SwapArgs};
use crate::figure::{largest, median};
use crate::server::{access, egress};

/// Between two switches.
const PAUSE: Duration = Duration::from_millis(3);

/// Where between two switches as long a time is looked at in which none happens.
const ASIDE: Duration = Duration::from_micros(1_500);

/// How long a listing's server is left alone between two hurried switches.
const HURRIED_PAUSE: Duration = Duration::from_millis(20);

/// Users a step while versions are switched in a hurry: many short steps, of which each may be the last in its version.
const USERS_A_STEP: u32 = 200;

/// What was seen of the switches, in microseconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Swapped {
    /// With nothing else to do.
    pub(crate) alone: Waits,
    /// While listings run.
    pub(crate) among_listings: Waits,
    /// While listings run that are asked to go on in the new version.
    pub(crate) hurried: Hurried,
}

/// How long a caller waited for the version in use, who asked again and again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Waits {
    /// The longest wait that overlapped with each switch.
    pub(crate) waits_us: Vec<f64>,
    /// The same for as long a time beside each switch: what the machine alone makes a caller wait.
    pub(crate) aside_us: Vec<f64>,
    /// How long each switch took, its preflight included.
    pub(crate) switches_us: Vec<f64>,
}

/// Listings that move from version to version.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Hurried {
    /// How often one moved.
    pub(crate) moves: u32,
    /// The longest time that a move held a listing up.
    pub(crate) longest_pause_us: f64,
    /// What a step usually takes.
    pub(crate) median_step_us: f64,
    /// The longest step, a move included, beyond that.
    pub(crate) longest_step_beyond_median_us: f64,
}

pub(crate) fn swap(args: &SwapArgs) -> Result<()> {
    super::common::runtime()?.block_on(async {
        let stage = Stage::new(&args.component, &args.source).await?;
        let alone = stage.waits(args.swaps).await?;
        let among_listings = {
            let mut listings = JoinSet::new();
            for number in 0..args.listings {
                let listing = stage.listing(number, 0)?;
                listings.spawn(read(listing));
            }
            // They go when the set is dropped.
            stage.waits(args.swaps).await?
        };
        let hurried = stage.hurry(args.swaps, args.listings).await?;
        super::common::print(&Swapped { alone, among_listings, hurried })
    })
}

/// A registry with two versions of a provider, which are the same component loaded twice.
struct Stage<'a> {
    registry: Registry,
    versions: [Candidate; 2],
    source: &'a Source,
}

impl<'a> Stage<'a> {
    async fn new(component: &Component, source: &'a Source) -> Result<Self> {
        let registry = Registry::new(super::common::sandbox(component)?, HealthPolicy::default());
        let bytes = fs::read(&component.file)?;
        let versions = [registry.load(bytes.clone()).await?, registry.load(bytes).await?];
        let [first, _] = &versions;
        registry.switch(first, &SwitchOptions::default()).await?;
        Ok(Self { registry, versions, source })
    }

    fn id(&self) -> &str {
        let [first, _] = &self.versions;
        &first.description().id
    }

    fn listing(&self, number: u32, limit: u32) -> Result<TenantListing> {
        let name = format!("tenant-{number}");
        let tenant = self.registry.tenant(&name, self.id(), access(self.source, egress()?))?;
        Ok(tenant.listing(ListingOptions { limit, cursor: None }))
    }

    /// Switches to and fro, and returns when each switch began and ended.
    async fn switch(&self, swaps: u32, options: &SwitchOptions, pause: Duration) -> Result<Vec<(Instant, Instant)>> {
        let [first, second] = &self.versions;
        let mut switches = Vec::new();
        for (_, version) in (0..swaps).zip([second, first].into_iter().cycle()) {
            sleep(pause).await;
            let began = Instant::now();
            self.registry.switch(version, options).await?;
            switches.push((began, Instant::now()));
        }
        sleep(pause).await;
        Ok(switches)
    }

    /// Switches while somebody on a thread of its own asks for the version in use, which takes the lock that every lease
    /// is given out under, and another one before it.
    async fn waits(&self, swaps: u32) -> Result<Waits> {
        let is_over = Arc::new(AtomicBool::new(false));
        let asking = {
            let (registry, id, is_over) = (self.registry.clone(), self.id().to_owned(), Arc::clone(&is_over));
            thread::spawn(move || {
                let mut asked = Vec::new();
                while !is_over.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    let active = registry.active(&id);
                    let got = Instant::now();
                    drop(active);
                    asked.push((began, got));
                }
                asked
            })
        };
        let switches = self.switch(swaps, &SwitchOptions::default(), PAUSE).await;
        is_over.store(true, Ordering::Relaxed);
        let asked = asking.join().map_err(|_| "the caller broke")?;
        let switches = switches?;
        let longest = |from: Instant, to: Instant| {
            let first = asked.partition_point(|(_, got)| *got < from);
            let within = asked.iter().skip(first).take_while(|(began, _)| *began <= to);
            largest(&within.map(|(began, got)| us(got.duration_since(*began))).collect::<Vec<_>>())
        };
        Ok(Waits {
            waits_us: switches.iter().map(|(began, ended)| longest(*began, *ended)).collect(),
            aside_us: switches.iter().map(|(began, ended)| longest(*began + ASIDE, *ended + ASIDE)).collect(),
            switches_us: switches.iter().map(|(began, ended)| us(ended.duration_since(*began))).collect(),
        })
    }

    async fn hurry(&self, swaps: u32, listings: u32) -> Result<Hurried> {
        let is_over = Arc::new(AtomicBool::new(false));
        let mut readers = JoinSet::new();
        for number in 0..listings {
            let (mut listing, is_over) = (self.listing(number, USERS_A_STEP)?, Arc::clone(&is_over));
            readers.spawn(async move {
                let mut steps = Vec::new();
                while !is_over.load(Ordering::Relaxed) {
                    let began = Instant::now();
                    match listing.next().await {
                        Some(Ok(_)) => steps.push(us(began.elapsed())),
                        Some(Err(error)) => return Err(error),
                        None => break,
                    }
                }
                Ok((steps, listing.moves(), us(listing.longest_pause())))
            });
        }
        let mut options = SwitchOptions::default();
        options.hurry = true;
        self.switch(swaps, &options, HURRIED_PAUSE).await?;
        is_over.store(true, Ordering::Relaxed);
        let (mut steps, mut moves, mut pauses) = (Vec::new(), 0_u32, Vec::new());
        while let Some(reader) = readers.join_next().await {
            let (own_steps, own_moves, pause) = reader??;
            steps.extend(own_steps);
            moves += own_moves;
            pauses.push(pause);
        }
        Ok(Hurried {
            moves,
            longest_pause_us: largest(&pauses),
            median_step_us: median(&steps),
            longest_step_beyond_median_us: largest(&steps) - median(&steps),
        })
    }
}

/// Reads a listing to its end.
async fn read(mut listing: TenantListing) {
    while let Some(Ok(_)) = listing.next().await {}
}

fn us(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
