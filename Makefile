# Two commands do everything on a fresh machine: `make demo` runs the main job, `make test` the tests.
# Nothing outside this folder is touched: .venv holds the Python packages, .ordertruth the stack's parts and data.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PEERS_VENV ?= .venv-peers
DEMO_ARGS ?=
TEST_ARGS ?=
BENCH_ARGS ?=

.DEFAULT_GOAL := help
# compiled modules are looked for everywhere but in the environments, which have their own
OURS := -not -path './$(VENV)/*' -not -path './$(PEERS_VENV)/*'
COMPILED := $(shell sed -n '/^compiled = \[/,/^\]/s/^ *"\(.*\)",/\1/p' pyproject.toml)

.PHONY: help setup compile demo test test-pure test-stack test-full lint format check peers bench lock interpreted clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(VENV)/.ready compile ## Install the pinned packages into .venv, compile what every event goes through

# the lock files decide: they are compiled from pyproject.toml by `make lock`
$(VENV)/.ready: requirements.lock requirements-dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; set PYTHON=python3.x")'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "installing the pinned packages into $(VENV) (once; a few minutes)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock -r requirements-dev.lock
	@PYTHONWARNINGS=ignore ORDERTRUTH_INTERPRETED=1 $(BIN)/python -m pip install --quiet --disable-pip-version-check \
		--no-deps --no-build-isolation -e .
	@touch $@

compile: $(VENV)/.compiled ## Compile the modules every event goes through; without a C compiler they run as plain Python

$(VENV)/.compiled: $(VENV)/.ready setup.py $(COMPILED)
	@echo "compiling the modules that every event goes through (half a minute)"
	@find . -name '*.so' $(OURS) -delete
	@PYTHONWARNINGS=ignore $(BIN)/python setup.py --quiet build_ext --inplace > $(VENV)/compile.log 2>&1 \
		|| echo "it failed (see $(VENV)/compile.log): they run as plain Python, correctly and several times slower"
	@find . -name '*.so' $(OURS) -exec touch {} +
	@touch $@

interpreted: ## Remove the compiled modules: easier to debug, slower; `make compile` brings them back
	@find . -name '*.so' $(OURS) -delete
	@rm -f $(VENV)/.compiled

demo: setup ## Run the main job; options in DEMO_ARGS, such as DEMO_ARGS="--orders 200 --seed 1 --exit"
	@$(BIN)/ordertruth demo $(DEMO_ARGS)

test: ## Run the fast tests (some 20 minutes); options in TEST_ARGS
	@$(MAKE) --no-print-directory test-pure
	@$(MAKE) --no-print-directory test-stack

# they share the cores; status 5 of pytest says that TEST_ARGS chose none of them
test-pure: setup ## Run the fast tests that need no stack
	@$(BIN)/python -m pytest -n auto --dist loadfile -m "not full and not stack" $(TEST_ARGS) || test $$? -eq 5

# one by one: a stack takes the whole machine
test-stack: setup ## Run the fast tests on the embedded stack
	@$(BIN)/python -m pytest -m "stack and not full" $(TEST_ARGS) || test $$? -eq 5

test-full: setup ## Run every test, the slow proofs included
	@$(BIN)/python -m pytest $(TEST_ARGS)

lint: setup ## Check style, types and import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache

format: setup ## Put the code in its standard form
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

check: lint ## Lint, and check the contracts: schemas generated, linted and compatible, exports fresh
	@$(BIN)/ordertruth schemas lint
	@$(BIN)/ordertruth schemas check
	@$(BIN)/ordertruth contracts export --check
	@$(BIN)/ordertruth monitoring export --check

peers: $(PEERS_VENV)/.ready ## Install the engines to compare with into .venv-peers

# an environment of their own: their pins of shared packages contradict the platform's
$(PEERS_VENV)/.ready: requirements-peers.lock
	@test -x $(PEERS_VENV)/bin/python || $(PYTHON) -m venv $(PEERS_VENV)
	@echo "installing the engines to compare with into $(PEERS_VENV) (once; about a minute)"
	@$(PEERS_VENV)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-peers.lock
	@touch $@

bench: setup peers ## Measure against other engines; options in BENCH_ARGS
	@PEERS_PYTHON=$(abspath $(PEERS_VENV))/bin/python $(BIN)/ordertruth bench $(BENCH_ARGS)

lock: setup ## Compile the lock files anew from pyproject.toml
	@$(BIN)/pip-compile --quiet --strip-extras --allow-unsafe --no-header --no-emit-index-url --no-emit-trusted-host \
		--no-emit-find-links --output-file requirements.lock pyproject.toml
	@$(BIN)/pip-compile --quiet --strip-extras --allow-unsafe --no-header --no-emit-index-url --no-emit-trusted-host \
		--no-emit-find-links --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml
	@$(BIN)/pip-compile --quiet --strip-extras --allow-unsafe --no-header --no-emit-index-url --no-emit-trusted-host \
		--no-emit-find-links --output-file requirements-peers.lock requirements-peers.in

clean: ## Stop the stack and remove everything that was installed or written here
	@test ! -x $(BIN)/ordertruth || $(BIN)/ordertruth down
	@find . -name '*.so' $(OURS) -delete; rm -rf $(VENV) $(PEERS_VENV) .ordertruth build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
