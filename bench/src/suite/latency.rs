//! The component against the clients that people use today, over a slow line.

use serde_json::{Map, Value, json};

use super::stage::Stage;
use crate::args::Driver;
use crate::figure::{Figure, LATENCY_SPEEDUP, all_rounded, median, rounded};
use crate::peers::{self, Installed};
use crate::server::Server;
use crate::{Result, tell};

/// What every answer takes beside the work itself.
const LATENCY_MS: u64 = 20;

pub(super) fn measure(stage: &Stage) -> Result<Vec<Figure>> {
    let (peers, mut absent) = if stage.with_peers {
        peers::install(&stage.out.join("peers"))?
    } else {
        (Vec::new(), vec!["the other clients were left out".to_owned()])
    };
    let server = Server::start(stage.sizes.latency_users, LATENCY_MS)?;
    let source = server.source();
    let (mut ours, mut requests) = (Vec::new(), Vec::new());
    let mut theirs: Vec<(Installed, Vec<f64>)> = peers.into_iter().map(|peer| (peer, Vec::new())).collect();
    for _ in stage.runs() {
        let listed = stage.list(Driver::Component, &source, None, false)?;
        ours.push(listed.wall_ms);
        requests.push(listed.requests);
        theirs.retain_mut(|(peer, times)| match peer.list(&source, stage.sizes.latency_users) {
            Ok(wall_ms) => {
                times.push(wall_ms);
                true
            }
            Err(error) => {
                absent.push(format!("{}: {error}", peer.name()));
                false
            }
        });
    }
    absent.iter().for_each(|why| tell(why));
    let medians = theirs.iter().map(|(peer, times)| (peer.name().to_owned(), median(times)));
    let Some((name, best)) = medians.min_by(|(_, a), (_, b)| a.total_cmp(b)) else {
        let why = absent.join("; ");
        return Ok(vec![Figure::missing(&LATENCY_SPEEDUP, &why).with("component_ms", all_rounded(&ours))]);
    };
    let by_name: Map<String, Value> =
        theirs.iter().map(|(peer, times)| (peer.name().to_owned(), all_rounded(times).into())).collect();
    let speedups: Vec<_> = ours.iter().map(|ours| best / ours).collect();
    Ok(vec![
        Figure::new(&LATENCY_SPEEDUP, best / median(&ours), &speedups)
            .with("component_ms", all_rounded(&ours))
            .with("component_requests", requests)
            .with("peers_ms", by_name)
            .with("best_peer", name)
            .with("best_peer_ms", json!(rounded(best)))
            .with("absent", absent),
    ])
}
