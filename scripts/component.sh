#!/usr/bin/env bash
# Builds the component and puts it at dist/mattermost-provider.wasm. Called by `make component`.
. "$(dirname "$0")/wasm.sh"

component=dist/mattermost-provider.wasm
wasm_cargo rustc -p mattermost-component --lib --crate-type cdylib
publish "$built/mattermost_component.wasm" "$component"
echo "component: $component, $(wc -c <"$component") bytes" >&2
