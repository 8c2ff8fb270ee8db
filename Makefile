# Everything a person does with this repository. `make` lists it.
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

BIN := .venv/bin
export PYTHON
# Two test processes suit two cores; a process runs as many kernel threads as there are cores.
PYTEST_WORKERS ?= 2
PYTEST_ARGS ?=
BENCH_ARGS ?=
SAMPLE_SEED ?= $(shell sed -n 's/^ *"seed": *\([0-9]*\).*/\1/p' sample_tiles/manifest.json)

.PHONY: help
help: ## list what can be made
	@grep -E '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):[^#]*## /  make \1\t/' | expand -t 24

# --- the two commands -----------------------------------------------------------------------

.PHONY: run
run: env ## install, publish the months of the district in sample_tiles/ into out/issues, say what to open
	@rm -rf out/issues && mkdir -p out
	@for month in 2026-07 2026-08 2026-09; do \
		$(BIN)/rsg run sample_tiles --month $$month --issues out/issues --no-pictures --quiet || exit $$?; \
	done
	@$(BIN)/rsg run sample_tiles --month 2026-10 --issues out/issues > out/README.txt
	@cat out/README.txt
	@echo '以上说明保存在 out/README.txt / This text is saved in out/README.txt'

.PHONY: test
test: check pytest ## install, then all checks and all tests

# --- environments ---------------------------------------------------------------------------

.PHONY: env env-dev env-gpu
env: ## .venv with what a run needs
	@scripts/environment.sh run
env-dev: ## .venv with what development needs
	@scripts/environment.sh dev
env-gpu: ## .venv with what an NVIDIA device needs besides
	@scripts/environment.sh gpu

.PHONY: lock
lock: env-dev ## resolve requirements/*.lock anew from pyproject.toml
	@scripts/lock.sh

.PHONY: bundle
bundle: env-dev ## dist/bundle-VERSION.tar: all wheels and an installer, for a machine without network
	@scripts/bundle.sh

# --- checks ---------------------------------------------------------------------------------

.PHONY: check format lint types imports
check: format lint types imports ## formatting, lint, types, direction of imports
format: env-dev
	@$(BIN)/ruff format --check --quiet --output-format concise . || { echo 'To format: make fix'; exit 1; }
lint: env-dev
	@$(BIN)/ruff check --quiet --output-format concise .
types: env-dev
	@$(BIN)/mypy
imports: env-dev
	@$(BIN)/lint-imports --no-logo

.PHONY: fix
fix: env-dev ## format, and repair what lint can repair
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

.PHONY: pytest
pytest: env-dev ## the tests alone: make pytest PYTEST_ARGS='tests/scenes -k grid'
	@$(BIN)/python -m pytest -n $(PYTEST_WORKERS) --dist loadfile $(PYTEST_ARGS)

# --- measurements ---------------------------------------------------------------------------

.PHONY: bench bench-month bench-store bench-kernels soak gpu accuracy accuracy-month sample
bench: env-dev ## time rsg detect against decoding alone and against a peer script (BENCH_ARGS='--size 2048')
	@$(BIN)/python -m benchmarks.bench_detect $(BENCH_ARGS)
bench-month: env-dev ## time join, rules and publishing of 20,000 findings (BENCH_ARGS='--findings 2000')
	@$(BIN)/python -m benchmarks.bench_month $(BENCH_ARGS)
bench-store: env-dev ## time pages, acts and matching with 100,000 cases and 1,000,000 events
	@$(BIN)/python -m benchmarks.bench_store $(BENCH_ARGS)
soak: env-dev ## many writers at once, killed at random instants; writes docs/soak.md
	@$(BIN)/python scripts/soak.py
bench-kernels: env-dev ## time each kernel beside the machine's copy speed
	@$(BIN)/python -m benchmarks.bench_kernels $(BENCH_ARGS)
gpu: env-gpu ## test and time the CUDA kernels on this machine's device; writes kernels/README.md
	@$(BIN)/python -m pytest tests/kernels
	@$(BIN)/python -m benchmarks.bench_kernels --device cuda --readme
accuracy: env-dev ## measure on the labelled datasets in ../shared/data; writes docs/accuracy.md
	@$(BIN)/python scripts/accuracy.py
accuracy-month: env-dev ## measure whole months on simulated districts; writes docs/accuracy-month.md (about 10 minutes)
	@$(BIN)/python scripts/accuracy_month.py
sample: env-dev ## make sample_tiles/ again from its seed
	@$(BIN)/rsg simulate --seed $(SAMPLE_SEED) --cut --out sample_tiles --replace

.PHONY: clean
clean: ## remove what was made, .venv included
	rm -rf .venv dist build out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
