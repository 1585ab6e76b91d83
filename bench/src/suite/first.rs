//! A first listing against the clients that people use today, from a server that takes the time of a real one.

use mattermost_simulator::Costs;
use serde_json::{Map, Value, json};

use super::stage::Stage;
use crate::args::{Driver, Source};
use crate::figure::{FIRST_50K, FIRST_200K, Figure, Key, rounded};
use crate::peers::{self, Installed};
use crate::run::Listed;
use crate::server::Server;
use crate::{Result, tell};

/// The real server's own time.
const REAL: Costs = Costs { faster: 1 };

pub(super) fn measure(stage: &Stage) -> Result<Vec<Figure>> {
    let (mut peers, mut absent) = if stage.with_peers {
        peers::install(&stage.out.join("peers"))?
    } else {
        (Vec::new(), vec!["the other clients were left out".to_owned()])
    };
    let mut figures = Vec::new();
    for (key, (users, faster)) in [&FIRST_50K, &FIRST_200K].into_iter().zip(stage.sizes.first) {
        let servers = Servers::start(users, faster)?;
        let (figure, best) = servers.compare(stage, key, &peers, &mut absent)?;
        figures.push(figure);
        // A larger listing by the slower ones would take minutes each, to show the same.
        peers.retain(|peer| Some(peer.name()) == best.as_deref());
    }
    absent.iter().for_each(|why| tell(why));
    Ok(figures)
}

/// The same accounts three times: in the real server's time, faster, and as fast as it can be.
struct Servers {
    users: u32,
    real: Server,
    faster: (Server, Costs),
    free: Server,
}

impl Servers {
    fn start(users: u32, faster: Costs) -> Result<Self> {
        Ok(Self {
            users,
            real: Server::start_measured(users, Some(REAL))?,
            faster: (Server::start_measured(users, Some(faster))?, faster),
            free: Server::start_measured(users, None)?,
        })
    }

    /// The component by its own choice and by pages, and the other clients; and the name of the fastest of those.
    fn compare(
        &self,
        stage: &Stage,
        key: &'static Key,
        peers: &[Installed],
        absent: &mut Vec<String>,
    ) -> Result<(Figure, Option<String>)> {
        let ours = stage.list(Driver::Component, &self.real.source(), None, false)?;
        let mut requests = 0;
        let by_pages = self.unscaled(|source| {
            let source = Source { listing: Some("pages".to_owned()), ..source };
            let Listed { wall_ms, requests: asked, .. } = stage.list(Driver::Component, &source, None, false)?;
            requests = asked;
            Ok(wall_ms)
        });
        let by_pages = by_pages.map_err(|error| absent.push(format!("our listing by pages: {error}"))).ok();
        let mut theirs: Vec<(&'static str, f64)> = Vec::new();
        for peer in peers {
            match self.unscaled(|source| peer.list(&source, self.users)) {
                Ok(ms) => theirs.push((peer.name(), ms)),
                Err(error) => absent.push(format!("{}: {error}", peer.name())),
            }
        }
        let best = theirs.iter().min_by(|(_, a), (_, b)| a.total_cmp(b)).copied();
        let figure = match best {
            Some((_, ms)) => Figure::new(key, ms / ours.wall_ms, &[ms / ours.wall_ms]),
            None => Figure::missing(key, &absent.join("; ")),
        };
        let by_name: Map<String, Value> =
            theirs.iter().map(|(name, ms)| ((*name).to_owned(), json!(rounded(*ms)))).collect();
        let figure = figure
            .with("users", self.users)
            .with("component_ms", json!(rounded(ours.wall_ms)))
            .with("component_requests", ours.requests)
            .with("component_by_pages_ms", json!(by_pages.map(rounded)))
            .with("component_by_pages_requests", requests)
            .with("peers_ms", by_name)
            .with("best_peer", best.map(|(name, _)| name))
            .with("faster", self.faster.1.faster)
            .with("absent", absent.clone());
        Ok((figure, best.map(|(name, _)| name.to_owned())))
    }

    /// How long a listing would take at the real server, in milliseconds: what it takes without costs, and what a faster
    /// server adds to that, as often as it is faster. What the client itself does is not made longer by that.
    fn unscaled(&self, mut list: impl FnMut(Source) -> Result<f64>) -> Result<f64> {
        let (faster, costs) = &self.faster;
        let (free, slowed) = (list(self.free.source())?, list(faster.source())?);
        Ok(free + (slowed - free).max(0.0) * f64::from(costs.faster))
    }
}
