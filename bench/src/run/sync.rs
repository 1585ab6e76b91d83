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

/// What syncs took.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Synced {
    /// One that lists everybody by pages.
    pub(crate) pages: Sync,
    /// The first one, which lists everybody as the provider chooses.
    pub(crate) first: Sync,
    /// The one after the changes.
    pub(crate) repeat: Sync,
    /// The one after one account was deleted for good.
    pub(crate) deletion: Sync,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Sync {
    pub(crate) requests: u64,
    /// Those of them that ask who runs a team and which guests are in a single channel, as many for any sync.
    pub(crate) requests_beside: u64,
    pub(crate) wall_ms: f64,
    /// Users who were reported as new, as changed or as gone.
    pub(crate) found: u64,
    /// Why everybody was listed, if that was so.
    pub(crate) whole: Option<String>,
    pub(crate) guest_mib: f64,
}

/// Syncs, changes accounts, and syncs again. Requests are counted and nothing is timed that matters, so the server is in
/// this process, where its accounts can be changed.
pub(crate) fn sync(args: &SyncArgs) -> Result<()> {
    super::common::runtime()?.block_on(async {
        let server = Simulator::start(Config { users: args.users, ..Config::default() }).await?;
        let provider = super::common::sandbox(&args.component)?.load_file(&args.component.file)?;
        let store = || -> Arc<dyn Checkpoints> { Arc::new(MemoryCheckpoints::new()) };
        let pages = sync_once(&server, &provider, &store(), Some("pages")).await?;
        let kept = store();
        let first = sync_once(&server, &provider, &kept, None).await?;
        change(&server, args)?;
        let repeat = sync_once(&server, &provider, &kept, None).await?;
        server.change(ChangeKind::Delete { place: args.users / 2 }).ok_or("there is no account to delete")?;
        let deletion = sync_once(&server, &provider, &kept, None).await?;
        super::common::print(&Synced { pages, first, repeat, deletion })
    })
}

async fn sync_once(
    server: &Simulator,
    provider: &Provider,
    store: &Arc<dyn Checkpoints>,
    listing: Option<&str>,
) -> Result<Sync> {
    server.clear_log();
    let began = Instant::now();
    let source =
        Source { url: server.url(), token: server.tokens().admin.clone(), listing: listing.map(str::to_owned) };
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
        found: progress.added + progress.changed + progress.gone,
        whole: sync.full_sync_reason().map(|why| why.code().to_owned()),
        guest_mib: super::common::mib(sync.memory_bytes()),
    })
}

/// Changes of every sort but a deletion.
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
