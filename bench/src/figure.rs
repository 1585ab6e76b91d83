//! The figures: their keys, their goals, and what was measured.

use serde_json::{Map, Value, json};

/// The goal of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// It is reported without a goal.
    None,
}

/// A figure that is measured.
#[derive(Debug, PartialEq)]
pub(crate) struct Key {
    /// Its name in summary.json.
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) goal: Goal,
    /// What is measured, and how.
    pub(crate) how: &'static str,
}

pub(crate) static NATIVE_RATIO: Key = Key {
    name: "native_ratio_100k",
    unit: "ratio",
    goal: Goal::AtMost(1.15),
    how: "wall time of listing 100,000 users over loopback, component divided by native: medians of runs in turn, each in \
          a process of its own, from before the first request to after the last user was written to /dev/null as JSON; \
          loading the component comes before and is not in it; both make the same records, as a digest shows",
};
pub(crate) static CPU_RATIO: Key = Key {
    name: "cpu_ratio_100k",
    unit: "ratio",
    goal: Goal::AtMost(1.3),
    how: "user and system time of the listing process between the same two points, component divided by native: medians \
          of the same runs",
};
pub(crate) static LATENCY_SPEEDUP: Key = Key {
    name: "latency_speedup_20k",
    unit: "times",
    goal: Goal::AtLeast(8.0),
    how: "20,000 users from a server that takes 20 ms to answer: the fastest other client's median wall time for the bare \
          list, without the start of its interpreter and its imports, divided by the component's with activity and team \
          administrators",
};
pub(crate) static GROWTH: Key = Key {
    name: "growth_1m",
    unit: "ratio",
    goal: Goal::AtMost(1.1),
    how: "user and system time of the listing process per user, at 1,000,000 users divided by at 10,000: medians; the \
          server's time is in another process, while wall time would hold what the two processes wait for each other",
};
pub(crate) static RSS: Key = Key {
    name: "rss_mib_1m",
    unit: "MiB",
    goal: Goal::AtMost(64.0),
    how: "the most resident memory (VmHWM) of a host's process that loads the component from the cache and streams \
          1,000,000 users to a file: the largest of the runs. peak_mib of cold_ms is that of a process which compiles",
};
pub(crate) static GUEST: Key = Key {
    name: "guest_mib_1m",
    unit: "MiB",
    goal: Goal::AtMost(16.0),
    how: "the largest linear memory of the guest in the same runs",
};
pub(crate) static COLD: Key = Key {
    name: "cold_ms",
    unit: "ms",
    goal: Goal::AtMost(250.0),
    how: "in a fresh process, from before the engine is set up, through reading and compiling the component's file, to \
          the first answer of describe: median",
};
pub(crate) static WARM: Key = Key {
    name: "warm_ms",
    unit: "ms",
    goal: Goal::AtMost(3.0),
    how: "the same with the component in the cache of compiled components: median",
};
pub(crate) static INSTANTIATE: Key = Key {
    name: "instantiate_us",
    unit: "µs",
    goal: Goal::AtMost(20.0),
    how: "a place in the pool, a store and a fresh instance, one after another in one process: median of the processes' \
          medians; round_trip_us has giving the instance back as well",
};
pub(crate) static SWAP_PAUSE: Key = Key {
    name: "swap_pause_us",
    unit: "µs",
    goal: Goal::AtMost(200.0),
    how: "the longest that a caller waited, who asked without pause for the version in use, in all calls that overlapped \
          with a switch; nothing else ran. While listings run the same wait holds the machine's own, which is shown by as \
          long a time beside each switch",
};
pub(crate) static TENANTS: Key = Key {
    name: "tenants_1000",
    unit: "",
    goal: Goal::None,
    how: "1,000 tenants of one provider in a registry, each with a client of its own: resident memory with all of them \
          idle, then a listing of 50 users by each, 32 at a time",
};
pub(crate) static COMPONENT_SIZE: Key = Key {
    name: "component_kib",
    unit: "KiB",
    goal: Goal::AtMost(160.0),
    how: "the size of the component's file, with its description in it",
};
pub(crate) static REPEAT_SYNC: Key = Key {
    name: "repeat_sync_requests_200k",
    unit: "ratio",
    goal: Goal::AtMost(0.06),
    how: "requests of a repeat sync of 200,000 users of whom 100 changed, divided by those of a listing by pages; \
          without_teams_and_guests leaves out of both what any sync asks about teams and guests",
};
pub(crate) static DELETION_SYNC: Key = Key {
    name: "deletion_sync_requests_200k",
    unit: "ratio",
    goal: Goal::AtMost(0.12),
    how: "the same for a sync after one account was deleted for good",
};

pub(crate) static FIRST_50K: Key = Key {
    name: "first_listing_50k",
    unit: "times",
    goal: Goal::AtLeast(10.0),
    how: "a first listing of 50,435 users from a simulated server that answers in the time of a real 11.6, where everybody is \
          in one team: the fastest other client's bare list divided by the component's with activity and team \
          administrators, one run of each. What takes long is measured at a faster server and reckoned to its own time: \
          faster tells by how much, and the time that the same listing takes without costs is left as it is",
};
pub(crate) static FIRST_200K: Key = Key {
    name: "first_listing_200k",
    unit: "times",
    goal: Goal::AtLeast(30.0),
    how: "the same with 200,435 users, against the client that was the fastest with 50,435",
};

/// Every figure, in the order of the table.
pub(crate) static ALL: [&Key; 16] = [
    &NATIVE_RATIO,
    &CPU_RATIO,
    &LATENCY_SPEEDUP,
    &GROWTH,
    &RSS,
    &GUEST,
    &COLD,
    &WARM,
    &INSTANTIATE,
    &SWAP_PAUSE,
    &TENANTS,
    &COMPONENT_SIZE,
    &REPEAT_SYNC,
    &DELETION_SYNC,
    &FIRST_50K,
    &FIRST_200K,
];

/// What was measured for a key.
#[derive(Clone, Debug)]
pub(crate) struct Figure {
    pub(crate) key: &'static Key,
    /// A number; an object for [`TENANTS`]; null if nothing was measured.
    pub(crate) value: Value,
    pub(crate) samples: Vec<f64>,
    /// Why nothing was measured.
    pub(crate) why: Option<String>,
    /// Other values, by name.
    pub(crate) more: Map<String, Value>,
}

impl Figure {
    pub(crate) fn new(key: &'static Key, value: f64, samples: &[f64]) -> Self {
        let samples = samples.iter().copied().map(rounded).collect();
        Self { key, value: json!(rounded(value)), samples, why: None, more: Map::new() }
    }

    pub(crate) fn missing(key: &'static Key, why: &str) -> Self {
        Self { key, value: Value::Null, samples: Vec::new(), why: Some(why.to_owned()), more: Map::new() }
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.more.insert(name.to_owned(), value.into());
        self
    }

    /// Whether it reaches its goal; `None` if it has no goal or nothing was measured.
    pub(crate) fn is_met(&self) -> Option<bool> {
        let value = self.value.as_f64()?;
        match self.key.goal {
            Goal::AtMost(most) => Some(value <= most),
            Goal::AtLeast(least) => Some(value >= least),
            Goal::None => None,
        }
    }
}

/// Rounds to four digits: more would only be noise.
pub(crate) fn rounded(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}

/// Rounds each to four digits.
pub(crate) fn all_rounded(values: &[f64]) -> Vec<f64> {
    values.iter().copied().map(rounded).collect()
}

pub(crate) fn median(values: &[f64]) -> f64 {
    percentile(values, 50)
}

/// The smallest value that at least `percent` percent of the values do not exceed; 0 if there are none.
pub(crate) fn percentile(values: &[f64], percent: usize) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100);
    sorted.get(rank.saturating_sub(1)).copied().unwrap_or_default()
}

/// The largest value; 0 if there are none.
pub(crate) fn largest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_were_measured() {
        let cases: [(&[f64], usize, f64); 8] = [
            (&[], 50, 0.0),
            (&[3.0], 50, 3.0),
            (&[3.0], 95, 3.0),
            (&[5.0, 1.0, 3.0], 50, 3.0),
            (&[4.0, 1.0, 3.0, 2.0], 50, 2.0),
            (&[5.0, 4.0, 3.0, 2.0, 1.0], 95, 5.0),
            (&[5.0, 4.0, 3.0, 2.0, 1.0], 20, 1.0),
            (&[5.0, 4.0, 3.0, 2.0, 1.0], 100, 5.0),
        ];
        for (values, percent, expect) in cases {
            assert_eq!(percentile(values, percent), expect, "{percent} of {values:?}");
        }
    }

    #[test]
    fn a_goal_is_met_at_its_very_value() {
        for (key, value, expect) in [
            (&NATIVE_RATIO, 1.15, Some(true)),
            (&NATIVE_RATIO, 1.16, Some(false)),
            (&LATENCY_SPEEDUP, 8.0, Some(true)),
            (&LATENCY_SPEEDUP, 7.99, Some(false)),
            (&TENANTS, 1.0, None),
        ] {
            assert_eq!(Figure::new(key, value, &[]).is_met(), expect, "{} {value}", key.name);
        }
        assert_eq!(Figure::missing(&NATIVE_RATIO, "not measured").is_met(), None);
    }

    #[test]
    fn four_digits_are_kept() {
        for (value, expect) in [(0.0, 0.0), (1.23456, 1.235), (123_456.0, 123_500.0), (0.000_123_456, 0.000_123_5)] {
            assert_eq!(rounded(value), expect);
        }
    }
}
