# One door for every habit. Needs Python 3.11 or later and make; the rest is set up in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Other Pythons that are at hand, for `make test-pythons`.
PYTHONS ?= 3.12 3.13 3.14

.PHONY: help demo demo-asterisk test test-fast test-pythons lint format docs bench bench-ami bench-live clean

help:  ## say what there is
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' Makefile

# Each stamp is an environment with what one group of pyproject.toml asks for.
$(VENV)/.stamp-%: pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --upgrade 'pip>=25.1'
	@$(PIP) install --editable '.[cli]' $(if $(filter-out run,$*),--group $*)
	@touch $@

demo: $(VENV)/.stamp-run  ## serve simulated calls, and show what happens
	$(BIN)/pystrix demo

demo-asterisk: $(VENV)/.stamp-run  ## the same with calls of a live Asterisk
	$(BIN)/python -m tests.asterisk.demo

test: $(VENV)/.stamp-test  ## run all tests, those with a live Asterisk too
	$(BIN)/python -m pytest tests --ignore=tests/asterisk --cov --cov-fail-under=100
	$(BIN)/python -m pytest tests/asterisk

test-fast: $(VENV)/.stamp-test  ## run the tests that need no Asterisk
	$(BIN)/python -m pytest tests --ignore=tests/asterisk --cov --cov-fail-under=100

test-pythons:  ## run the tests that need no Asterisk on the wheel, with each Python at hand
	@for version in $(PYTHONS); do tests/on_python $$version || exit 1; done

lint: $(VENV)/.stamp-lint  ## check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	PYTHONPATH=src $(BIN)/pyright --ignoreexternal --verifytypes pystrix

format: $(VENV)/.stamp-lint  ## format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.stamp-docs  ## build the documentation into docs/_build
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build

.venv-bench-pystrix1/bin/python:
	@$(PYTHON) -m venv .venv-bench-pystrix1
	@$@ -m pip --disable-pip-version-check --quiet install pystrix==1.3.0

benchmarks/build/load: benchmarks/load.c
	@mkdir -p $(@D)
	$(CC) -std=c11 -O2 -Wall -Wextra -Werror -o $@ $<

# Without a C compiler a slower load in Python does.
BENCH_LOAD := $(if $(shell command -v $(CC) 2>/dev/null),benchmarks/build/load)

bench: $(VENV)/.stamp-test .venv-bench-pystrix1/bin/python $(BENCH_LOAD)  ## measure calls per second on this machine
	$(BIN)/python benchmarks/fastagi.py

.venv-bench-panoramisk/bin/python:
	@$(PYTHON) -m venv .venv-bench-panoramisk
	@$@ -m pip --disable-pip-version-check --quiet install panoramisk==1.4 'uvloop>=0.20'

bench-ami: $(VENV)/.stamp-test .venv-bench-pystrix1/bin/python .venv-bench-panoramisk/bin/python  ## measure managers on this machine
	$(BIN)/python benchmarks/ami.py

bench-live: $(VENV)/.stamp-test  ## measure what a live Asterisk asks of a FastAGI server
	$(BIN)/python benchmarks/live.py

clean:  ## remove what was made
	rm -rf benchmarks/build $(VENV) .venv-* docs/_build dist .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
