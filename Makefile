# make help lists the verbs.

LINT = go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.6.0
VULN = go run golang.org/x/vuln/cmd/govulncheck@v1.9.0
PATH := $(CURDIR)/node_modules/.bin:$(PATH)
EXAMPLES = quickstart split import exposed interop
STRICT = --quiet -c @aws-cdk/core:strictCfnValidateErrors=true

.PHONY: help synth test faults race packetlab rehearsal rehearsal-updates lint vulncheck golden strict bench

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

synth: node_modules ## write the reference platform to cdk.out, without an AWS account
	cdk synth --quiet

test: ## every test
	go test ./...

faults: ## put each seeded fault into what reads templates, and run the test that finds it; a few minutes
	go test ./internal/seeded -faults -count=1 -timeout 30m

race: ## the tests that start no jsii kernel, with the race detector
	go test -race ./internal/... ./preflight/...

packetlab: ## hold preflight's verdicts against real packets; FLAGS=-update rewrites what the docs say of it
	cd test/packetlab && go test -count=1 ./random
	cd test/packetlab && go test -count=1 -timeout 30m $(FLAGS)

rehearsal: node_modules ## deploy, update and destroy the quickstart on an emulated AWS; APP=, ARGS= and UPDATE= name another run
ifeq ($(APP)$(ARGS)$(UPDATE),)
	test/rehearsal/selftest.sh
	UPDATE_ARGS="$${UPDATE_ARGS:--c azs=3}" test/rehearsal/run.sh
else
	CDK_ARGS="$(or $(ARGS),$$CDK_ARGS)" UPDATE_ARGS="$(or $(UPDATE),$$UPDATE_ARGS)" test/rehearsal/run.sh $(or $(APP),.)
endif

rehearsal-updates: node_modules ## play each update of docs/updates.md that the quickstart can make; about 20 minutes
	test/rehearsal/updates.sh

lint: ## formatting, vet and the linters of .golangci.yml
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo 'not formatted: run gofmt -w'; exit 1; }
	go vet ./...
	$(LINT) run --allow-parallel-runners
	cd test/packetlab && go vet ./... && $(LINT) run --allow-parallel-runners -c ../../.golangci.yml

vulncheck: ## known vulnerabilities in what the code calls; PKG= are other packages, DB= another database than https://vuln.go.dev
ifeq ($(PKG),)
	$(VULN) $(if $(DB),-db $(DB)) ./...
	cd test/packetlab && $(VULN) $(if $(DB),-db $(DB)) ./...
else
	$(VULN) $(if $(DB),-db $(DB)) $(PKG)
endif

golden: ## rewrite the golden files, but for the packet lab's; review the difference before you commit it
	go test ./test -update
	go test ./examples/cookbook/tests -update
	go test ./preflight/flow ./preflight/rules ./internal/cli ./docs -update

strict: node_modules ## synthesize every example, and the quickstart's presets, with CDK's validation findings and warnings as errors
	@for e in $(EXAMPLES); do echo "strict $$e" && cdk synth $(STRICT) --app "go run ./examples/$$e" -o cdk.out/$$e || exit 1; done
	@echo "strict hardened" && cdk synth $(STRICT) -c hardened=true -c ebsDriver=true -o cdk.out/hardened
	@echo "strict none" && cdk synth $(STRICT) -c nat=none -c azs=3 -c isolatedSubnets=true -c kubernetesVersion=1.36 -o cdk.out/none

bench: ## synth of the quickstart against the stock L2s, and the other benchmarks
	go test -run '^$$' -bench . -benchtime 5x -timeout 30m ./...

node_modules: package-lock.json
	npm ci
	@touch node_modules
