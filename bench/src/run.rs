//! What is measured in this process alone.

mod common;
mod component;
mod convert;
mod instances;
mod lister;
mod native;
mod network;
mod start;
mod swap;
mod sync;
mod tenants;
mod writer;

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::Result;
use crate::args::{Driver, ListArgs};
use crate::usage::{Resident, cpu_ms, forget_peak};
use common::{mib, print};
pub(crate) use instances::{Instantiated, instantiate};
use lister::Lister;
pub(crate) use start::{Started, start};
pub(crate) use swap::{Swapped, Waits, swap};
pub(crate) use sync::{Sync, Synced, sync};
pub(crate) use tenants::{Tenants, tenants};
use writer::Writer;

/// What a listing took, from before its first request to after its last user was written. What comes before, such as
/// compiling the component, is not in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Listed {
    pub(crate) users: u64,
    pub(crate) complete: bool,
    pub(crate) requests: u64,
    /// Bytes of the users as lines of JSON.
    pub(crate) bytes: u64,
    pub(crate) wall_ms: f64,
    /// Processor time, user and system.
    pub(crate) cpu_ms: f64,
    /// The most resident memory while it listed.
    pub(crate) peak_mib: f64,
    /// The most resident memory of the process, what came before the listing included.
    pub(crate) process_peak_mib: f64,
    /// The most linear memory of the guest.
    pub(crate) guest_mib: Option<f64>,
    /// Tells two sets of users apart, whatever their order.
    pub(crate) digest: Option<String>,
}

/// Lists, and prints what it took.
pub(crate) fn list(args: &ListArgs) -> Result<()> {
    let mut lister: Box<dyn Lister> = match args.driver {
        Driver::Component => Box::new(component::Sandboxed::new(&args.component, &args.source)?),
        Driver::Native => Box::new(native::Native::new(&args.component, &args.source)?),
    };
    let mut listed = measure(lister.as_mut(), Writer::new(args.out.as_deref())?)?;
    if let Some(path) = args.out.as_deref().filter(|_| args.digest) {
        listed.digest = Some(writer::digest(path)?);
    }
    print(&listed)
}

fn measure(lister: &mut dyn Lister, mut writer: Writer) -> Result<Listed> {
    let before = Resident::now()?;
    forget_peak()?;
    let (cpu_before, began) = (cpu_ms(), Instant::now());
    while let Some(users) = lister.next()? {
        writer.write(&users)?;
    }
    writer.flush()?;
    let wall_ms = began.elapsed().as_secs_f64() * 1e3;
    let cpu_ms = cpu_ms() - cpu_before;
    let peak_mib = Resident::now()?.peak_mib;
    Ok(Listed {
        users: writer.users(),
        complete: lister.is_complete(),
        requests: lister.requests(),
        bytes: writer.bytes(),
        wall_ms,
        cpu_ms,
        peak_mib,
        process_peak_mib: peak_mib.max(before.peak_mib),
        guest_mib: lister.guest_bytes().map(mib),
        digest: None,
    })
}
