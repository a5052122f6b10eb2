# `make help` lists what can be asked for. Tools are pinned in tools/go.mod and built on first use (some minutes, once).
SHELL := /bin/bash
TOOL  := go tool -modfile=tools/go.mod

.DEFAULT_GOAL := help
# The tests whose runs are worth keeping: a branch of the process each.
RECORDED := IsApproved|SkipsTheCard|AgentIsRejected|FiveWrongCodes|IdentityInUse|WithdrawWhile|Expiry|WindowCloses|Overdue|BankRefuses|MoneyReturned|ReturnAfter|CorrectedBank|IdentityIsRejected|FinalRejection|ScanFails|ReplacedSession|PayoutLimit|AnswerThatNever|ClearingFromEndToEnd|AuthorisedPerson|ContestedClaimFrom|ClearsWhenEligible|ClearingSurvives|ObjectionHolds|StepIsTold|SubscriberThatFails

.PHONY: help demo dev build test race cover storm restores longrun bench bench-pages benchmarks mutants lint fmt generate workflowcheck tidy check histories image up down backup restore drill

help: ## this list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^## / { printf "\n%s\n", substr($$0, 4) } \
	  /^[.a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

## Try it
demo: ## bring everything up and drive four registrations through it; Ctrl-C ends it
	go run ./starter demo
dev: ## bring everything up and keep the data between runs
	go run ./starter dev

## Work on it
build: ## the two programs, into bin/
	go build -o bin/ ./starter ./worker
test: ## all tests; PostgreSQL and Temporal are started by the tests that need them
	go test ./...
race: ## the same with the race detector
	go test -race ./...
cover: ## the tests' coverage, a line a package
	go test -cover ./... | grep -v 'no test files'
storm: ## kill everything while it works, for some minutes, then look whether it kept its word (SEED=, KILLS=, REGISTRATIONS=)
	SHIMING_STORM=1 go test ./internal/storm -run '^TestStorm$$' -count=1 -v -timeout 3h
restores: ## put the database, then the engine back to an earlier time while people act, and look whether anybody is paid twice (SEED=, LIFE= seconds)
	SHIMING_RESTORES=1 go test ./internal/storm -run '^TestRestoreOf' -parallel 1 -count=1 -v -timeout 1h
longrun: ## ten thousand acts on one registration
	go test ./internal/longrun -count=1 -v -timeout 1h -acts 10000
bench: ## measure the product as processes of its own, into bench/results (bench/README.md; ARGS=, QUICK=1)
	cd bench && go run . $(ARGS)
bench-pages: ## the tables in bench/README.md and docs/sizing.md, made of bench/results
	cd bench && go run . readme && go run . sizing >sizing.tmp && mv sizing.tmp ../docs/sizing.md
benchmarks: ## the benchmarks of functions, three times each
	go test -run '^$$' -bench . -benchmem -count 3 ./...
mutants: ## break lines one at a time, in a copy, and see that a test fails each time (internal/mutants/list.txt); not part of the CI
	go run ./internal/mutants <internal/mutants/list.txt
lint: ## the rules of .golangci.yml
	$(TOOL) golangci-lint run ./...
fmt: ## format by the same rules, and mend what mends itself
	$(TOOL) golangci-lint fmt ./...
	$(TOOL) golangci-lint run --fix ./...
workflowcheck: ## look for what a workflow's replay would not repeat
	$(TOOL) workflowcheck ./workflows/...
generate: ## what is made from code: the README's diagrams, the table of settings, the API's document
	go generate ./...
histories: ## add a history a branch to workflows/testdata/histories, for the replay tests; what is there stays as it is
	mkdir -p workflows/testdata/histories
	SHIMING_RECORD_HISTORIES=$(CURDIR)/workflows/testdata/histories go test ./internal/e2e -count=1 -run '$(RECORDED)'
	SHIMING_RECORD_HISTORIES=$(CURDIR)/workflows/testdata/histories go test ./internal/longrun -count=1
tidy: ## go.mod of the product (tools/go.mod is changed by hand, a tool at a time)
	go mod tidy
check: ## all that must hold before a change is taken in; what the CI runs
	.ci/run

## Run it in containers
image: ## one image with both programs
	docker build --tag shiming:dev .
.env: ## settings for docker-compose.yml with fresh random secrets, and tokens for the API in .secrets/
	@umask 077 && mkdir -p .secrets && : >.secrets/tokens && : >.secrets/api-tokens && \
	for role in platform reviewer ops; do \
	  token=$$(openssl rand -hex 24) && echo "$$role $$token" >>.secrets/tokens && \
	  echo "$$role $$role $$(printf %s "$$token" | sha256sum | cut -d' ' -f1)" >>.secrets/api-tokens || exit 1; \
	done
	@chmod 755 .secrets && chmod 644 .secrets/api-tokens # hashes: the product's user reads them
	@umask 077 && while IFS= read -r line; do \
	  case "$$line" in \
	    "# [random]") fill=$$(openssl rand -hex 24) ;; \
	    "# [webhook secret]") fill=whsec_$$(openssl rand -base64 32) ;; \
	    *=) echo "$$line$$fill"; fill= ;; \
	    *) echo "$$line" ;; \
	  esac; \
	done <.env.example >$@
	@echo "made .env and .secrets; the API's tokens are in .secrets/tokens"
up: .env ## PostgreSQL, Temporal with its UI, worker, API and sandbox
	docker compose build
	docker compose run --rm keys || true # keys that are there stay
	docker compose up --wait
down: ## end them; the data stays in its volumes
	docker compose down
backup: .env ## back everything up into a new folder below TO=, on another disk, while the product runs
	BACKUPS_PATH="$(abspath $(or $(TO),backups))" docker compose run --rm --build backup
restore: .env ## stop API and workers and put the newest backup of FROM= back; ARGS=--replace if the database is not empty
	docker compose stop api worker
	BACKUPS_PATH="$(abspath $(or $(FROM),backups))" docker compose run --rm --build backup restore /var/lib/shiming/backups $(ARGS)
drill: .env ## rehearse the newest backup of FROM= beside the product; fails if anything is amiss
	BACKUPS_PATH="$(abspath $(or $(FROM),backups))" docker compose run --rm --build --no-deps backup drill /var/lib/shiming/backups $(ARGS)
