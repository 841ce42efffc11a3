# Everything that is done with this tree has its target here; CONTRIBUTING.md explains them.
# Needs make, Python >= 3.11 and a package index. Another Python: make setup PYTHON=python3.13

PYTHON ?= python3
UV ?= uv
DATA ?= data
SEED ?= 0

PY := .venv/bin/python
PIP := $(PY) -m pip install --quiet --no-input --disable-pip-version-check --require-hashes
TREE := run.py server admin actors storage tests bench
RUNTIME := .venv/runtime.stamp
DEVELOPMENT := .venv/development.stamp

# uv reads the index from its own settings; nothing of it, nor of this machine, goes into the files.
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock' $(UPGRADE)

.PHONY: setup run test lint format docs lock survive sim bench

setup: $(RUNTIME)

# Made anew as a whole when the list changes, so that nothing that has left it stays behind.
$(RUNTIME): requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { echo \
	"Triptych needs Python 3.11 or later and '$(PYTHON)' is not: name one, as in 'make setup PYTHON=python3.13'." >&2; exit 1; }
	@test ! -L .venv || { echo ".venv is a link, and would be emptied where it leads: remove the link." >&2; exit 1; }
	@echo "Setting up .venv ..."
	@$(PYTHON) -m venv --clear .venv
	@$(PIP) -r requirements.txt
	@touch $@

$(DEVELOPMENT): requirements-dev.txt $(RUNTIME)
	@echo "Setting up what development needs ..."
	@$(PIP) -r requirements-dev.txt
	@touch $@

run: $(RUNTIME)
	@$(PY) run.py serve --data $(DATA)

# A process for each core and one more, each with the tests of whole files, in the order of
# tests/conftest.py; its summary is the last line.
test: lint
	$(PY) -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lint: $(DEVELOPMENT)
	$(PY) -m ruff check $(TREE)
	$(PY) -m ruff format --check $(TREE)
	$(PY) -m pyright --pythonpath $(PY)
	.venv/bin/lint-imports

format: $(DEVELOPMENT)
	$(PY) -m ruff check --fix $(TREE)
	$(PY) -m ruff format $(TREE)

# Rewrites the generated parts of docs/; tests compare them.
docs: $(DEVELOPMENT)
	$(PY) -m tests.house.settings_table
	$(PY) -m tests.house.api_page

# Keeps what is pinned and adds what is new; UPGRADE=--upgrade takes the newest of everything.
lock:
	$(LOCK) requirements.in --output-file requirements.txt
	$(LOCK) requirements-dev.in --output-file requirements-dev.txt

# What takes longer than ten minutes or needs a special machine; the API's conformance by Hypercorn, and
# properties with inputs that nobody has tried, too.
survive: $(DEVELOPMENT)
	TRIPTYCH_SERVER=hypercorn $(PY) -m pytest tests/conformance
	$(PY) -m pytest --hypothesis-profile "any inputs" tests/actors tests/edge tests/server tests/storage
	$(PY) -m pytest -m survive

# One history of the simulator again: make sim SEED=1234
sim: $(DEVELOPMENT)
	$(PY) -m tests.sim --seed $(SEED)

bench: $(DEVELOPMENT)
	$(PY) -m bench.first
