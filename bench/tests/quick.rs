//! The bench itself, with small numbers: what it measures says nothing, and that it measures everything does.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// Every key of the summary, and whether a quick run without the other clients measures it.
const KEYS: [(&str, bool); 16] = [
    ("native_ratio_100k", true),
    ("cpu_ratio_100k", true),
    ("latency_speedup_20k", false),
    ("growth_1m", true),
    ("rss_mib_1m", true),
    ("guest_mib_1m", true),
    ("cold_ms", true),
    ("warm_ms", true),
    ("instantiate_us", true),
    ("swap_pause_us", true),
    ("tenants_1000", true),
    ("component_kib", true),
    ("repeat_sync_requests_200k", true),
    ("deletion_sync_requests_200k", true),
    ("first_listing_50k", false),
    ("first_listing_200k", false),
];

#[test]
fn a_quick_run_measures_everything_and_calls_no_goal_met() {
    let component = Path::new(env!("CARGO_MANIFEST_DIR")).join("../dist/mattermost-provider.wasm");
    let out = Path::new(env!("CARGO_TARGET_TMPDIR")).join("quick");
    let mut command = Command::new(env!("CARGO_BIN_EXE_provider-bench"));
    command.args(["--quick", "--without-peers", "--component"]).arg(component).arg("--out").arg(&out);
    let ran = command.output().unwrap();
    let stderr = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{stderr}");

    let summary: Value = serde_json::from_slice(&fs::read(out.join("summary.json")).unwrap()).unwrap();
    let (table, details) = (String::from_utf8(ran.stdout).unwrap(), &summary["details"]);
    for (key, is_measured) in KEYS {
        let (value, detail) = (&summary[key], &details[key]);
        assert!(detail.is_object() && detail["value"] == *value, "{key}: {detail}");
        assert_eq!(value.is_null(), !is_measured, "{key}: {detail}\n{stderr}");
        assert_eq!(detail["why"].is_null(), is_measured, "{key} says why it is missing: {detail}");
        assert!(detail["met"].is_null(), "{key}");
        assert!(table.contains(key), "{key} in\n{table}");
    }
    let ratio = &details["native_ratio_100k"];
    assert_eq!(ratio["users"], 1_000, "{ratio}");
    assert_eq!(ratio["digest"].as_str().unwrap().len(), 16, "the component and the native code list the same: {ratio}");
}
