# Everything on a fresh clone with Python >= 3.11, make and pip: `make demo`, `make test`.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH := .venv-torch
FUZZ := .fuzz
STAMP := $(VENV)/.ready
UNFINISHED := $(VENV)/.unfinished

DISTRIBUTIONS := core contrib $(patsubst %/,%,$(dir $(wildcard plugins/*/pyproject.toml)))
PROJECTS := pyproject.toml $(addsuffix /pyproject.toml,$(DISTRIBUTIONS))
# Each in a run of its own, as XLA frees no program that it has compiled and a process maps 65,530 regions.
APART := tests/every_plugin tests/numerics tests/plugins
SUITES := tests $(APART)
PACKAGES := $(wildcard core/optiplug contrib/optiplug_contrib plugins/*/optiplug_*)

PAGES := README.md $(wildcard docs/*.md docs/*.ipynb docs/design/*.md)

# TensorFlow logs the lack of a GPU as an error; what really fails raises.
export TF_CPP_MIN_LOG_LEVEL ?= 3
# Hard links fail across file systems, and uv would say so for each package.
export UV_LINK_MODE ?= copy
# Without bytecode an import of TensorFlow takes three times as long, in each process of the tests.
export UV_COMPILE_BYTECODE ?= true
# Nor would pytest keep the assertions that it has rewritten.
unexport PYTHONDONTWRITEBYTECODE
# As pip does, trust what this machine trusts: a company's proxy may sign with a certificate of its own.
export UV_SYSTEM_CERTS ?= true

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-all bench bench-torch leaderboard golden api diagnostics numerics faults fuzz traffic docs checks lint check-types check-layers quick-tests clean $(SUITES)

help:  ## say what there is
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

$(STAMP): $(PROJECTS) .ci/constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "optiplug needs Python 3.11 or newer: make PYTHON=python3.11 ...")'
	@if [ -e $(UNFINISHED) ]; then echo "The last set-up was interrupted: starting $(VENV) anew"; rm -rf $(VENV); fi
	@mkdir -p $(VENV) && touch $(UNFINISHED)
	@echo "Setting up $(VENV), a few minutes the first time"
	@echo "1/4 an empty environment"
	@$(PYTHON) -m venv $(VENV)
	@echo "2/4 uv, which installs the rest"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c .ci/constraints.txt uv
	@echo "3/4 optiplug, its plugins, TensorFlow and the tools: more than a gigabyte"
	@$(BIN)/uv pip install --python $(BIN)/python -c .ci/constraints.txt -b .ci/constraints.txt \
		--group dev '.[all]' $(addprefix -e ,$(DISTRIBUTIONS))
	@echo "4/4 bytecode"
	@$(BIN)/python -m compileall -q $(DISTRIBUTIONS)
	@rm $(UNFINISHED) && touch $@
	@echo "$(VENV) is ready"

setup: $(STAMP)  ## create .venv with optiplug, its plugins and the tools

demo: $(STAMP)  ## train on handwritten digits, on two mirrored devices
	$(BIN)/optiplug train examples/digits.yaml

# Each worker takes its share of the tests in order, so that what neighbours share is made once. Three keep
# two cores busy: some tests wait for processes of their own.
PYTEST := $(BIN)/python -m pytest -n 3 --dist worksteal

# Two at a time, in this order: the tests begin when types and style are checked, so that no core is idle, and
# end last, so that their summary does.
test: $(STAMP)  ## check everything, with samples of the large matrices and without the slow tests
	@$(MAKE) --no-print-directory --jobs 2 check-types check-layers lint docs quick-tests

quick-tests: $(STAMP)
	$(PYTEST) -m "not slow" tests

test-all: checks  ## check everything: all suites are run even if one fails
	@$(MAKE) --no-print-directory --keep-going $(SUITES)

$(SUITES): $(STAMP)
	$(PYTEST) $@ $(if $(filter tests,$@),$(APART:%=--ignore=%))

checks: $(STAMP)
	@$(MAKE) --no-print-directory --jobs 2 --output-sync docs check-types check-layers lint

lint: $(STAMP)  ## check style and formatting
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/ruff format --check --quiet --line-length 88 $(PAGES)

check-types: $(STAMP)
	$(BIN)/mypy $(PACKAGES)

check-layers: $(STAMP)
	$(BIN)/lint-imports --no-logo

docs: $(STAMP)  ## build docs/_build/html, warnings are errors
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -b html docs docs/_build/html

numerics: $(STAMP)  ## measure how far each plugin is from its oracle and its peers, and write docs/numerics.md
	PYTHONPATH=tests $(BIN)/python -m support.numerics_page

diagnostics: $(STAMP)  ## try all optimizers on small problems with one difficulty each, and write docs/diagnostics.md
	PYTHONPATH=tests $(BIN)/python -m support.diagnostics_page

faults: $(STAMP)  ## kill, damage and fill what saves, half an hour long, and write how often into docs/reliability.md
	PYTHONPATH=tests $(BIN)/python -m faults --write

$(FUZZ)/.ready: $(STAMP)
	$(BIN)/uv pip install --quiet --python $(BIN)/python --target $(FUZZ)/atheris -c .ci/constraints.txt atheris
	@touch $@

fuzz: $(FUZZ)/.ready  ## look for configs that are neither read nor refused, for ten minutes
	PYTHONPATH=tests:$(FUZZ)/atheris $(BIN)/python -m fuzz --corpus $(FUZZ) $(if $(SECONDS),--seconds $(SECONDS))

traffic: $(STAMP)  ## count what steps send between processes, and write it into docs/scaling.md
	PYTHONPATH=tests $(BIN)/python -m support.scaling_page

golden: $(STAMP)  ## write anew what the command line prints in tests/core/cli/golden; look at the difference
	OPTIPLUG_GOLDEN=write $(BIN)/python -m pytest -q tests/core/cli/test_app_golden.py

api: $(STAMP)  ## write down the public names and signatures, which tests hold; look at the difference
	PYTHONPATH=tests $(BIN)/python -m support.public_api

bench: $(STAMP)  ## time the commands, and the step beside Keras and optax (BENCH=--quick: minutes)
	$(BIN)/python benchmarks/commands.py
	$(BIN)/python -m benchmarks $(BENCH)

# In an environment of its own, as a process that loads it beside TensorFlow ends.
$(TORCH)/.ready: .ci/constraints.txt
	@echo "Setting up $(TORCH) with torch, which may be gigabytes"
	@$(PYTHON) -m venv --clear $(TORCH)
	@$(TORCH)/bin/python -m pip install --quiet --disable-pip-version-check -c .ci/constraints.txt torch numpy
	@touch $@

leaderboard: $(STAMP)  ## compute the leaderboard, or ROW=NAME of it: an hour, continued where it stopped
	$(BIN)/python -m benchmarks.leaderboard $(addprefix --row ,$(ROW))

bench-torch: $(STAMP) $(TORCH)/.ready  ## create .venv-torch, with which `make bench` has torch, and time the steps
	$(BIN)/python -m benchmarks step $(BENCH)

clean:  ## remove the environment and everything generated
	rm -rf $(VENV) $(TORCH) $(FUZZ) runs dist docs/_build docs/catalogue .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	find contrib core plugins tests benchmarks docs -name __pycache__ -prune -exec rm -rf {} +
