# One door for every habit. Needs Python 3.11 or later and make; the rest is set up in .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# Other Pythons that are at hand, for `make test-pythons`.
PYTHONS ?= 3.12 3.13 3.14

.PHONY: help demo demo-asterisk test test-fast test-pythons lint format docs bench bench-quick \
	bench-fastagi bench-ami bench-live clean

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

# The libraries that are measured have environments of their own: two have the same name.
.venv-bench-%/.stamp: benchmarks/requirements/%.txt $(VENV)/.stamp-bench
	@$(BIN)/python -m venv $(@D)
	@$(@D)/bin/python -m pip --disable-pip-version-check --quiet install --requirement $< \
		uvloop==$$($(BIN)/python -c 'import uvloop; print(uvloop.__version__)')
	@touch $@

# Without npm, or if it fails, the report says that ding-dong was not measured.
benchmarks/build/node_modules/ding-dong:
	-@if command -v npm >/dev/null; then \
		npm install --silent --no-save --prefix benchmarks/build ding-dong@0.1.7; fi

# Without a C compiler, one from PyPI.
benchmarks/build/load: benchmarks/load.c | $(VENV)/.stamp-bench
	@mkdir -p $(@D)
	@command -v $(CC) >/dev/null || $(PIP) install ziglang
	$(if $(shell command -v $(CC)),$(CC),$(BIN)/python -m ziglang cc) \
		-std=c11 -O2 -Wall -Wextra -Werror -o $@ $<

.PHONY: bench-ready
bench-ready: $(VENV)/.stamp-bench .venv-bench-pystrix/.stamp .venv-bench-panoramisk/.stamp \
	.venv-bench-aioagi/.stamp benchmarks/build/node_modules/ding-dong benchmarks/build/load

bench: bench-fastagi bench-ami  ## measure servers and managers side by side, in about 20 minutes

# BENCH is for more options: make bench-fastagi BENCH='--only pystrix --concurrency 50'.
bench-fastagi: bench-ready  ## measure FastAGI servers, in about 12 minutes
	$(BIN)/python -m benchmarks.fastagi $(BENCH)

bench-ami: bench-ready  ## measure managers of AMI, in about 7 minutes
	$(BIN)/python benchmarks/ami.py $(BENCH_AMI)

bench-quick: bench-ready  ## both in one short round: whether all of it runs
	$(BIN)/python -m benchmarks.fastagi --quick $(BENCH)
	$(BIN)/python benchmarks/ami.py --rounds 1 --seconds 0.2 $(BENCH_AMI)

bench-live: $(VENV)/.stamp-test  ## measure what a live Asterisk asks of a FastAGI server
	$(BIN)/python benchmarks/live.py

clean:  ## remove what was made
	rm -rf benchmarks/build $(VENV) .venv-* docs/_build dist .coverage .mypy_cache .pytest_cache .ruff_cache .hypothesis
