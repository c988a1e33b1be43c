# make demo   train on scikit-learn's digits, print the metrics and the report's path
# make test   the default tests
#
# Both create the environment first: core and every plugins/* are installed, editable, in one pip
# call. It is kept until pyproject.toml, constraints.txt or a plugin's pyproject.toml changes.
#
# Variables, as in `make test PYTHON=python3.12 VENV=.venv-3.12`:
#   PYTHON       interpreter that creates the environment, 3.11 or later
#   VENV         folder of the environment
#   TORCH        requirement or wheel file to take in place of the pinned torch; read when the
#                environment is installed, so remove the folder VENV to change it
#   PIP_ARGS     further arguments of `pip install`
#   PYTEST_ARGS  further arguments of pytest, for example `-k sliced`
PYTHON ?= python3
VENV ?= .venv
TORCH ?=
PIP_ARGS ?=
PYTEST_ARGS ?=

BIN = $(VENV)/bin
PLUGINS = $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml))
# One thread a process: the tests run in two processes, and more threads only slow each other.
PYTEST = OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 $(PYTEST_ARGS)

.DEFAULT_GOAL = help
.PHONY: help install demo test test-slow lint types docs clean

help:
	@sed -n 's/^# \{0,1\}//p;/^PYTHON/q' Makefile
	@echo 'Further: install, test-slow, lint, types, docs, clean'

install: $(VENV)/.installed

$(VENV)/.installed: pyproject.toml constraints.txt $(wildcard plugins/*/pyproject.toml)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "error: $(PYTHON) is not Python 3.11 or later" >&2; \
	  echo "hint: name one that is, for example make PYTHON=python3.12" >&2; exit 2; }
	@echo "Installing into $(VENV); this takes a few minutes, most of them for torch."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@sed '$(if $(TORCH),/^torch==/d)' constraints.txt > $(VENV)/constraints.txt
	@$(BIN)/python -m pip install -qq --disable-pip-version-check -c $(VENV)/constraints.txt \
	  $(PIP_ARGS) $(TORCH) -e '.[dev]' $(PLUGINS:%=-e ./%)
	@touch $@

demo: $(VENV)/.installed
	@rm -rf runs/demo
	@$(BIN)/gwae train docs/examples/digits.yaml --out runs/demo

test: $(VENV)/.installed
	@$(PYTEST)

# pytest exits with 5 where it finds no test; a tree without slow tests is in order.
test-slow: $(VENV)/.installed
	@$(PYTEST) -m slow || test $$? -eq 5

lint: $(VENV)/.installed
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.installed
	@$(BIN)/mypy --strict gwae_core

# The variable silences the theme's notice about its successor, which is nothing to act on here.
docs: $(VENV)/.installed
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "Open site/index.html"

clean:
	rm -rf $(VENV) build dist site runs/demo .hypothesis .mypy_cache .pytest_cache .ruff_cache
