# Everything is installed into .venv. A finished step leaves a stamp file there, so
# that it runs again only if pyproject.toml or one of the variables below changes.

# pip takes torch from wherever it is configured to look. Installing this one release
# before all else keeps later steps from pulling in another build; the newest if empty.
TORCH  ?= 2.13.0
# Ready-made wheels of torch-scatter and torch-sparse, used if they fit.
WHEELS ?= ../shared/wheels
# Arguments to pytest. The whole suite is shared among processes, a file to each;
# `make test ARGS="-k sampling"` takes one.
ARGS   ?= --numprocesses auto --maxprocesses 4 --dist loadfile
PYTHON ?= $(shell python3.11 --version >/dev/null 2>&1 && echo python3.11 || echo python3)
# What the lowest versions run on.
PYTHON_LOWEST ?= python3.10

# Recipes are for bash, which Git brings to Windows.
SHELL := bash
SCRIPTS := $(if $(filter Windows_NT,$(OS)),Scripts,bin)
BIN   := .venv/$(SCRIPTS)
STAMP := .venv/.stamp
PIP   := $(BIN)/python -m pip --disable-pip-version-check
SCHEMA := $(BIN)/check-jsonschema --quiet --builtin-schema vendor
READY := $(STAMP)-torch-$(or $(TORCH),newest)
SPARSE := $(STAMP)-sparse-$(or $(TORCH),newest)
LOWEST := .venv-lowest
# Models of other packages are tried by slow tests only.
SLOW  := $(if $(findstring -m slow,$(subst ",,$(ARGS))),$(STAMP)-slow)

.DEFAULT_GOAL := help
.PHONY: help demo test test-plain test-lowest lint docs dist clean

help:  ## Print this help.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-11s %s\n", $$1, $$2 }' Makefile

demo: $(STAMP)-demo  ## Train on MovieLens and recommend films; needs no compiler.
	@echo "==> Running the MovieLens demo"
	@$(BIN)/python examples/movielens_demo.py

test: $(STAMP)-test $(SPARSE) $(SLOW)  ## Run the tests.
	@echo "==> Running the tests"
	@$(BIN)/python -m pytest $(ARGS)

test-plain: $(STAMP)-test $(SLOW)  ## Run the tests that need no compiler.
	@echo "==> Running the tests"
	@$(BIN)/python -m pytest $(ARGS)

test-lowest: $(LOWEST)/.stamp  ## Run the tests on the lowest versions.
	@echo "==> Running the tests on the lowest versions"
	@$(LOWEST)/$(SCRIPTS)/python -m pytest --doctest-ignore-import-errors $(ARGS)

lint: $(STAMP)-lint  ## Check style, format, spelling, types, workflows and forms.
	@echo "==> Checking style"
	@$(BIN)/ruff check .
	@echo "==> Checking format"
	@$(BIN)/ruff format --check .
	@echo "==> Checking spelling"
	@$(BIN)/codespell
	@echo "==> Checking types"
	@$(BIN)/mypy tvdiff_pyg
	@echo "==> Checking workflows"
	@$(BIN)/zizmor --offline --quiet --strict-collection .github
	@echo "==> Checking forms"
	@$(SCHEMA).citation-file-format CITATION.cff
	@$(SCHEMA).github-issue-config .github/ISSUE_TEMPLATE/config.yml
	@$(SCHEMA).github-issue-forms .github/ISSUE_TEMPLATE/[!c]*.yml

docs: $(STAMP)-docs  ## Build the documentation in build/docs; a warning is an error.
	@echo "==> Building the documentation"
	@$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet --tag outputs \
		docs build/docs

dist: $(STAMP)-dist  ## Build the source distribution and the wheel in dist, and check both.
	@echo "==> Building into dist"
	@rm -rf dist
	@$(BIN)/python -m build --outdir dist .
	@echo "==> Checking what was built"
	@$(BIN)/python -m twine check --strict dist/*

clean:  ## Remove the environment, caches and build products; keep runs.
	@echo "==> Removing the environment, caches and build products"
	@rm -rf .venv $(LOWEST) .hypothesis .mypy_cache .pytest_cache .ruff_cache build dist
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(STAMP)-venv:
	@echo "==> Creating .venv with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv .venv
	@touch $@

$(READY): $(STAMP)-venv
	@echo "==> Installing torch $(or $(TORCH),of the newest release)"
	@$(PIP) install -qq "torch$(if $(TORCH),==$(TORCH))"
	@touch $@

$(STAMP)-demo: $(READY) pyproject.toml
	@echo "==> Installing tvdiff_pyg and the demo's data"
	@$(PIP) install -qq --editable '.[demo,train]'
	@touch $@

$(STAMP)-test: $(READY) pyproject.toml
	@echo "==> Installing tvdiff_pyg and what the tests use"
	@$(PIP) install -qq --editable '.[test,demo,tensorboard,export,explain,loggers,browser,notebooks]'
	@touch $@

$(STAMP)-slow: $(STAMP)-test
	@echo "==> Installing the packages of other baselines"
	@$(PIP) install -qq --editable '.[baselines]'
	@touch $@

$(STAMP)-lint: $(READY) pyproject.toml
	@echo "==> Installing tvdiff_pyg and what checks it"
	@$(PIP) install -qq --editable '.[dev,train]'
	@touch $@

$(STAMP)-docs: $(READY) pyproject.toml
	@echo "==> Installing tvdiff_pyg and Sphinx"
	@$(PIP) install -qq --editable '.[demo,docs,export,faiss,hub,study,tune]'
	@touch $@

$(STAMP)-dist: $(STAMP)-venv
	@echo "==> Installing what builds and checks"
	@$(PIP) install -qq build twine
	@touch $@

$(SPARSE): $(READY) .ci/install-sparse
	@bash .ci/install-sparse $(BIN)/python $(WHEELS)
	@touch $@

# torch comes from PyPI here, with CUDA: some gigabytes.
$(LOWEST)/.stamp: .ci/lowest-requirements.txt pyproject.toml
	@echo "==> Creating $(LOWEST) with $$($(PYTHON_LOWEST) --version)"
	@$(PYTHON_LOWEST) -m venv --clear $(LOWEST)
	@echo "==> Installing the lowest versions"
	@$(LOWEST)/$(SCRIPTS)/python -m pip --disable-pip-version-check install -qq \
		--constraint .ci/lowest-requirements.txt --editable '.[test,baselines,tensorboard,tune]'
	@touch $@
