//! What one instance has: its clocks, its HTTP client, and what it has used of its limits.

use wasmtime::component::ResourceTable;
use wasmtime::{ResourceLimiter, Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::egress::Gate;
use crate::meter::Meter;
use crate::{LimitHit, Limits, Sandbox, wall};

/// The state of one instance.
pub(crate) struct Guest {
    /// Empty: no files, no environment, no arguments. Only its clocks are linked.
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    gate: Gate,
    memory: Memory,
    meter: Meter,
    cpu_hit: Option<LimitHit>,
}

impl Guest {
    /// Which limit the guest has run into, if any.
    pub(crate) const fn limit_hit(&self) -> Option<LimitHit> {
        if self.cpu_hit.is_some() { self.cpu_hit } else { self.memory.hit }
    }

    /// Where the time is added up that the guest computes.
    pub(crate) const fn meter(&self) -> &Meter {
        &self.meter
    }

    /// The largest size in bytes that the guest's linear memory had.
    pub(crate) const fn peak_memory(&self) -> usize {
        self.memory.peak
    }
}

/// Elements of one table: more than the functions of any provider.
pub(crate) const TABLE_ELEMENTS: usize = 20_000;

/// Requests, answers, streams and the like that an instance may have open: each uses memory of the host's, and a request
/// has some ten.
const RESOURCES: usize = 2048;

/// Bytes of one set of headers that a guest writes: more than servers take, and with [`RESOURCES`] of them 32 MiB of the
/// host's memory instead of wasmtime's 256.
const FIELD_BYTES: usize = 16 * 1024;

/// Makes an empty store within the limits.
pub(crate) fn new(sandbox: &Sandbox, limits: &Limits, gate: Gate) -> Store<Guest> {
    let mut table = ResourceTable::new();
    table.set_max_capacity(RESOURCES);
    let mut http = WasiHttpCtx::new();
    http.set_field_size_limit(FIELD_BYTES);
    let mut wasi = WasiCtx::builder();
    wasi.wall_clock(wall::GuestClock);
    if let Some(time) = sandbox.guest_time() {
        wasi.monotonic_clock(time);
    }
    let guest = Guest {
        wasi: wasi.build(),
        http,
        table,
        gate,
        memory: Memory { limit: limits.memory_bytes.min(sandbox.pool().memory_bytes), peak: 0, hit: None },
        meter: Meter::new(sandbox.cpu_clock()),
        cpu_hit: None,
    };
    let mut store = Store::new(sandbox.engine(), guest);
    store.limiter(|guest| &mut guest.memory);
    let cpu_time = limits.cpu_time;
    store.epoch_deadline_callback(move |mut store| {
        let guest = store.data_mut();
        if guest.meter.spent() > cpu_time {
            guest.cpu_hit = Some(LimitHit::CpuTime(cpu_time));
            return Ok(UpdateDeadline::Interrupt);
        }
        // Letting others run also lets the wall clock's limit stop a guest that never waits.
        Ok(UpdateDeadline::Yield(1))
    });
    store
}

/// Begins a call: its time to compute, its requests and what it hands over count from here, and a refusal that the guest
/// lived through is forgotten.
pub(crate) fn begin_call(store: &mut Store<Guest>, limits: &Limits) {
    store.set_hostcall_fuel(limits.returned_bytes);
    let guest = store.data_mut();
    guest.meter.reset();
    guest.memory.hit = None;
    guest.gate.begin_call();
    store.set_epoch_deadline(1);
}

struct Memory {
    limit: usize,
    peak: usize,
    hit: Option<LimitHit>,
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, _: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let fits = desired <= self.limit;
        if fits {
            self.peak = self.peak.max(desired);
        } else {
            self.hit = Some(LimitHit::Memory(self.limit));
        }
        Ok(fits && maximum.is_none_or(|maximum| desired <= maximum))
    }

    fn table_growing(&mut self, _: usize, desired: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(desired <= TABLE_ELEMENTS)
    }
}

impl WasiView for Guest {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for Guest {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { hooks: &mut self.gate, table: &mut self.table, ctx: &mut self.http }
    }
}
