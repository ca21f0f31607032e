# The image that "deploy", "docker-*" and "build-installer" are about.
IMG ?= contact-operator:latest
# The version that the image's programs give outside systems in their User-Agent.
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)
CONTAINER_TOOL ?= docker

# What "test" runs, and how: for example make test PKG=./internal/contact/... TEST_FLAGS=-run=Merge
PKG ?= ./...
TEST_FLAGS ?=

SHELL = /usr/bin/env bash -o pipefail
.SHELLFLAGS = -ec
# One thing at a time: what takes long uses every core by itself.
.NOTPARALLEL:
.DELETE_ON_ERROR:

# Tools. Their versions are pinned by the go.mod files below hack/tools.
CONTROLLER_GEN = bin/controller-gen
KUSTOMIZE = bin/kustomize
SETUP_ENVTEST = bin/setup-envtest
GOFUMPT = bin/gofumpt
CRD_REF_DOCS = bin/crd-ref-docs
GOLANGCI_LINT = bin/golangci-lint
# The kubectl on the PATH, else the one that "make assets" links.
KUBECTL ?= $(shell command -v kubectl || echo bin/kubectl)

.PHONY: all
all: build

##@ General

.PHONY: help
help: ## Display this help.
	@awk 'BEGIN {FS = ":.*##"; printf "\nUsage:\n  make \033[36m<target>\033[0m\n"} /^[a-zA-Z_0-9-]+:.*?##/ { printf "  \033[36m%-16s\033[0m %s\n", $$1, $$2 } /^##@/ { printf "\n\033[1m%s\033[0m\n", substr($$0, 5) } ' $(MAKEFILE_LIST)

##@ One command

# The launcher takes this shell's place: Ctrl-C and a SIGTERM to make both reach it, and it stops what it started.
.PHONY: run
run: assets binaries ## Run the whole system on this machine; PROVIDERS=reacher,hubspot,listmonk for the stand-ins of real systems.
	@PROVIDERS="$(PROVIDERS)" exec bin/local --assets "$$(hack/controlplane/assets.sh)"

.PHONY: clean-local
clean-local: ## Forget everything that "make run" has stored.
	@hack/clean-local.sh

##@ Development

.PHONY: manifests
manifests: $(CONTROLLER_GEN) ## Generate the CRDs and the roles from the markers in the code.
	$(CONTROLLER_GEN) crd paths=./api/... output:crd:artifacts:config=config/crd/bases
	$(CONTROLLER_GEN) rbac:roleName=contact-operator paths=./controllers/... output:rbac:dir=config/rbac/operator
	$(CONTROLLER_GEN) rbac:roleName=contact-intake paths=./internal/intake/... output:rbac:dir=config/rbac/intake

.PHONY: generate
generate: $(CONTROLLER_GEN) docs ## Generate the DeepCopy methods and the API reference.
	$(CONTROLLER_GEN) object:headerFile=hack/boilerplate.go.txt paths=./api/...

.PHONY: docs
docs: $(CRD_REF_DOCS) ## Generate the API reference, docs/api.md, from the types.
	$(CRD_REF_DOCS) --source-path=api/v1alpha1 --output-path=docs/api.md --renderer=markdown --log-level=WARN \
		--config=hack/api-docs/config.yaml --templates-dir=hack/api-docs/templates

.PHONY: fmt
fmt: $(GOFUMPT) ## Format the code.
	$(GOFUMPT) -w api cmd controllers hack internal

.PHONY: vet
vet: ## Run go vet.
	go vet ./...

.PHONY: lint
lint: $(GOLANGCI_LINT) ## Run the linters, the Kubernetes API linter among them.
	$(GOLANGCI_LINT) run

.PHONY: lint-fix
lint-fix: $(GOLANGCI_LINT) ## Run the linters and let them fix what they can.
	$(GOLANGCI_LINT) run --fix

.PHONY: lint-config
lint-config: $(GOLANGCI_LINT) ## Check the linters' configuration.
	$(GOLANGCI_LINT) config verify

.PHONY: tidy
tidy: ## Tidy every Go module of the repository.
	@for mod in $$(git ls-files --cached --others --exclude-standard '*go.mod'); do \
		echo "go mod tidy in $$(dirname $$mod)"; (cd "$$(dirname $$mod)" && go mod tidy); done

.PHONY: verify
verify: $(CONTROLLER_GEN) $(GOLANGCI_LINT) ## Fail when generated files or modules are out of date, or the linters complain.
	@hack/verify.sh

# Two packages at a time: several start a kube-apiserver of their own. Nothing comes from the cache, because Go can't know
# that the end-to-end test depends on the binaries.
.PHONY: test
test: assets binaries ## Run all tests: unit, envtest and end-to-end.
	@go build -o bin/ ./hack/gotest
	@export KUBEBUILDER_ASSETS="$$(hack/controlplane/assets.sh)"; \
		exec bin/gotest -count=1 -p=2 -timeout=30m $(TEST_FLAGS) $(PKG)

# How many seeds, and the first of them: make chaos SEEDS=20; make chaos SEED=7 SEEDS=1 runs the seventh again.
SEEDS ?= 3
SEED ?= 1
.PHONY: chaos
chaos: assets binaries ## Break everything around the system and in it, and check that nothing is lost: SEEDS=n, SEED=first.
	@go build -o bin/ ./hack/chaos
	@exec bin/chaos --seeds=$(SEEDS) --seed=$(SEED) --assets="$$(hack/controlplane/assets.sh)" $(CHAOS_FLAGS)

.PHONY: mailing-day
mailing-day: assets binaries ## Play the day after a mailing, with a marketing system that fails, live.
	@go build -o bin/ ./hack/mailingday
	@exec bin/mailingday --assets="$$(hack/controlplane/assets.sh)" $(MAILING_FLAGS)

# What it measures, and how: make bench PARTS=ratio,accept BENCH_FLAGS="--rounds=5 --json=bench.json"; all of it takes half an hour.
PARTS ?=
.PHONY: bench
bench: assets binaries ## Measure what the system costs: PARTS=ratio,accept,burst,memory, BENCH_FLAGS=--help.
	@go build -o bin/ ./hack/bench
	@exec bin/bench --assets="$$(hack/controlplane/assets.sh)" --parts="$(PARTS)" $(BENCH_FLAGS)

##@ Build

.PHONY: build
build: manifests generate fmt vet binaries ## Generate, format, vet and build everything.

.PHONY: binaries
binaries:
	@[ -e bin/local ] || echo "Building the binaries into bin/. The first time takes a few minutes: every dependency is compiled."
	@mkdir -p bin
	@exec go build -o bin/ ./cmd/... ./hack/local ./hack/sandbox

# Run in the foreground, so that stopping make stops a long build, too.
.PHONY: assets
assets: ## Find or build kube-apiserver, etcd and kubectl, and link bin/kubectl.
	@exec hack/controlplane/assets.sh --link bin/kubectl

.PHONY: docker-build
docker-build: ## Build the image. It holds the operator, the intake and the kubectl plugin.
	$(CONTAINER_TOOL) build --build-arg VERSION="$(VERSION)" -t "$(IMG)" .

.PHONY: docker-push
docker-push: ## Push the image.
	$(CONTAINER_TOOL) push "$(IMG)"

PLATFORMS ?= linux/amd64,linux/arm64
.PHONY: docker-buildx
docker-buildx: ## Build and push the image for several platforms.
	- $(CONTAINER_TOOL) buildx create --name contact-operator-builder
	$(CONTAINER_TOOL) buildx build --builder contact-operator-builder --push --platform="$(PLATFORMS)" --build-arg VERSION="$(VERSION)" --tag "$(IMG)" .
	- $(CONTAINER_TOOL) buildx rm contact-operator-builder

# dist/kustomize is config/default with the image of IMG. It is made anew each time, so that no tracked file changes.
.PHONY: overlay
overlay: $(KUSTOMIZE)
	@rm -rf dist/kustomize && mkdir -p dist/kustomize
	@cd dist/kustomize && ../../$(KUSTOMIZE) create --resources ../../config/default && \
		../../$(KUSTOMIZE) edit set image "contact-operator=$(IMG)"

.PHONY: build-installer
build-installer: manifests generate overlay ## Write all that a cluster needs to dist/install.yaml.
	$(KUSTOMIZE) build dist/kustomize > dist/install.yaml

##@ Deployment

ignore-not-found ?= false

.PHONY: install
install: manifests $(KUSTOMIZE) ## Install the CRDs into the current cluster.
	$(KUSTOMIZE) build config/crd | "$(KUBECTL)" apply -f -

.PHONY: uninstall
uninstall: $(KUSTOMIZE) ## Remove the CRDs, and with them EVERY contact and submission, from the current cluster.
	@$(KUSTOMIZE) build config/crd | KUBECTL="$(KUBECTL)" IGNORE_NOT_FOUND=$(ignore-not-found) hack/uninstall.sh

.PHONY: deploy
deploy: manifests overlay ## Deploy the operator and the intake, with image IMG, to the current cluster.
	$(KUSTOMIZE) build dist/kustomize | "$(KUBECTL)" apply -f -

.PHONY: undeploy
undeploy: $(KUSTOMIZE) ## Remove the operator and the intake from the current cluster. CRDs and data stay.
	$(KUSTOMIZE) build config/undeploy | "$(KUBECTL)" delete --ignore-not-found=$(ignore-not-found) -f -

##@ Tools

.PHONY: controller-gen
controller-gen: $(CONTROLLER_GEN) ## Build controller-gen into bin/.
.PHONY: kustomize
kustomize: $(KUSTOMIZE) ## Build kustomize into bin/.
.PHONY: setup-envtest
setup-envtest: $(SETUP_ENVTEST) ## Build setup-envtest into bin/.
.PHONY: gofumpt
gofumpt: $(GOFUMPT) ## Build gofumpt into bin/.
.PHONY: crd-ref-docs
crd-ref-docs: $(CRD_REF_DOCS) ## Build crd-ref-docs into bin/.
.PHONY: golangci-lint
golangci-lint: $(GOLANGCI_LINT) ## Build golangci-lint, with the Kubernetes API linter, into bin/.

$(CONTROLLER_GEN): TOOL = sigs.k8s.io/controller-tools/cmd/controller-gen
$(KUSTOMIZE): TOOL = sigs.k8s.io/kustomize/kustomize/v5
$(SETUP_ENVTEST): TOOL = sigs.k8s.io/controller-runtime/tools/setup-envtest
$(GOFUMPT): TOOL = mvdan.cc/gofumpt
$(CRD_REF_DOCS): TOOL = github.com/elastic/crd-ref-docs
$(CONTROLLER_GEN) $(KUSTOMIZE) $(SETUP_ENVTEST) $(GOFUMPT) $(CRD_REF_DOCS): hack/tools/go.mod hack/tools/go.sum
	@echo "Building $@ ..."
	@cd hack/tools && go build -o "$(CURDIR)/$@" $(TOOL) && touch "$(CURDIR)/$@"

# A module of its own: its many dependencies would push those of the other tools to other versions.
$(GOLANGCI_LINT): $(wildcard hack/tools/golangci-lint/*)
	@echo "Building $@ (a minute or two the first time) ..."
	@cd hack/tools/golangci-lint && go build -o "$(CURDIR)/$@" . && touch "$(CURDIR)/$@"
