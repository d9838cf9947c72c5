# The two commands: `make experiment RQ=rq01` and `make test`. Each prepares .venv by itself when it has to.

.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
READY := $(VENV)/.ready
BIN := $(VENV)/bin
RQ ?=
EXECUTOR ?=
ARGS ?=

.PHONY: help experiment image check ui test lint bench screenshots clean setup

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## Prepare .venv from constraints.txt.

$(READY): constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "expkit needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 2; }
	@echo "preparing $(VENV) (once; a minute or two)" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r constraints.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

experiment: $(READY) ## Answer a research question: make experiment RQ=rq01 [EXECUTOR=docker]
	@test -n "$(RQ)" || { echo "which question? make experiment RQ=rq01" >&2; $(BIN)/expkit list >&2; exit 2; }
	@test "$(EXECUTOR)" != docker || $(BIN)/expkit image build
	@PATH="$(abspath $(BIN)):$$PATH" $(BIN)/expkit run $(RQ) $(if $(EXECUTOR),--executor $(EXECUTOR)) $(ARGS)

image: $(READY) ## Build the image of the current commit.
	@$(BIN)/expkit image build $(ARGS)

check: $(READY) ## Check declarations, outcomes and registrations.
	@$(BIN)/expkit check $(RQ)

ui: $(READY) ## Open the MLflow pages of all questions.
	@$(BIN)/expkit ui

test: lint ## Lint, then every test.
	@$(BIN)/python -m pytest -n auto $(ARGS)

lint: $(READY) ## ruff, mypy --strict, and the floors of the house.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: $(READY) ## Measure; prints a table and writes benchmarks/results.json.
	@$(BIN)/python -m benchmarks $(ARGS)

screenshots: $(READY) ## Take the documentation's pictures of MLflow anew, with this machine's Chromium.
	@EXPKIT_REQUIRE=browser EXPKIT_SCREENSHOTS=docs/images $(BIN)/python -m pytest -q tests/cli/test_mlflow_pages.py

clean: ## Remove what can be made anew; keeps .expkit (the ledger) and mlflow.db.
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache *.egg-info benchmarks/results.json
	find . -name __pycache__ -not -path './.git/*' -prune -exec rm -rf {} +
