//! What one instance has: its clocks, its HTTP client, and what it has used of its limits.

use std::time::Duration;

use provider_egress::EgressSession;
use wasmtime::component::ResourceTable;
use wasmtime::{ResourceLimiter, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::LimitHit;
use crate::meter::Meter;

/// The state of one instance.
pub(crate) struct Guest {
    /// Empty: no files, no environment, no arguments. Only its clocks are linked.
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    egress: EgressSession,
    memory: LinearMemory,
    meter: Meter,
    cpu_hit: Option<LimitHit>,
}

impl Guest {
    /// A guest that has used nothing yet, with so many bytes of memory at most.
    pub(crate) fn new(wasi: WasiCtx, egress: EgressSession, memory_bytes: usize, meter: Meter) -> Self {
        let mut table = ResourceTable::new();
        table.set_max_capacity(RESOURCES);
        let mut http = WasiHttpCtx::new();
        http.set_field_size_limit(FIELD_BYTES);
        let memory = LinearMemory { limit: memory_bytes, peak: 0, hit: None };
        Self { wasi, http, table, egress, memory, meter, cpu_hit: None }
    }

    /// Begins a call: its computing time and its requests count from here, and a refusal that the guest survived is
    /// forgotten.
    pub(crate) fn begin_call(&mut self) {
        self.meter.reset();
        self.memory.hit = None;
        self.egress.begin_call();
    }

    /// Interrupts the guest once it has computed for longer than this.
    pub(crate) fn tick(&mut self, cpu_time: Duration) -> UpdateDeadline {
        if self.meter.spent() > cpu_time {
            self.cpu_hit = Some(LimitHit::CpuTime(cpu_time));
            return UpdateDeadline::Interrupt;
        }
        // Letting others run also lets the wall clock's limit stop a guest that never waits.
        UpdateDeadline::Yield(1)
    }

    /// What bounds the guest's memory.
    pub(crate) const fn memory(&mut self) -> &mut LinearMemory {
        &mut self.memory
    }

    /// Which limit the guest has run into, if any.
    pub(crate) const fn limit_hit(&self) -> Option<LimitHit> {
        if self.cpu_hit.is_some() { self.cpu_hit } else { self.memory.hit }
    }

    /// Adds up the guest's computing time.
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

/// The guest's linear memory: its limit and its peak.
pub(crate) struct LinearMemory {
    limit: usize,
    peak: usize,
    hit: Option<LimitHit>,
}

impl ResourceLimiter for LinearMemory {
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
        WasiHttpCtxView { hooks: &mut self.egress, table: &mut self.table, ctx: &mut self.http }
    }
}
