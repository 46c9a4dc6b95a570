# Everything is installed into .venv. A finished step leaves a stamp file there, so
# that it runs again only if pyproject.toml or one of the variables below changes.

# pip takes torch from wherever it is configured to look. Installing this one release
# before all else keeps later steps from pulling in another build.
TORCH  ?= 2.13.0
# Ready-made wheels of torch-scatter and torch-sparse, used if they fit.
WHEELS ?= ../shared/wheels
# Further arguments to pytest, as in `make test ARGS="-k sampling"`.
ARGS   ?=
PYTHON ?= $(shell python3.11 --version >/dev/null 2>&1 && echo python3.11 || echo python3)
# What the lowest versions run on.
PYTHON_LOWEST ?= python3.10

BIN   := .venv/bin
STAMP := .venv/.stamp
PIP   := $(BIN)/python -m pip --disable-pip-version-check
READY := $(STAMP)-torch-$(TORCH)
LOWEST := .venv-lowest

.DEFAULT_GOAL := help
.PHONY: help demo test test-lowest lint docs clean

help:  ## Print this help.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

demo: $(STAMP)-demo  ## Train on MovieLens and recommend films; needs no compiler.
	@echo "==> Running the MovieLens demo"
	@$(BIN)/python examples/movielens_demo.py

test: $(STAMP)-test $(STAMP)-sparse-$(TORCH)  ## Run the tests.
	@echo "==> Running the tests"
	@$(BIN)/python -m pytest $(ARGS)

test-lowest: $(LOWEST)/.stamp  ## Run the tests on the lowest versions.
	@echo "==> Running the tests on the lowest versions"
	@$(LOWEST)/bin/python -m pytest $(ARGS)

lint: $(STAMP)-lint  ## Check style, format and types.
	@echo "==> Checking style"
	@$(BIN)/ruff check .
	@echo "==> Checking format"
	@$(BIN)/ruff format --check .
	@echo "==> Checking types"
	@$(BIN)/mypy tvdiff_pyg

docs: $(STAMP)-docs  ## Build the documentation in build/docs; a warning is an error.
	@echo "==> Building the documentation"
	@$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet docs build/docs

clean:  ## Remove the environment, caches and build products; keep runs.
	@echo "==> Removing the environment, caches and build products"
	@rm -rf .venv $(LOWEST) .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP)-venv:
	@echo "==> Creating .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv
	@touch $@

$(READY): $(STAMP)-venv
	@echo "==> Installing torch $(TORCH)"
	@$(PIP) install -qq "torch==$(TORCH)"
	@touch $@

$(STAMP)-demo: $(READY) pyproject.toml
	@echo "==> Installing tvdiff_pyg and the demo's data"
	@$(PIP) install -qq --editable '.[demo]'
	@touch $@

$(STAMP)-test: $(READY) pyproject.toml
	@echo "==> Installing tvdiff_pyg and what the tests use"
	@$(PIP) install -qq --editable '.[test,demo,tensorboard]'
	@touch $@

$(STAMP)-lint: $(READY) pyproject.toml
	@echo "==> Installing tvdiff_pyg, ruff and mypy"
	@$(PIP) install -qq --editable '.[dev]'
	@touch $@

$(STAMP)-docs: $(READY) pyproject.toml
	@echo "==> Installing tvdiff_pyg and Sphinx"
	@$(PIP) install -qq --editable '.[docs]'
	@touch $@

$(STAMP)-sparse-$(TORCH): $(READY) .ci/install-sparse
	@bash .ci/install-sparse $(BIN)/python $(WHEELS)
	@touch $@

# torch comes from PyPI here, with CUDA: some gigabytes.
$(LOWEST)/.stamp: .ci/lowest-requirements.txt pyproject.toml
	@echo "==> Creating $(LOWEST) with $$($(PYTHON_LOWEST) --version)"
	@$(PYTHON_LOWEST) -m venv --clear $(LOWEST)
	@echo "==> Installing the lowest versions"
	@$(LOWEST)/bin/python -m pip --disable-pip-version-check install -qq \
		--constraint .ci/lowest-requirements.txt --editable '.[test,tensorboard,tune]'
	@touch $@
