//! What a repeat sync asks for, against a whole listing.

use std::sync::Arc;
use std::time::Instant;

use mattermost_simulator::{ChangeKind, Config, Simulator};
use provider_host::checkpoint::{Checkpoints, MemoryCheckpoints};
use provider_host::{End, Listings as _, Provider, SyncOptions};
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::args::{Source, SyncArgs};
use crate::server::{access, egress};

/// What two syncs took.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Synced {
    /// The first one, which lists everybody.
    pub(crate) whole: Sync,
    /// The one after the changes.
    pub(crate) repeat: Sync,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sync {
    pub(crate) requests: u64,
    /// Those of them that ask who runs a team and which guests are in a single channel, as many for any sync.
    pub(crate) requests_beside: u64,
    pub(crate) wall_ms: f64,
    /// Users who were told as new or as changed.
    pub(crate) told: u64,
    pub(crate) guest_mib: f64,
}

/// Syncs, changes accounts, and syncs again. Requests are counted and nothing is timed that matters, so the server is in
/// this process, where its accounts can be changed.
pub(crate) fn sync(args: &SyncArgs) -> Result<()> {
    super::common::runtime()?.block_on(async {
        let server = Simulator::start(Config { users: args.users, ..Config::default() }).await?;
        let provider = super::common::sandbox(&args.component)?.load_file(&args.component.file)?;
        let store: Arc<dyn Checkpoints> = Arc::new(MemoryCheckpoints::new());
        let whole = sync_once(&server, &provider, &store).await?;
        change(&server, args)?;
        let repeat = sync_once(&server, &provider, &store).await?;
        super::common::print(&Synced { whole, repeat })
    })
}

async fn sync_once(server: &Simulator, provider: &Provider, store: &Arc<dyn Checkpoints>) -> Result<Sync> {
    server.clear_log();
    let began = Instant::now();
    let source = Source { url: server.url(), token: server.tokens().admin.clone(), listing: None };
    let session = provider.connect(access(&source, egress()?)).await?;
    let mut sync = session.sync(SyncOptions::default(), Arc::clone(store), "bench").await?;
    let mut end = None;
    while let Some(step) = sync.next().await {
        end = step?.end;
    }
    if end != Some(End::Complete) {
        return Err("a sync is not complete".into());
    }
    let is_beside = |path: &str| ["in_team=", "/api/v4/teams?", "guest_filter="].iter().any(|part| path.contains(part));
    let beside = server.log().iter().filter(|exchange| is_beside(&exchange.path)).count();
    let progress = sync.progress();
    Ok(Sync {
        requests: server.requests(),
        requests_beside: u64::try_from(beside)?,
        wall_ms: began.elapsed().as_secs_f64() * 1e3,
        told: progress.added + progress.changed,
        guest_mib: super::common::mib(sync.memory_bytes()),
    })
}

/// Changes of every sort that a server tells: who is gone is found by a whole listing alone.
fn change(server: &Simulator, args: &SyncArgs) -> Result<()> {
    for number in 0..args.changes {
        let place = number * (args.users / args.changes);
        let kind = match number % 5 {
            0 => ChangeKind::Rename { place, username: format!("renamed{number}") },
            1 => ChangeKind::Deactivate { place },
            2 => ChangeKind::Promote { place },
            3 => ChangeKind::Use { place },
            _ => ChangeKind::Create { username: format!("new{number}") },
        };
        server.change(kind).ok_or("there is no account to change")?;
    }
    Ok(())
}
