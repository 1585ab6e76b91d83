# What a developer types is what CI runs. `make demo` and `make test` install whatever is missing.
.DEFAULT_GOAL := help
.PHONY: help demo test browser dist bench component components command check dependencies advisories cargo-deny spelling fuzz smoke miri fmt toolchain nginx

RELEASE := --release --locked
CARGO_DENY := 0.20.2
WASM := --profile component --target wasm32-wasip2
COMPONENTS := tests/components/Cargo.toml
PROVIDERCTL := $${CARGO_TARGET_DIR:-target}/release/providerctl
BESIDE := $${CARGO_TARGET_DIR:-target}/release/mattermost-provider.wasm
TARGET := $(abspath $(or $(CARGO_TARGET_DIR),target))
BENCH := $(TARGET)/bench
DIST := $(TARGET)/dist

help: ## Show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

demo: component ## Build everything and list the users of an embedded Mattermost server
	$(PROVIDERCTL) demo

test: component components smoke nginx ## Build everything and run every test
	cargo test $(RELEASE) --workspace
	scripts/browser.sh

# Chromium is Debian's; the libraries come from the Node registry, in fixed versions.
browser: component ## Open reports in Chromium: no script, no request, no serious fault of access
	scripts/browser.sh

dist: component ## Put the command, the component, manual pages and completions into target/dist
	mkdir -p $(DIST)/completions
	cp $(PROVIDERCTL) dist/mattermost-provider.wasm README.md LICENSE-APACHE LICENSE-MIT $(DIST)
	$(PROVIDERCTL) man $(DIST)/man/man1
	for shell in bash zsh fish; do $(PROVIDERCTL) completions $$shell > $(DIST)/completions/providerctl.$$shell || exit 1; done

# One small test is asked for too, as below.
bench: component ## Measure the component: against its goals, native code and other clients; in target/bench/summary.json
	cargo build $(RELEASE) --workspace --bin provider-bench --test recorded
	CRITERION_HOME=$(BENCH)/parts cargo bench --profile release --locked --workspace --bench parts
	$(TARGET)/release/provider-bench --out $(BENCH) --parts $(BENCH)/parts $(BENCH_OPTIONS)

# The command runs the component beside itself and none that lies anywhere else, so a copy goes there.
component: command ## Build dist/mattermost-provider.wasm
	scripts/component.sh
	$(PROVIDERCTL) seal dist/mattermost-provider.wasm --licenses "MIT OR Apache-2.0" \
		--revision "$$(git describe --always --abbrev=40 --dirty 2>/dev/null || echo unknown)"
	cp dist/mattermost-provider.wasm $(BESIDE).new && mv $(BESIDE).new $(BESIDE)

# One small test is asked for too: cargo then resolves the features of dependencies as for `make test`, and compiles
# wasmtime once for both.
command: toolchain ## Build providerctl
	cargo build $(RELEASE) --workspace --bin providerctl --test recorded

# The tests put one in front of a server; nothing else needs it.
nginx:
	@scripts/nginx.sh

components: toolchain ## Build dist/tests: components that misbehave, and other versions
	scripts/components.sh

check: component ## Formatting, lints and documentation, with warnings as errors
	cargo fmt --all --check
	cargo fmt --manifest-path $(COMPONENTS) --check
	cargo clippy $(RELEASE) --workspace --all-targets -- -D warnings
	if [ -d "$$(rustc --print sysroot)/lib/rustlib/wasm32-wasip2/lib" ]; then \
		cargo clippy --locked -p mattermost-component -p mattermost-provider -p provider-sdk --lib $(WASM) -- -D warnings && \
		cargo clippy --locked --manifest-path $(COMPONENTS) --target-dir $${CARGO_TARGET_DIR:-target} --lib --examples $(WASM) -- -D warnings; \
	fi
	RUSTDOCFLAGS=-Dwarnings cargo doc $(RELEASE) --workspace --no-deps
	cargo test $(RELEASE) --workspace --test world
	$(MAKE) --no-print-directory dependencies spelling
	@if cargo +nightly miri --version >/dev/null 2>&1; then scripts/miri.sh; else echo "Miri is not installed: left out"; fi

spelling: ## Look for misspelt words
	scripts/spelling.sh

# The sources and licences of all dependencies; the database of weaknesses needs a network and has a target of its own.
dependencies: cargo-deny
	cargo deny --workspace --locked check bans licenses sources

advisories: cargo-deny ## Hold the dependencies against the RustSec database
	cargo deny --workspace --locked check advisories

# An older one than this does not read deny.toml.
cargo-deny:
	@cargo deny --version >/dev/null 2>&1 || cargo install cargo-deny --locked --version "$(CARGO_DENY)"

fuzz: ## Fuzz every parser for ten minutes each; wants the nightly toolchain and cargo-fuzz
	fuzz/run.sh

smoke: ## Run each fuzz target a thousand times from a fixed seed; stable Rust is enough
	fuzz/smoke.sh

miri: ## Run the allocator, the list of ids and the JSON reader under Miri, for an hour at most
	scripts/miri.sh

fmt: ## Format the code
	cargo fmt --all
	cargo fmt --manifest-path $(COMPONENTS)

toolchain:
	@command -v cargo >/dev/null || { echo "cargo is missing: install Rust 1.95 or later from https://rustup.rs" >&2; exit 1; }
	@command -v cc >/dev/null || { echo "a C compiler is missing: apt-get install gcc" >&2; exit 1; }
