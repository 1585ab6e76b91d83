//! All figures, as a table for a person and as JSON for a program.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::thread::available_parallelism;

use serde_json::{Map, Value, json};

use crate::Result;
use crate::figure::{Figure, Goal};

/// Why a figure is missing that nobody wanted.
pub(crate) const NOT_ASKED_FOR: &str = "not asked for";

pub(crate) struct Summary {
    pub(crate) figures: Vec<Figure>,
    /// What criterion measured, in microseconds, by name.
    pub(crate) parts: Map<String, Value>,
    pub(crate) is_quick: bool,
    pub(crate) seconds: f64,
}

impl Summary {
    /// The values by key, and everything else below `details`.
    pub(crate) fn json(&self) -> Value {
        let mut all: Map<String, Value> =
            self.figures.iter().map(|figure| (figure.key.name.to_owned(), figure.value.clone())).collect();
        let details: Map<String, Value> =
            self.figures.iter().map(|figure| (figure.key.name.to_owned(), self.details(figure))).collect();
        all.insert("details".to_owned(), details.into());
        all.insert("parts".to_owned(), self.parts.clone().into());
        all.insert("quick".to_owned(), self.is_quick.into());
        all.insert("seconds".to_owned(), self.seconds.round().into());
        all.insert("machine".to_owned(), machine());
        all.into()
    }

    fn details(&self, figure: &Figure) -> Value {
        let mut details = figure.more.clone();
        for (name, value) in [
            ("value", figure.value.clone()),
            ("unit", figure.key.unit.into()),
            ("goal", goal(figure.key.goal).into()),
            ("met", self.is_met(figure).into()),
            ("how", figure.key.how.into()),
            ("samples", figure.samples.clone().into()),
            ("why", figure.why.clone().into()),
        ] {
            details.insert(name.to_owned(), value);
        }
        details.into()
    }

    /// Small numbers that were measured once reach no goal.
    fn is_met(&self, figure: &Figure) -> Option<bool> {
        figure.is_met().filter(|_| !self.is_quick)
    }

    /// A row for each figure that was asked for.
    pub(crate) fn table(&self) -> String {
        let mut table = String::new();
        let mut row = |name: &str, value: &str, unit: &str, goal: &str, met: &str| {
            // Nothing goes wrong where text is put into memory.
            let _ = writeln!(table, "{:<60}", format!("{name:<28}{value:>12} {unit:<6}{goal:>10}  {met}").trim_end());
        };
        row("figure", "value", "", "goal", "");
        for figure in self.figures.iter().filter(|figure| figure.why.as_deref() != Some(NOT_ASKED_FOR)) {
            let met = match (self.is_met(figure), &figure.why) {
                (Some(true), _) => "met",
                (Some(false), _) => "not met",
                (None, Some(why)) => why,
                (None, None) => "",
            };
            if let Value::Object(fields) = &figure.value {
                row(figure.key.name, "", "", "", met);
                for (name, value) in fields {
                    row(&format!("  {name}"), &shown(value), "", "", "");
                }
            } else {
                row(figure.key.name, &shown(&figure.value), figure.key.unit, &goal(figure.key.goal), met);
            }
        }
        for (name, value) in &self.parts {
            row(&format!("  {name}"), &shown(value), "µs", "", "");
        }
        table
    }

    pub(crate) fn write(&self, path: &Path) -> Result<()> {
        Ok(fs::write(path, serde_json::to_string_pretty(&self.json())? + "\n")?)
    }
}

fn goal(goal: Goal) -> String {
    match goal {
        Goal::AtMost(most) => format!("≤ {most}"),
        Goal::AtLeast(least) => format!("≥ {least}"),
        Goal::None => String::new(),
    }
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".to_owned(),
        other @ (Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_)) => other.to_string(),
    }
}

/// Where it was measured. The load before a run shows whether others used the machine.
fn machine() -> Value {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let processor = read("/proc/cpuinfo");
    let processor = processor.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    json!({
        "cores": available_parallelism().map_or(0, usize::from),
        "processor": processor.map(|(_, name)| name.trim()),
        "kernel": read("/proc/sys/kernel/osrelease").trim(),
    })
}
