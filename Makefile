# Every target is a thin wrapper of `npx sse-lab`; `npx sse-lab --help` explains the flags behind the variables.
SHELL := /bin/bash
.DEFAULT_GOAL := help

STAMP := node_modules/.installed
# Flags win over npm settings of the user and of the environment that would install nothing or a part.
NPM_CI := npm ci --include=dev --include=optional --ignore-scripts --no-global --no-workspaces --no-dry-run \
	--no-package-lock-only --install-strategy=hoisted --no-audit --no-fund --loglevel=error
LAB := node harness/cli/sse-lab.mjs
# Taken from make's own command line alone, as typed: a CI's PLATFORM or OUT means something else.
given = $(if $(filter command,$(origin $1)),$(value $1))
quote = '$(subst ','\'',$1)'
flag = $(if $(call given,$1),--$2 $(call quote,$(call given,$1)))
switch = $(if $(call given,$1),--$2)
PLATFORM_FLAG = --platform $(call quote,$(or $(call given,PLATFORM),auto))
REALTIME_FLAGS = $(call switch,CATCH_UP,catch-up) $(call flag,REALTIME_PLAN,realtime-plan) $(call flag,REALTIME_PUBLISH,realtime-publish)
FLAGS = $(PLATFORM_FLAG) $(call flag,TOPOLOGIES,topologies) $(call flag,BOUNCES,bounces) $(call flag,SESSIONS,sessions) \
	$(call flag,RATE,rate) $(call flag,DURATION,duration) \
	$(call flag,ARRIVAL,arrival) $(call flag,PIPELINE,pipeline) $(call flag,WARM_UP,warm-up) $(call flag,REPEAT,repeat) $(call flag,SEED,seed) \
	$(call flag,REPLICAS,replicas) $(call flag,GRACE,grace) $(call flag,GATES,gates) $(call flag,CLIENT,client) $(call flag,ENGINE,engine) \
	$(REALTIME_FLAGS) $(call switch,OVER_QUOTA,over-quota) $(call flag,ATTACH,attach) $(call flag,SERVICE,service) $(call flag,SCENARIO,scenario) $(call flag,OUT,out) $(call given,ARGS)
TOPOLOGY_TARGETS := phase0 naive phase1 phase1-header phase2 phase2-sticky phase2-durable phase3

.PHONY: help loadtest $(TOPOLOGY_TARGETS) down report doctor k6-scripts images conformance test test-fast test-docker test-nodes check bench faults migrate claims storm reference

help: ## Show this help
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14
	@echo "phase...      Stand one topology up: make $(firstword $(TOPOLOGY_TARGETS)), likewise $(wordlist 2,99,$(TOPOLOGY_TARGETS))"
	@echo "Variables go behind the target (make loadtest OUT=dir); those of the environment are not taken."

# The stamp is written last, so an interrupted install is done again.
$(STAMP): package.json package-lock.json
	@command -v node >/dev/null || { echo "node is not installed: install Node.js 20.19 or newer" >&2; exit 2; }
	@[ ! -e node_modules ] || node common/bundle/refuse-running.mjs
	$(NPM_CI)
	@# Builds the bundle that all commands run from.
	@$(LAB) --help >/dev/null
	@touch $@

loadtest: $(STAMP) ## Compare topologies across deploy bounces (TOPOLOGIES=a,b BOUNCES= SESSIONS= RATE= DURATION= REPEAT= SEED= ENGINE=k6 CATCH_UP=1 ...)
	@$(LAB) loadtest $(FLAGS)

$(TOPOLOGY_TARGETS): $(STAMP)
	@$(LAB) up $@ $(PLATFORM_FLAG) $(call flag,REPLICAS,replicas) $(REALTIME_FLAGS)

# Without the stamp once a command has run: it cleans up also while node_modules is old or broken.
down: $(if $(wildcard .sse-lab/bundle/current.json),,$(STAMP)) ## Remove everything that `make phase...` or an interrupted run left
	@$(LAB) down

report: $(STAMP) ## Rebuild the report of RUN (default results/latest) from its raw history
	@$(LAB) report $(call quote,$(or $(call given,RUN),results/latest))

doctor: $(STAMP) ## Say which tools are there, which will be fetched, what is missing
	@$(LAB) doctor

k6-scripts: $(STAMP) ## Write the k6 scripts as one file each, to be copied to any machine that has k6 (OUT, default dist/k6)
	@node --import tsx harness/load/k6/scripts/write-scripts.ts $(call quote,$(or $(call given,OUT),dist/k6))

images: $(STAMP) ## Prepare the container images and say where each comes from
	@$(LAB) images

conformance: $(STAMP) ## Check the Supabase Realtime at REALTIME_URL against the protocol notes; without it, the stand-in
	@$(LAB) conformance $(call given,ARGS)

check: $(STAMP) ## Types, lint (import table included), format, generated files
	npx --no-install tsc -p .
	npx --no-install tsc -p loadtests
	npx --no-install eslint --max-warnings 0 .
	npx --no-install prettier --check --log-level warn .
	node --import tsx harness/report/scripts/write-schema.ts --check
	node --import tsx harness/report/scripts/write-readme-table.ts --check
	node --import tsx harness/report/scripts/write-scale-page.ts --check
	node --import tsx harness/service/scripts/write-generated.ts --check
	node --import tsx harness/claims/scripts/write-claims.ts --check

test: $(STAMP) ## Everything: check, and all tests on real sockets, real Traefik and real Valkey
	@$(MAKE) --no-print-directory -j2 check test-all

# Beside check: the tests that measure come last, when it is over.
test-all: $(STAMP)
	npx --no-install vitest run $(VITEST_FLAGS)

test-fast: $(STAMP) ## The tests that start no router and no broker: under a minute
	npx --no-install vitest run --project 'fast*' $(VITEST_FLAGS)

test-docker: $(STAMP) ## The tests that need a Docker engine: stacks by Pulumi, containers, images
	npx --no-install vitest run --config vitest.docker.config.ts $(VITEST_FLAGS)

NODES := harness/test-setup/nodes
test-nodes: $(STAMP) ## A smoke set of the tests on Node.js 24 and 26
	$(NPM_CI) --prefix $(NODES)
	@for version in 24 26; do \
		bin="$(CURDIR)/$(NODES)/node_modules/node$$version-$$(node -p process.arch)/bin"; \
		[ -x "$$bin/node" ] || { echo "no binary of Node.js $$version for this machine" >&2; exit 2; }; \
		echo "Node.js $$("$$bin/node" --version)"; \
		PATH="$$bin:$$PATH" node node_modules/vitest/vitest.mjs run --config vitest.smoke.config.ts $(VITEST_FLAGS) || exit 1; \
	done

bench: $(STAMP) ## Speed and memory of server, engine, checker and command line, as ratios (never part of the tests)
	node --import tsx server/bench/bench-server.ts
	node --import tsx harness/load/bench/bench-streams.ts
	node --import tsx harness/checker/bench-judge.ts
	node --import tsx harness/cli/bench-start.ts

FAULT_FLAGS = $(call flag,TOPOLOGIES,topologies) $(call flag,BOUNCES,bounces) $(call flag,SESSIONS,sessions) $(call flag,SEED,seed)
faults: $(STAMP) ## Measure every topology under every bounce: what survives what (under an hour; goes on if interrupted)
	@$(LAB) faults $(PLATFORM_FLAG) $(FAULT_FLAGS) $(call flag,OUT,out) $(call given,ARGS)

MIGRATE_FLAGS = $(call flag,SESSIONS,sessions) $(call flag,RATE,rate) $(call flag,PIPELINE,pipeline) $(call flag,REPLICAS,replicas) \
	$(call flag,GRACE,grace) $(call flag,SEED,seed) $(call flag,OUT,out)
migrate: $(STAMP) ## Walk the strategy's migration on one live service, and back (3 minutes)
	@$(LAB) migrate $(MIGRATE_FLAGS) $(call given,ARGS)

claims: $(STAMP) ## Judge the strategy's statements by figures: measures what is missing, writes docs/claims.md (8 minutes)
	@$(LAB) claims --measure $(call given,ARGS)
	node --import tsx harness/claims/scripts/write-claims.ts

# Four settings, one load: everyone is cut at once.
STORM := --topologies phase2 --bounces recreate --grace 0 --sessions 300
storm: $(STAMP) ## Measure the reconnect storm with four settings of jitter and retry (3 minutes)
	rm -rf .sse-lab/storm
	@for setting in "none 1000" "equal 1000" "full 1000" "full 4000"; do \
		set -- $$setting; \
		$(LAB) loadtest $(STORM) --jitter "$$1" --retry-ms "$$2" --out ".sse-lab/storm/$$1-$$2" || [ $$? -le 2 ] || exit; \
	done
	@$(LAB) storm .sse-lab/storm/*

reference: $(STAMP) ## Make the committed reference run, the README's result table and its picture again (15 minutes)
	rm -rf .sse-lab/reference
	@$(LAB) loadtest --topologies phase0,naive,phase1,phase2,phase2-durable --repeat 3 --out .sse-lab/reference
	mkdir -p results/reference
	cp .sse-lab/reference/summary.json .sse-lab/reference/report.md .sse-lab/reference/manifest.json results/reference/
	node --import tsx harness/report/scripts/write-readme-table.ts
	node --import tsx harness/report/scripts/write-scale-page.ts
	node --import tsx harness/report/scripts/write-picture.ts
	node --import tsx harness/claims/scripts/write-claims.ts
