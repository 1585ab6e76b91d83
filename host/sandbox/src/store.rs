//! The store of one instance, within the limits of its tenant.

use provider_egress::EgressSession;
use wasmtime::Store;
use wasmtime_wasi::WasiCtx;

use crate::guest::Guest;
use crate::guest_clock::GuestClock;
use crate::meter::Meter;
use crate::{Limits, Sandbox};

/// Makes an empty store within the limits.
pub(crate) fn new(sandbox: &Sandbox, limits: &Limits, egress: EgressSession) -> Store<Guest> {
    let mut wasi = WasiCtx::builder();
    wasi.wall_clock(GuestClock);
    if let Some(time) = sandbox.guest_time() {
        wasi.monotonic_clock(time);
    }
    let memory_bytes = limits.memory_bytes.min(sandbox.pool().memory_bytes);
    let guest = Guest::new(wasi.build(), egress, memory_bytes, Meter::new(sandbox.cpu_clock()));
    let mut store = Store::new(sandbox.engine(), guest);
    store.limiter(|guest| guest.memory());
    let cpu_time = limits.cpu_time;
    store.epoch_deadline_callback(move |mut store| Ok(store.data_mut().tick(cpu_time)));
    store
}

/// Begins a call: what the guest computes, sends and hands over counts from here.
pub(crate) fn begin_call(store: &mut Store<Guest>, limits: &Limits) {
    store.set_hostcall_fuel(limits.returned_bytes);
    store.data_mut().begin_call();
    store.set_epoch_deadline(1);
}
