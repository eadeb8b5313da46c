# make setup   build the environment in .venv
# make test    lint, type-check and test
# make lint    lint and type-check only
# make demo    search a small accelerator for the San Francisco series, export, verify and route it
# make clean   remove what the other targets made, the environment too
#
# PYTHON       interpreter for the environment; the first one found that is 3.11 or later unless given
# TORCH_INDEX  package index to take PyTorch from. The default one may bring a build of several gigabytes for
#              graphics cards, which Bitfront does not use: give the index of PyTorch's CPU builds here.
# WORKERS      processes that run tests

WORKERS ?= 2
TORCH_INDEX ?=
DEMO ?= build/demo

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/setup-done
# Twice quiet: errors only. What is going on the targets say themselves.
PIP := $(BIN)/python -m pip install --quiet --quiet --disable-pip-version-check
# One thread a process: a second one beside other processes makes small matrices slower, not faster.
RUN := OMP_NUM_THREADS=1

.DELETE_ON_ERROR:
.PHONY: setup test lint demo clean

setup: $(STAMP)
	@echo "The environment is ready: $(BIN)/bitfront --help"

# The stamp is written last: an interrupted run is taken up by the next one.
$(STAMP): pyproject.toml constraints.txt
	@set -e; \
	fits='import sys; sys.exit(sys.version_info < (3, 11))'; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1 || ! $(BIN)/python -c "$$fits"; then \
	    python=''; \
	    for name in $(if $(PYTHON),"$(PYTHON)",python3.11 python3 python3.12 python3.13); do \
	        if "$$name" -c "$$fits" >/dev/null 2>&1; then python="$$name"; break; fi; \
	    done; \
	    if [ -z "$$python" ]; then \
	        echo "error: no Python 3.11 or later$(if $(PYTHON), at $(PYTHON)); install it (Debian, Ubuntu: apt-get install python3 python3-venv) or name one: make PYTHON=..." >&2; exit 1; \
	    fi; \
	    if ! "$$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then \
	        echo "error: $$python lacks the venv module; install it (Debian, Ubuntu: apt-get install python3-venv)" >&2; exit 1; \
	    fi; \
	    echo "Making the environment in $(VENV) with $$("$$python" --version) ..."; \
	    "$$python" -m venv --clear $(VENV); \
	fi
	@echo "Installing PyTorch (about 190 MB, a minute or more) ..."
	@$(PIP) $(if $(TORCH_INDEX),--index-url "$(TORCH_INDEX)") --constraint constraints.txt torch
	@echo "Installing Bitfront, Yosys, nextpnr and the development tools ..."
	@$(PIP) --constraint constraints.txt --editable '.[dev,excel,grpc,onnx,postgresql,s3,tools]'
	@echo "Installing GHDL ..."
	@# Only for the simulator inside. Its dependencies are those of a desktop program.
	@$(PIP) --no-deps eitri-hdl==0.1.0
	@touch $@

lint: $(STAMP)
	@echo "Linting ..."
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@echo "Checking types ..."
	@$(BIN)/mypy

test: lint
	@echo "Testing ..."
	@$(RUN) $(BIN)/pytest -n $(WORKERS)

demo: $(STAMP)
	@echo "Searching, exporting, verifying and routing into $(DEMO) (up to 15 minutes) ..."
	@mkdir -p $(DEMO)
	@$(RUN) $(BIN)/bitfront run studies/sf_traffic.toml --timing --workers 2 --storage sqlite:///$(DEMO)/study.db --out $(DEMO)
	@$(RUN) $(BIN)/bitfront report --storage sqlite:///$(DEMO)/study.db --out $(DEMO)/report.html

clean:
	@echo "Removing build, $(VENV) and caches ..."
	@rm -rf build bitfront.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache $(VENV)
