//! What was counted for the recorder of metrics.

use metrics_util::debugging::{DebugValue, DebuggingRecorder};

/// What counters show after this work on this thread, in order: the name of each, its labels, and its value.
#[must_use]
pub fn counters(work: impl FnOnce()) -> Vec<(String, String, u64)> {
    let recorder = DebuggingRecorder::new();
    metrics::with_local_recorder(&recorder, work);
    let metrics = recorder.snapshotter().snapshot().into_vec().into_iter();
    let mut counters: Vec<_> = metrics
        .filter_map(|(key, _, _, value)| match value {
            DebugValue::Counter(count) => {
                let labels: Vec<_> = key.key().labels().map(|label| label.value()).collect();
                Some((key.key().name().to_owned(), labels.join(" "), count))
            }
            DebugValue::Gauge(_) | DebugValue::Histogram(_) => None,
        })
        .collect();
    counters.sort();
    counters
}

/// The same, each as one line.
#[must_use]
pub fn counted(work: impl FnOnce()) -> Vec<String> {
    counters(work).iter().map(|(name, labels, count)| format!("{name} {labels} {count}")).collect()
}
