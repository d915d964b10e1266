.DEFAULT_GOAL := help
SHELL := /bin/bash

# Every module of the workspace. `./...` at the root matches none of them, so the go command takes the `work` pattern and
# tools that know only modules loop over this.
MODULES := $(patsubst %/go.mod,%,$(wildcard pkg/go.mod services/*/go.mod cmd/*/go.mod e2e/go.mod))

# Test packages run side by side: each opens its own schema and virtual host, so more than a few only wait for each other.
TEST_PACKAGES ?= $(shell n=$$(nproc 2>/dev/null || echo 2); [ $$n -gt 4 ] && echo 4 || echo $$n)
TEST_FLAGS ?=
FUZZTIME ?= 10s
SCHEDULES ?= 100000

GOLANGCI_VERSION := v2.15.0
GOLANGCI := $(CURDIR)/bin/tools/golangci-lint-$(GOLANGCI_VERSION)
GOVULNCHECK_VERSION := v1.9.0
GOVULNCHECK := $(CURDIR)/bin/tools/govulncheck-$(GOVULNCHECK_VERSION)

# Commits of a clone that git does not trust must not break a build, and binaries must not differ from commit to commit.
export GOFLAGS := -buildvcs=false $(GOFLAGS)

##@ Use it

.PHONY: run
run: deps ## Start everything in the foreground with its logs; Ctrl-C stops it
	@bash deployments/local/run.sh run

.PHONY: up
up: deps ## Start everything in the background; again: restarts what died or changed
	@bash deployments/local/run.sh up

.PHONY: down
down: ## Stop what `make up` or `make run` started
	@bash deployments/local/run.sh down

.PHONY: demo
demo: up ## Show a customer travelling in both directions
	@bash deployments/local/demo.sh

.PHONY: deps
deps: ## Make PostgreSQL and RabbitMQ available: what listens, else Docker, else Debian's packages
	@bash deployments/local/deps.sh up

.PHONY: deps-down
deps-down: ## Stop what `make deps` started; its data stays
	@bash deployments/local/deps.sh down

##@ Change it

.PHONY: build
build: ## Compile every program into bin/
	@mkdir -p bin
	go build -trimpath -o bin/ work

.PHONY: test
test: deps ## Run all tests with the race detector
	@bash deployments/ci/test.sh -shuffle=on -p $(TEST_PACKAGES) -timeout 15m $(TEST_FLAGS) work

.PHONY: test-short
test-short: ## Run the tests of pkg/record and pkg/event, which need no server
	go test -shuffle=on ./pkg/record/... ./pkg/event/...

.PHONY: test-long
test-long: deps ## Play the protocol through SCHEDULES (100000) random schedules
	go test -timeout 12h -run TestProtocol ./services/catalog/internal/inbound -protocol.schedules=$(SCHEDULES)

.PHONY: torture
torture: ## Break the real programs at random and check that nothing is lost or doubled: SEED WRITES FAULTS MINUTES CLUSTER=3
	go run ./e2e/torture

.PHONY: torture-short
torture-short: ## The same in a minute and a half
	WRITES=$${WRITES:-800} FAULTS=$${FAULTS:-40} MINUTES=$${MINUTES:-0.6} go run ./e2e/torture

.PHONY: torture-long
torture-long: ## The same with 10000 writes, 100 kills, and all else in proportion
	WRITES=$${WRITES:-10000} FAULTS=$${FAULTS:-200} MINUTES=$${MINUTES:-6} go run ./e2e/torture

.PHONY: faults
faults: ## Break one thing after the other, each row of the failure table by itself: ROWS=memory-alarm,disk-full picks
	go run ./e2e/torture/faults
	@[ -n "$(ROWS)" ] || ROWS=leader-killed CLUSTER=3 go run ./e2e/torture/faults

.PHONY: faults-short
faults-short: ## The rows that CI plays
	SHORT=1 go run ./e2e/torture/faults

.PHONY: mutants
mutants: deps ## Switch off one rule of the protocol at a time: a test has to notice. MUTANTS=no-doubt picks, SHORT=1 tries some
	go run ./e2e/mutants

.PHONY: bench
bench: deps ## Measure the built binaries against a floor that promises nothing: BENCH=write,drain picks rows
	go run ./e2e/bench

.PHONY: bench-console
bench-console: deps ## Measure the console's pages with CHANGES (1000000) changes in each ledger
	go run ./e2e/bench/console

.PHONY: screenshots
screenshots: deps ## Renew docs/screenshots with a real browser
	go test -count=1 -timeout 10m ./e2e/browser -run TestEveryPage -screenshots $(CURDIR)/docs/screenshots

.PHONY: cover
cover: deps ## Coverage over the whole workspace
	go test -p $(TEST_PACKAGES) -coverpkg=work -coverprofile=coverage.out work
	go tool cover -func=coverage.out | tail -1

.PHONY: fuzz
fuzz: deps ## Run every fuzz target for FUZZTIME (10s)
	@bash deployments/ci/fuzz.sh $(FUZZTIME)

.PHONY: lint
lint: $(MODULES:%=lint/%) ## Lint every module
$(MODULES:%=lint/%): lint/%: $(GOLANGCI)
	cd $* && $(GOLANGCI) run ./...

.PHONY: fmt
fmt: $(GOLANGCI) ## Format the Go files
	@for m in $(MODULES); do (cd $$m && $(GOLANGCI) fmt ./...) || exit 1; done

.PHONY: tidy
tidy: ## go mod tidy in every module
	@for m in $(MODULES); do GOFLAGS=-mod=mod go -C $$m mod tidy || exit 1; done

.PHONY: check-tidy
check-tidy: ## Fail if a go.mod or go.sum is out of date
	@for m in $(MODULES); do GOFLAGS=-mod=mod go -C $$m mod tidy -diff || exit 1; done

.PHONY: check-standalone
check-standalone: ## Each module must build without the workspace
	@for m in $(MODULES); do echo "$$m"; GOWORK=off go -C $$m build ./... && GOWORK=off go -C $$m vet ./... || exit 1; done

.PHONY: check-dependencies
check-dependencies: ## Every direct dependency has its reason in docs/dependencies.md
	@bash deployments/ci/check_dependencies.sh

.PHONY: check-compose
check-compose: ## docker-compose.yml is valid and the images' build steps work
	@bash deployments/ci/check_compose.sh
	@bash deployments/docker/replay.sh

.PHONY: vulncheck
vulncheck: $(GOVULNCHECK) ## Known vulnerabilities in what we call (asks vuln.go.dev)
	@bash deployments/ci/vulncheck.sh $(GOVULNCHECK) $(MODULES)

# The tools are built from source by the go command: versions pinned here, checksums from Go's checksum database.
$(GOLANGCI):
	@echo "building golangci-lint $(GOLANGCI_VERSION) (once)"
	@mkdir -p bin/tools && GOWORK=off GOBIN=$(CURDIR)/bin/tools/new go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@mv bin/tools/new/golangci-lint $@

$(GOVULNCHECK):
	@echo "building govulncheck $(GOVULNCHECK_VERSION) (once)"
	@mkdir -p bin/tools && GOWORK=off GOBIN=$(CURDIR)/bin/tools/new go install golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION)
	@mv bin/tools/new/govulncheck $@

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^##@/{printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## /{printf "  %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\nmake run and make up take: DATABASE_URL AMQP_URL STRIPE_API_URL STRIPE_API_KEY STRIPE_WEBHOOK_SECRET WORKERS\n'
	@printf 'RATE_LIMIT SIMULATOR=off CATALOG_PORT CONNECTOR_PORT CONSOLE_PORT SIMULATOR_PORT, e.g. make up WORKERS=32\n'
