# Every command of the project; CI calls the same ones. What shell would do badly is in xtask/.

# Built dependencies are shared by all clones on a machine; what is made for one clone stays in its own target/.
export CARGO_TARGET_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/scrip/target

XTASK = cargo run --quiet --package xtask --

.DEFAULT_GOAL := help
.PHONY: help run test check e2e providers-check bench chaos demo-reset watch tools

help: ## List these commands
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | while IFS='|' read -r name text; do printf '%-18s %s\n' "$$name" "$$text"; done

run: tools ## Install what is missing, start a private PostgreSQL, load the demo, serve on http://127.0.0.1:3000
	@$(XTASK) run

test: tools ## Everything that CI needs: formatting, lints, layers, unit, database and browser tests
	@$(XTASK) test

check: tools ## The quick part of it: formatting, lints, layers, documentation
	@$(XTASK) lint

e2e: tools ## The browser tests alone; ARGS="pricing.spec.ts --headed" is passed on to Playwright
	@$(XTASK) e2e $(ARGS)

providers-check: tools ## The test modes of Stripe and YooKassa themselves, where their keys are in the environment; else they are skipped
	@$(XTASK) providers-check

bench: tools ## Charges a second beside pgbench, in one run (release build); ARGS="--only http" measures one part
	@$(XTASK) bench $(ARGS)

chaos: tools ## Kill servers, PostgreSQL and connections under load; ROUNDS=200 SEED=7 STORM=600 says how often, repeats a run, and how long
	@ROUNDS=$(ROUNDS) SEED=$(SEED) STORM=$(STORM) $(XTASK) chaos

demo-reset: tools ## Throw away the database of `make run`; the next run makes a new one
	@$(XTASK) db reset

watch: tools ## Serve, and build again on every change (by cargo-leptos, installed when missing)
	@$(XTASK) watch

# What has to be there before anything can be built.
tools:
	@for tool in cargo cc node npm; do \
		command -v $$tool >/dev/null || { echo "error: $$tool is missing: install Rust (https://rustup.rs), a C compiler and Node.js 20 or later" >&2; exit 1; }; \
	done
	@mkdir -p "$(CARGO_TARGET_DIR)" && [ -x "$(CARGO_TARGET_DIR)/debug/xtask" ] || echo "==> Building the project's own tool (a minute, once)"
# cargo tells the crates of two clones apart by the age of their files alone, so what another clone built here must look old.
# A target folder for each clone would need no such rule, but costs 6 GB of dependencies and ten minutes until the first
# page, where a shared one costs a minute (README). cargo has nothing between the two: `build.build-dir` shares or parts
# workspace and dependencies together, and `rustc-workspace-wrapper`, which parts them, is what clippy itself sets.
	@[ "$$(cat "$(CARGO_TARGET_DIR)/last-clone" 2>/dev/null)" = "$(CURDIR)" ] || { \
		find app bench end2end/doubles frontend server wallet xtask -name '*.rs' -not -path '*/node_modules/*' -exec touch {} + && \
		printf '%s' "$(CURDIR)" >"$(CARGO_TARGET_DIR)/last-clone"; }
