//! The component against the same code without a sandbox.

use serde_json::json;

use super::stage::Stage;
use crate::Result;
use crate::args::{Driver, Source};
use crate::figure::{CPU_RATIO, Figure, NATIVE_RATIO, all_rounded, median, rounded};
use crate::run::Listed;
use crate::server::Server;

/// How often the two are compared before they are taken to differ: an account may have become inactive in between.
const COMPARISONS: u32 = 3;

pub(super) fn measure(stage: &Stage) -> Result<Vec<Figure>> {
    let mut server = Server::start(stage.sizes.ratio_users, 0)?;
    let source = server.source();
    let digest = compare(stage, &source)?;
    let (mut component, mut native, mut shares) = (Vec::new(), Vec::new(), Vec::new());
    for _ in stage.runs() {
        for (driver, runs) in [(Driver::Component, &mut component), (Driver::Native, &mut native)] {
            let before = server.served()?.cpu_ms;
            let listed = stage.list(driver, &source, None, false)?;
            shares.push((server.served()?.cpu_ms - before) / listed.wall_ms);
            runs.push(listed);
        }
    }
    let of = |runs: &[Listed], get: fn(&Listed) -> f64| runs.iter().map(get).collect::<Vec<_>>();
    let figure = |key, get: fn(&Listed) -> f64| {
        let (ours, theirs) = (of(&component, get), of(&native, get));
        let pairs: Vec<_> = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
        Figure::new(key, median(&ours) / median(&theirs), &pairs)
            .with("component_ms", all_rounded(&ours))
            .with("native_ms", all_rounded(&theirs))
    };
    let requests = |runs: &[Listed]| runs.iter().map(|listed| listed.requests).collect::<Vec<_>>();
    Ok(vec![
        figure(&NATIVE_RATIO, |listed| listed.wall_ms)
            .with("users", component.first().map_or(0, |listed| listed.users))
            .with("digest", digest)
            .with("component_requests", requests(&component))
            .with("native_requests", requests(&native))
            .with("server_cores_used", json!(rounded(median(&shares)))),
        figure(&CPU_RATIO, |listed| listed.cpu_ms),
    ])
}

/// Lists once with each, which warms the server as well, and returns the digest of the users, which is the same.
fn compare(stage: &Stage, source: &Source) -> Result<String> {
    let path = stage.out.join("users.ndjson");
    let mut why = String::new();
    for _ in 0..COMPARISONS {
        let component = stage.list(Driver::Component, source, Some(&path), true)?;
        let native = stage.list(Driver::Native, source, Some(&path), true)?;
        std::fs::remove_file(&path)?;
        if (component.users, &component.digest) == (native.users, &native.digest) {
            return component.digest.ok_or_else(|| "no digest was made".into());
        }
        why = format!("the component listed {} users and the native code {}", component.users, native.users);
    }
    Err(format!("the two do not list the same: {why}").into())
}
