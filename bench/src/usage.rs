//! What this process has used.

use std::fs;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use crate::Result;

/// Processor time of all threads of this process since it began, in milliseconds: user and system time together, from
/// the clock that the kernel keeps of it (clock_gettime(2), `CLOCK_PROCESS_CPUTIME_ID`), to the nanosecond.
pub(crate) fn cpu_ms() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default().as_secs_f64() * 1e3
}

/// Resident memory in MiB.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resident {
    pub(crate) now_mib: f64,
    /// The most since the process began, or since [`forget_peak`].
    pub(crate) peak_mib: f64,
}

impl Resident {
    /// From `/proc`: `getrusage` would tell the peak of the process that started this one, where that is larger.
    pub(crate) fn now() -> Result<Self> {
        let status = fs::read_to_string("/proc/self/status")?;
        let find = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kib = line.and_then(|rest| rest.trim().strip_suffix(" kB")?.trim().parse::<f64>().ok());
            kib.map(|kib| kib / 1024.0).ok_or_else(|| format!("/proc/self/status has no {name}"))
        };
        Ok(Self { now_mib: find("VmRSS:")?, peak_mib: find("VmHWM:")? })
    }
}

/// Lets the peak count from here (proc_pid_clear_refs(5)).
pub(crate) fn forget_peak() -> Result<()> {
    Ok(fs::write("/proc/self/clear_refs", "5")?)
}

/// As many open files as the system lets this process have: each connection is one, and a thousand tenants have some
/// thousands. Where it lets it have no more, that shows when connections fail.
pub(crate) fn allow_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit });
}
