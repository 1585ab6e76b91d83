//! A counter of components that were loaded. It goes to the recorder that the embedder has installed for the crate `metrics`,
//! if any.

/// Where the code of a component came from.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Source {
    Compiler,
    Cache,
    /// Another load of the same component, at the same time.
    Shared,
}

/// Counts a component that was loaded.
pub(crate) fn loaded(from: Source) {
    let from = match from {
        Source::Compiler => "compiler",
        Source::Cache => "cache",
        Source::Shared => "shared",
    };
    metrics::counter!("provider_components_loaded_total", "from" => from).increment(1);
}
