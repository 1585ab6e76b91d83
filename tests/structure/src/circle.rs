//! Circles: files that import one another, directly or by way of others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The shortest circle through each file that is in one, each circle once; the first file is not repeated at the end.
#[must_use]
pub fn circles(imports: &BTreeMap<PathBuf, BTreeSet<PathBuf>>) -> Vec<Vec<PathBuf>> {
    let mut found: BTreeMap<BTreeSet<PathBuf>, Vec<PathBuf>> = BTreeMap::new();
    for file in imports.keys() {
        if let Some(circle) = shortest(imports, file) {
            found.entry(circle.iter().cloned().collect()).or_insert(circle);
        }
    }
    found.into_values().collect()
}

/// The shortest way from this file back to it.
fn shortest(imports: &BTreeMap<PathBuf, BTreeSet<PathBuf>>, start: &PathBuf) -> Option<Vec<PathBuf>> {
    let mut ways = vec![vec![start.clone()]];
    let mut reached = BTreeSet::new();
    while !ways.is_empty() {
        let mut longer = Vec::new();
        for way in ways {
            for next in way.last().and_then(|last| imports.get(last)).into_iter().flatten() {
                if next == start {
                    return Some(way);
                }
                if reached.insert(next.clone()) {
                    let mut way = way.clone();
                    way.push(next.clone());
                    longer.push(way);
                }
            }
        }
        ways = longer;
    }
    None
}
