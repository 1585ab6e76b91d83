//! What a guest may use: the engine, the interfaces, and the pool of instances.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use wasmtime::component::{Component, Linker};
use wasmtime::{Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};
use wasmtime_wasi::WasiView as _;
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::p2::bindings::{clocks, io};

use crate::bindings::{CHANGES, EXPORT, Prepared};
use crate::clock::{Clock, Ticking};
use crate::meter::{CpuClock, thread_cpu_time};
use crate::slots::{Room, Slots};
use crate::store::Guest;
use crate::telemetry::{self, Origin};
use crate::{
    Cache, Digest, Error, Inspection, Pool, Provider, Result, bindings, handed, http, imports, read_component,
};

/// Core instances of one component: its own module and the adapters that the toolchain puts beside it.
const CORE_INSTANCES: u32 = 8;

/// Elements of one table: more than the functions of any provider.
pub(crate) const TABLE_ELEMENTS: usize = 20_000;

/// Bytes of a table that are zeroed for the next instance; whatever is beyond is given back to the system.
const KEPT_TABLE_BYTES: usize = 64 * 1024;

/// More often would cost more than it tells.
const SHORTEST_TICK: Duration = Duration::from_millis(1);

/// An engine with a pool of instances that are granted HTTP and clocks and nothing else. Clones share it.
#[derive(Clone)]
pub struct Sandbox {
    shared: Arc<Shared>,
    cache: Option<Arc<Cache>>,
}

struct Shared {
    engine: Engine,
    linker: Linker<Guest>,
    clock: Clock,
    /// What guests compute is measured by.
    cpu: CpuClock,
    pool: Pool,
    /// A place for each instance that may still be made, given out in the order in which it was asked for.
    room: Arc<Room>,
}

impl Sandbox {
    /// Sets up an engine with this pool. Its address space is reserved, memory is not used.
    ///
    /// # Errors
    /// The system does not give the address space, or a size is beyond what the runtime can do.
    pub fn new(pool: Pool) -> Result<Self> {
        let failed = |error: wasmtime::Error| Error::Runtime { reason: format!("{error:#}") };
        let engine = Engine::new(&config(&pool)).map_err(failed)?;
        let mut linker = Linker::new(&engine);
        link(&mut linker).map_err(failed)?;
        let clock = start_ticking(&engine, &pool)?;
        let room = Arc::new(Room::new(pool.instances));
        Ok(Self { shared: Arc::new(Shared { engine, linker, clock, cpu: thread_cpu_time, pool, room }), cache: None })
    }

    /// Measures what guests compute by another clock.
    #[cfg(test)]
    pub(crate) fn measured_by(mut self, cpu: CpuClock) -> Self {
        let shared = Arc::get_mut(&mut self.shared);
        assert!(shared.map(|shared| shared.cpu = cpu).is_some(), "nobody else has it yet");
        self
    }

    /// Keeps what is compiled from now on in a folder, and takes from there what was compiled before.
    #[must_use]
    pub fn cached_in(mut self, cache: Cache) -> Self {
        self.cache = Some(Arc::new(cache));
        self
    }

    /// What all providers share.
    #[must_use]
    pub fn pool(&self) -> &Pool {
        &self.shared.pool
    }

    /// Compiles a component after a look at what it imports, or takes it from the cache after the same look.
    ///
    /// # Errors
    /// It is no component, is too large, imports what is not granted, or is no provider of this contract.
    pub fn load(&self, bytes: &[u8]) -> Result<Provider> {
        let shared = &self.shared;
        if bytes.len() > shared.pool.component_bytes {
            let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            return Err(Error::ComponentTooLarge { bytes: size, limit: shared.pool.component_bytes });
        }
        let inspection = Inspection::read(bytes)?;
        imports::check(&inspection.imports)?;
        let component = self.compiled(bytes, &inspection.digest)?;
        bindings::check(&component).map_err(|reason| Error::ContractMismatch { expected: EXPORT, reason })?;
        let changes = bindings::find_changes(&component)
            .map_err(|reason| Error::ContractMismatch { expected: CHANGES, reason })?;
        let mismatch =
            |error: wasmtime::Error| Error::ContractMismatch { expected: EXPORT, reason: format!("{error:#}") };
        let pre = shared.linker.instantiate_pre(&component).map_err(mismatch)?;
        let prepared = Prepared::new(pre, changes).map_err(mismatch)?;
        Ok(Provider::new(self.clone(), prepared, inspection))
    }

    /// The same from a file.
    ///
    /// # Errors
    /// As for [`load`](Self::load) and [`read_component`].
    pub fn load_file(&self, path: &Path) -> Result<Provider> {
        self.load(&read_component(path, self.shared.pool.component_bytes)?)
    }

    fn compiled(&self, bytes: &[u8], digest: &Digest) -> Result<Component> {
        let engine = &self.shared.engine;
        if let Some(component) = self.cache.as_ref().and_then(|cache| cache.find(engine, digest)) {
            telemetry::loaded(Origin::Cache);
            return Ok(component);
        }
        let component = Component::from_binary(engine, bytes).map_err(|error| uncompiled(&error))?;
        telemetry::loaded(Origin::Compiler);
        if let Some(cache) = &self.cache {
            cache.keep(engine, digest, &component);
        }
        Ok(component)
    }

    pub(crate) fn engine(&self) -> &Engine {
        &self.shared.engine
    }

    pub(crate) fn cpu_clock(&self) -> CpuClock {
        self.shared.cpu
    }

    /// Interrupts guests as long as what is returned lives.
    pub(crate) fn tick(&self) -> Ticking {
        self.shared.clock.tick()
    }

    /// Room for so many instances of one tenant.
    pub(crate) fn slots(&self, instances: u32) -> Slots {
        Slots::new(instances, Arc::clone(&self.shared.room), self.shared.pool.instances)
    }
}

impl std::fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sandbox").field("pool", &self.shared.pool).finish_non_exhaustive()
    }
}

/// Tells bytes that break the rules of WebAssembly from a component that asks for more than the pool's slots hold.
fn uncompiled(error: &wasmtime::Error) -> Error {
    let reason = format!("{error:#}");
    if error.is::<wasmparser::BinaryReaderError>() {
        Error::NotAComponent { reason }
    } else {
        Error::DoesNotFit { reason }
    }
}

fn config(pool: &Pool) -> Config {
    let instances = pool.instances;
    let many = instances.saturating_mul(CORE_INSTANCES);
    let mut allocation = PoolingAllocationConfig::new();
    allocation
        .total_component_instances(instances)
        .total_core_instances(many)
        .max_core_instances_per_component(CORE_INSTANCES)
        .total_memories(instances)
        .max_memories_per_component(1)
        .max_memory_size(pool.memory_bytes)
        .total_tables(many)
        .max_tables_per_component(CORE_INSTANCES)
        .table_elements(TABLE_ELEMENTS)
        // Zeroing a provider's small tables costs less than giving their pages back and taking others.
        .table_keep_resident(KEPT_TABLE_BYTES)
        .total_stacks(instances);
    let mut config = Config::new();
    config
        // What maps code to its source is for backtraces, which nobody reads: it would be an eighth of what is compiled.
        .generate_address_map(false)
        .native_unwind_info(false)
        .wasm_backtrace_max_frames(None)
        .epoch_interruption(true)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(allocation));
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
    Clock::start(pool.tick.max(SHORTEST_TICK), tick)
        .map_err(|error| Error::Runtime { reason: format!("no thread for the clock of the limits: {error}") })
}
