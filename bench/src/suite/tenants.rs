//! Many tenants.

use serde_json::json;

use super::stage::Stage;
use crate::Result;
use crate::figure::{Figure, TENANTS, rounded};
use crate::run::Tenants;
use crate::server::Server;

/// Users that each lists.
const USERS: u32 = 50;

pub(super) fn measure(stage: &Stage) -> Result<Vec<Figure>> {
    let server = Server::start(USERS, 0)?;
    let (source, number) = (server.source(), stage.sizes.tenants.to_string());
    let own: Tenants = stage.run(&["tenants", "--tenants", &number], Some(&source))?;
    let shared: Tenants = stage.run(&["tenants", "--one-client", "--tenants", &number], Some(&source))?;
    for tenants in [&own, &shared] {
        let expect = u64::from(USERS) * u64::from(stage.sizes.tenants);
        if tenants.users != expect {
            return Err(format!("{} users came and not {expect}", tenants.users).into());
        }
    }
    let each = |tenants: &Tenants| {
        let bytes = (tenants.idle_mib - tenants.before_mib) * 1024.0 * 1024.0;
        bytes / f64::from(stage.sizes.tenants)
    };
    let (bytes, without) = (each(&own), each(&shared));
    let memory = if without * 2.0 < bytes { "its HTTP client" } else { "what it keeps beside its HTTP client" };
    let making = if shared.connect_ms * 2.0 < own.connect_ms { "its HTTP client" } else { "its settings and grants" };
    let share = own.listings_cpu_ms / own.listings_ms;
    let bound_by = format!(
        "each tenant: in memory by {memory}, in time to make by {making}; the listings used {share:.2} cores beside the server"
    );
    let value = json!({
        "idle_mib": rounded(own.idle_mib),
        "idle_bytes_per_tenant": rounded(bytes),
        "idle_bytes_per_tenant_with_one_client": rounded(without),
        "connect_ms": rounded(own.connect_ms),
        "listings_ms": rounded(own.listings_ms),
        "listings_cpu_ms": rounded(own.listings_cpu_ms),
        "peak_mib": rounded(own.peak_mib),
        "bound_by": bound_by,
    });
    let one_client = json!({
        "idle_mib": rounded(shared.idle_mib),
        "connect_ms": rounded(shared.connect_ms),
        "listings_ms": rounded(shared.listings_ms),
        "peak_mib": rounded(shared.peak_mib),
    });
    let figure = Figure { value, ..Figure::new(&TENANTS, 0.0, &[]) };
    Ok(vec![figure.with("one_client", one_client)])
}
