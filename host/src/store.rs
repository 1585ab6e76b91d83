//! What one instance has: its clocks, its HTTP client, and what it has used of its limits.

use std::time::Duration;

use wasmtime::component::ResourceTable;
use wasmtime::{Engine, ResourceLimiter, Store, UpdateDeadline};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

use crate::egress::Gate;
use crate::{LimitHit, Limits};

/// The state of one instance.
pub(crate) struct Guest {
    /// Empty: no files, no environment, no arguments. Only its clocks are linked.
    wasi: WasiCtx,
    http: WasiHttpCtx,
    table: ResourceTable,
    gate: Gate,
    memory: Memory,
    cpu: Cpu,
}

impl Guest {
    /// Which limit the guest has run into, if any.
    pub(crate) const fn limit_hit(&self) -> Option<LimitHit> {
        if let Some(hit) = self.cpu.hit { Some(hit) } else { self.memory.hit }
    }

    /// The largest size in bytes that the guest's linear memory had.
    pub(crate) const fn peak_memory(&self) -> usize {
        self.memory.peak
    }
}

/// Makes an empty store within the limits.
pub(crate) fn new(engine: &Engine, limits: &Limits, gate: Gate) -> Store<Guest> {
    let guest = Guest {
        wasi: WasiCtx::builder().build(),
        http: WasiHttpCtx::new(),
        table: ResourceTable::new(),
        gate,
        memory: Memory { limit: limits.memory_bytes, peak: 0, hit: None },
        cpu: Cpu { ticks: 0, hit: None },
    };
    let mut store = Store::new(engine, guest);
    store.limiter(|guest| &mut guest.memory);
    store.set_hostcall_fuel(limits.returned_bytes);
    let (cpu_time, most) = (limits.cpu_time, ticks(limits.cpu_time, limits.tick));
    store.epoch_deadline_callback(move |mut store| {
        let cpu = &mut store.data_mut().cpu;
        cpu.ticks = cpu.ticks.saturating_add(1);
        if cpu.ticks > most {
            cpu.hit = Some(LimitHit::CpuTime(cpu_time));
            return Ok(UpdateDeadline::Interrupt);
        }
        // Letting others run also lets the wall clock's limit stop a guest that never waits.
        Ok(UpdateDeadline::Yield(1))
    });
    store
}

/// Begins a call: its time to compute counts from here.
pub(crate) fn begin_call(store: &mut Store<Guest>) {
    store.data_mut().cpu.ticks = 0;
    store.set_epoch_deadline(1);
}

fn ticks(time: Duration, tick: Duration) -> u64 {
    u64::try_from(time.as_nanos() / tick.as_nanos().max(1)).unwrap_or(u64::MAX)
}

struct Cpu {
    ticks: u64,
    hit: Option<LimitHit>,
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
        Ok(desired <= crate::sandbox::TABLE_ELEMENTS)
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
