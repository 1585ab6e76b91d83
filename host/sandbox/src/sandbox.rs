//! The sandbox: the engine, the interfaces that guests may use, and the pool of instances.

use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::p2::bindings::{clocks, io};
use wasmtime_wasi::{HostMonotonicClock, WasiView as _};

use crate::bindings::{CHANGES, EXPORT, Prepared};
use crate::clock::{Clock, Ticking};
use crate::compiler::{self, CompilerProcess, Uncompiled};
use crate::flight::{Flights, Made};
use crate::guest::{Guest, TABLE_ELEMENTS};
use crate::meter::{CpuClock, thread_cpu_time};
use crate::slots::{Room, Slots};
use crate::telemetry::{self, Source};
use crate::{Cache, Digest, Error, Inspection, Pool, Result, bindings, handed, http, imports};
use provider_egress::io_reason;

/// Core instances of one component: its own modules and the adapters that the toolchain puts beside them. Most have three,
/// those of componentize-py some forty. Only their number is bounded: nothing is reserved for them.
const CORE_INSTANCES: u32 = 64;

/// Tables of one component, for which address space is reserved.
const TABLES: u32 = 8;

/// Bytes of a table that are zeroed for the next instance; whatever is beyond is given back to the system.
const KEPT_TABLE_BYTES: usize = 64 * 1024;

/// How long to wait for another process that compiles the same component, if nothing else bounds it.
const OTHERS_COMPILE: Duration = Duration::from_secs(300);

/// Checking more often would cost more than it is worth.
const SHORTEST_TICK: Duration = Duration::from_millis(1);

/// An engine with a pool of instances that are granted HTTP and clocks and nothing else. Clones share it.
#[derive(Clone)]
pub struct Sandbox {
    shared: Arc<Shared>,
    cache: Option<Arc<Cache>>,
    process: Option<Arc<CompilerProcess>>,
    time: Option<GuestTime>,
}

/// A monotonic clock of an embedder's.
#[derive(Clone)]
pub(crate) struct GuestTime(Arc<dyn Fn() -> Duration + Send + Sync>);

impl HostMonotonicClock for GuestTime {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        u64::try_from((self.0)().as_nanos()).unwrap_or(u64::MAX)
    }
}

struct Shared {
    engine: Engine,
    linker: Linker<Guest>,
    clock: Clock,
    /// What guests compute is measured by.
    cpu: CpuClock,
    pool: Pool,
    /// The components that are being compiled.
    flights: Flights<Result<Component, Uncompiled>>,
    /// A place for each instance that may still be made, given out in the order in which it was asked for.
    room: Arc<Room>,
}

impl Sandbox {
    /// Sets up an engine with this pool. Its address space is reserved, memory is not used.
    ///
    /// # Errors
    /// The machine's clock is before 1970, the system does not provide the address space, a size is more than the runtime
    /// supports, or one is zero.
    pub fn new(pool: Pool) -> Result<Self> {
        provider_egress::wall::check()?;
        pool.check()?;
        let failed = |error: wasmtime::Error| Error::Runtime { reason: format!("{error:#}").into() };
        let engine = Engine::new(&config(&pool)).map_err(failed)?;
        let mut linker = Linker::new(&engine);
        link(&mut linker).map_err(failed)?;
        let clock = start_ticking(&engine, &pool)?;
        let room = Arc::new(Room::new(pool.instances));
        let flights = Flights::default();
        let shared = Shared { engine, linker, clock, cpu: thread_cpu_time, pool, flights, room };
        Ok(Self { shared: Arc::new(shared), cache: None, process: None, time: None })
    }

    /// Measures what guests compute by another clock.
    #[cfg(test)]
    pub(crate) fn measured_by(mut self, cpu: CpuClock) -> Self {
        let shared = Arc::get_mut(&mut self.shared);
        assert!(shared.map(|shared| shared.cpu = cpu).is_some(), "nobody else has it yet");
        self
    }

    /// Keeps compiled components in a folder from now on, and reuses those that are there.
    #[must_use]
    pub fn cached_in(mut self, cache: Cache) -> Self {
        self.cache = Some(Arc::new(cache));
        self
    }

    /// Compiles in a separate process from now on, with a deadline and a memory limit. Without one, only [`Pool::bounds`]
    /// bounds the compiler: docs/compiling.md lists what a component within these bounds costs at worst.
    #[must_use]
    pub fn compiled_by(mut self, process: CompilerProcess) -> Self {
        self.process = Some(Arc::new(process));
        self
    }

    /// Gives guests another monotonic clock: the result of this function, which must never decrease. Providers measure the
    /// speed of servers by it, so with a clock that stands still they treat every server alike, however busy the machine is.
    /// Sleeps of guests, and all limits, use the machine's own clock.
    #[must_use]
    pub fn timed_by(mut self, time: impl Fn() -> Duration + Send + Sync + 'static) -> Self {
        self.time = Some(GuestTime(Arc::new(time)));
        self
    }

    /// What all providers share.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.shared.pool
    }

    /// Checks the imports of a component of these bytes, and makes it ready for instances.
    pub(crate) fn prepare(&self, bytes: &[u8]) -> Result<(Prepared, Inspection)> {
        let shared = &self.shared;
        if bytes.len() > shared.pool.component_bytes {
            let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            return Err(Error::ComponentTooLarge { bytes: size, limit: shared.pool.component_bytes });
        }
        let inspection = Inspection::read_within(bytes, &shared.pool.bounds)?;
        imports::check(&inspection.imports)?;
        let component = self.compiled(bytes, &inspection.digest)?;
        bindings::check(&component).map_err(|reason| Error::ContractMismatch { expected: EXPORT, reason })?;
        let changes = bindings::find_changes(&component)
            .map_err(|reason| Error::ContractMismatch { expected: CHANGES, reason })?;
        let mismatch =
            |error: wasmtime::Error| Error::ContractMismatch { expected: EXPORT, reason: format!("{error:#}") };
        let pre = shared.linker.instantiate_pre(&component).map_err(mismatch)?;
        let prepared = Prepared::new(pre, changes).map_err(mismatch)?;
        Ok((prepared, inspection))
    }

    /// Compiles the component, or takes it from the cache. Of several loads at once, in this process and in others with the
    /// same cache, one compiles.
    fn compiled(&self, bytes: &[u8], digest: &Digest) -> Result<Component> {
        let made = match self.shared.flights.once(*digest, || self.find_or_compile(bytes, digest)) {
            Made::Here(made) => made,
            Made::Elsewhere(made) => {
                if made.is_ok() {
                    telemetry::loaded(Source::Shared);
                }
                made
            }
        };
        Ok(made?)
    }

    fn find_or_compile(&self, bytes: &[u8], digest: &Digest) -> Result<Component, Uncompiled> {
        let engine = &self.shared.engine;
        let compile = || {
            compiler::compile(engine, bytes, self.process.as_deref()).inspect(|_| telemetry::loaded(Source::Compiler))
        };
        let Some(cache) = &self.cache else { return compile() };
        let find = || cache.find(engine, digest).inspect(|_| telemetry::loaded(Source::Cache));
        if let Some(component) = find() {
            return Ok(component);
        }
        let patience = self.process.as_ref().map_or(OTHERS_COMPILE, |process| process.deadline);
        let _lock = cache.lock(engine, digest, patience);
        if let Some(component) = find() {
            return Ok(component);
        }
        let component = compile()?;
        cache.keep(engine, digest, &component);
        Ok(component)
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    pub(crate) fn cpu_clock(&self) -> CpuClock {
        self.shared.cpu
    }

    /// The monotonic clock of guests, if it is not the machine's.
    pub(crate) fn guest_time(&self) -> Option<GuestTime> {
        self.time.clone()
    }

    /// Interrupts guests as long as what is returned lives.
    pub(crate) fn tick(&self) -> Ticking {
        self.shared.clock.tick()
    }

    /// Room for so many instances of one tenant.
    pub fn slots(&self, instances: u32) -> Slots {
        Slots::new(instances, Arc::clone(&self.shared.room), self.shared.pool.instances)
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("pool", &self.shared.pool).finish_non_exhaustive()
    }
}

fn config(pool: &Pool) -> Config {
    let instances = pool.instances;
    let mut allocation = PoolingAllocationConfig::new();
    allocation
        .total_component_instances(instances)
        .total_core_instances(instances.saturating_mul(CORE_INSTANCES))
        .max_core_instances_per_component(CORE_INSTANCES)
        .total_memories(instances)
        .max_memories_per_component(1)
        .max_memory_size(pool.memory_bytes)
        .total_tables(instances.saturating_mul(TABLES))
        .max_tables_per_component(TABLES)
        .table_elements(TABLE_ELEMENTS)
        // Zeroing a provider's small tables costs less than giving their pages back and taking others.
        .table_keep_resident(KEPT_TABLE_BYTES)
        .total_stacks(instances);
    let mut config = compiler::config();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(allocation));
    config
}

/// Each interface by itself: the functions that add all of WASI would grant files and sockets as well.
fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    http::add_to_linker(linker)?;
    clocks::wall_clock::add_to_linker::<Guest, WasiClocks>(linker, Guest::clocks)?;
    clocks::monotonic_clock::add_to_linker::<Guest, WasiClocks>(linker, Guest::clocks)?;
    io::error::add_to_linker::<Guest, HasTable>(linker, |guest| guest.ctx().table)?;
    io::poll::add_to_linker::<Guest, HasTable>(linker, |guest| guest.ctx().table)?;
    io::streams::add_to_linker::<Guest, HasTable>(linker, |guest| guest.ctx().table)?;
    handed::count_in(linker)
}

/// wasi:io works on the table of resources alone.
struct HasTable;

impl wasmtime::component::HasData for HasTable {
    type Data<'a> = &'a mut wasmtime::component::ResourceTable;
}

/// Interrupts running guests at every tick, until the engine is gone.
fn start_ticking(engine: &Engine, pool: &Pool) -> Result<Clock> {
    let engine = engine.weak();
    let tick = move || engine.upgrade().map(|engine| engine.increment_epoch()).is_some();
    Clock::start(pool.tick.max(SHORTEST_TICK), tick).map_err(|error| Error::Runtime {
        reason: format!("no thread for the clock of the limits: {}", io_reason(&error)).into(),
    })
}
