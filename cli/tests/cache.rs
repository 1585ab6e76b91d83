//! The command's cache of compiled components.
#![cfg(unix)]

use std::fs::Permissions;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::Command;

const COMPONENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../dist/mattermost-provider.wasm");

#[test]
fn a_component_is_compiled_once_and_cached_for_this_user_only() {
    let place = std::env::temp_dir().join(format!("providerctl-cache-{}", std::process::id()));
    let folder = place.join("providerctl");
    let describe = |more: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_providerctl"))
            .args(["describe", "--component", COMPONENT])
            .args(more)
            .env("XDG_CACHE_HOME", &place)
            .output()
            .unwrap();
        let (out, said) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""), "{out}");
        out
    };
    let kept = || -> Vec<_> {
        let mut kept: Vec<_> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap())
            .map(|entry| (entry.file_name(), entry.metadata().unwrap().ino()))
            .collect();
        kept.sort();
        kept
    };
    let text = describe(&["--no-cache"]);
    assert!(!place.exists(), "nothing is cached with --no-cache");
    assert_eq!(describe(&[]), text);
    let first = kept();
    assert_eq!(first.len(), 2, "the compiled component and the key of its checksum");
    assert_eq!(describe(&[]), text);
    assert_eq!(kept(), first, "it is not written again");
    std::fs::set_permissions(&folder, Permissions::from_mode(0o755)).unwrap();
    assert_eq!(describe(&[]), text, "a folder that others may read is left alone, and nothing is reported");
    assert_eq!(kept(), first);
    std::fs::remove_dir_all(place).unwrap();
}
