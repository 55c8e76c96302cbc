# Every target installs what it needs into .venv/ and frontend/node_modules/, and is quick when nothing changed. `make help` lists them.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

# The first that runs and is new enough; a name on the PATH may be a version manager's that has no such version.
PYTHON ?= $(shell for python in python3.13 python3.12 python3.11 python3; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
TF_PACKAGE := $(if $(filter Linux-x86_64,$(shell uname -sm | tr ' ' -)),tensorflow-cpu,tensorflow)
TF ?= $(TF_PACKAGE)
TF_VERSION ?=
LOGDIR ?= logs/demo
PORT ?= 0
SERVE ?= 1
WORKERS ?= auto
PYTEST_FLAGS ?=
CONSTRAINTS ?=
BENCH ?= $(BENCHMARKS)

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
PYTHON_READY := $(VENV)/.ready-$(TF)-$(TF_VERSION)
PROTO_BIN := .venv-proto/bin
# A file's tests share what they set up, so they stay in one process; tests/conftest.py has the slow files go first.
PYTEST := python -m pytest --numprocesses=$(WORKERS) --maxprocesses=4 --dist=loadfile --no-loadscope-reorder
NODE_READY := frontend/node_modules/.ready
PAGE := tb_plugin/tfmodetrace_tb_plugin/static/index.js
FRONTEND_SOURCES := $(shell find frontend -name node_modules -prune -o -name coverage -prune -o -type f -print)

export PYTHONUNBUFFERED := 1
# Hundreds of processes import the same modules: compiled anew in each, that takes a fifth of the tests' time.
unexport PYTHONDONTWRITEBYTECODE
ifneq ($(CONSTRAINTS),)
export PIP_CONSTRAINT := $(abspath $(CONSTRAINTS))
endif
export TF_CPP_MIN_LOG_LEVEL ?= 2
export TF_ENABLE_ONEDNN_OPTS ?= 0

.PHONY: help demo test test-tf bench lint types test-python test-frontend test-browser frontend api-types docs pictures wheels constraints format proto clean

help: ## Show this table
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@printf '\nVariables (make demo SERVE=0):\n'
	@printf '  %-19s %s\n' \
	  SERVE=$(SERVE) 'demo: 0 stops after the terminal report' \
	  PORT=$(PORT) 'demo: where TensorBoard listens; 0 picks a free port' \
	  LOGDIR=$(LOGDIR) 'demo: where the recording goes' \
	  TF=$(TF) 'the TensorFlow package to install' \
	  TF_VERSION=$(TF_VERSION) 'its version; empty takes the newest' \
	  CONSTRAINTS=FILE 'versions that pip is held to, such as constraints.txt; empty takes the newest' \
	  PYTHON=PATH 'the Python (3.11 or newer) that .venv/ is made with' \
	  WORKERS=$(WORKERS) 'in how many processes tests run; auto is one a core, up to 4; 0 is no other than pytest itself' \
	  PYTEST_FLAGS=FLAGS 'more options for pytest' \
	  BENCH=NAMES 'bench: which of $(BENCHMARKS)'

demo: $(PYTHON_READY) $(PAGE) ## Train a small model, find its mistake, try the fix, show it in TensorBoard
	@exec $(BIN)/python scripts/demo.py --logdir '$(LOGDIR)' --port '$(PORT)' $(if $(filter 0,$(SERVE)),--no-serve)

# All that is not Python's tests side by side, each with its output in one piece; then those in one run, which shares recordings.
test: $(PYTHON_READY) $(PAGE) ## Run every check below
	@$(MAKE) --jobs=2 $(if $(filter output-sync,$(.FEATURES)),--output-sync) lint types test-frontend
	@scripts/ensure_chromium.sh
	$(BIN)/$(PYTEST) tests $(PYTEST_FLAGS)

lint: $(PYTHON_READY) $(NODE_READY) ## Check style, formatting, the import rule and the page's types of the report
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/python scripts/api_types.py --check
	cd frontend && npm run --silent lint

types: $(PYTHON_READY) $(NODE_READY) ## Check the types of Python and TypeScript
	$(BIN)/mypy
	cd frontend && npm run --silent types

test-python: $(PYTHON_READY) $(PAGE) ## Run the Python tests
	$(BIN)/$(PYTEST) tests/unit tests/integration $(PYTEST_FLAGS)

test-frontend: $(NODE_READY) ## Run the tests of the page's logic
	cd frontend && npm run --silent test

test-browser: $(PYTHON_READY) $(PAGE) ## Drive the page with a real Chromium in a real TensorBoard
	@scripts/ensure_chromium.sh
	$(BIN)/$(PYTEST) tests/browser $(PYTEST_FLAGS)

test-tf: ## Run the tests that rest on TensorFlow's insides with another TensorFlow, such as make test-tf TF=2.20.0
	@[[ '$(TF)' =~ ^[0-9]+\.[0-9] ]] || { echo 'make test-tf needs a version: make test-tf TF=2.20.0' >&2; exit 2; }
	@scripts/create_venv.sh '$(PYTHON)' .venv-tf-$(TF)
	@.venv-tf-$(TF)/bin/python -m pip --disable-pip-version-check -q install -e '.[dev]' '$(TF_PACKAGE)==$(TF)'
	.venv-tf-$(TF)/bin/$(PYTEST) tests/integration/record tests/integration/reasons tests/integration/testing \
	  tests/integration/diagnoses tests/integration/whole_program $(PYTEST_FLAGS)

# In the order of how long they take; all of them need about half an hour and a machine with nothing else to do.
BENCHMARKS := overhead limits throughput scale read exports hostile training native traces samples profile whole_programs comparisons advised faults kills fuzz

bench: $(PYTHON_READY) ## Measure what performance claims rest on: BENCH='overhead read' runs these two
	@$(PIP) install -e '.[bench]'
	@for name in $(BENCH); do $(BIN)/python -m benchmarks.$$name; done

frontend: $(PAGE) ## Build the page

api-types: $(PYTHON_READY) $(NODE_READY) ## Generate the page's types of the report
	$(BIN)/python scripts/api_types.py

docs: $(PYTHON_READY) ## Build the documentation site into docs/_build
	$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build
	@echo 'Open docs/_build/index.html'

pictures: $(PYTHON_READY) $(PAGE) ## Record the examples and take the documentation's pictures of them
	@scripts/ensure_chromium.sh
	$(BIN)/python scripts/pictures.py

wheels: $(PYTHON_READY) $(PAGE) ## Build the source distribution, the wheel for this Python and machine, and the one for all, into dist/
	rm -rf dist
	$(BIN)/python -m hatchling build --target sdist --directory dist
	$(PIP) wheel --no-deps --wheel-dir dist dist/tfmodetrace-*.tar.gz
	TFMODETRACE_NATIVE=0 $(PIP) wheel --no-deps --wheel-dir dist dist/tfmodetrace-*.tar.gz

constraints: $(PYTHON_READY) ## Write the versions that are installed into constraints.txt
	@{ echo '# What `make constraints` has found installed; `make test CONSTRAINTS=constraints.txt` tests with just these.'; \
	  $(BIN)/python -m pip --disable-pip-version-check list --format=freeze --exclude-editable --exclude pip --exclude setuptools; } > constraints.txt

format: $(PYTHON_READY) $(NODE_READY) ## Format all sources
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	cd frontend && npm run --silent format

proto: $(PROTO_BIN)/python ## Generate the modules of the .proto files
	$(PROTO_BIN)/python -m grpc_tools.protoc -I. --python_out=. --pyi_out=. tfmodetrace/schema/events.proto tfmodetrace/schema/xplane.proto

clean: ## Remove everything that was built or installed here
	rm -rf $(VENV) .venv-proto frontend/node_modules frontend/coverage docs/_build docs/generated $(dir $(PAGE)) dist build logs
	rm -f tfmodetrace/recorder/calls/_hot_path*.so
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@scripts/create_venv.sh '$(PYTHON)' $(VENV)

$(PYTHON_READY): pyproject.toml hatch_build.py tfmodetrace/recorder/calls/hot_path.c | $(BIN)/python
	@echo 'Installing tfmodetrace, $(TF) and the development tools into $(VENV)/ …'
	@rm -f $(VENV)/.ready-*
	@$(PIP) install -e '.[dev]' '$(TF)$(if $(TF_VERSION),==$(TF_VERSION))'
	@touch $@

# The generated module needs a protobuf runtime at least as new as its generator's; 1.73 generates for 6.31, the oldest that TensorBoard accepts.
$(PROTO_BIN)/python:
	@scripts/create_venv.sh '$(PYTHON)' .venv-proto
	@$@ -m pip --disable-pip-version-check -qq install 'grpcio-tools==1.73.*'

$(NODE_READY): frontend/package.json frontend/package-lock.json
	@echo 'Installing the frontend modules …'
	@cd frontend && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(PAGE): $(FRONTEND_SOURCES) $(NODE_READY)
	@echo 'Building the page …'
	@cd frontend && npm run --silent build
	@touch $@
