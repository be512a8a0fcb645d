# emospot: set up, show, test. `make help` lists the targets.
#
# Needs Python 3.11 or newer, make and a C compiler (one dependency of the
# voice extra is built on installation). Everything is installed into .venv.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2
EMOSPOT_DATA ?= ../shared/data
TEST_OPTIONS ?=

export EMOSPOT_DATA

# Most of what is installed is never imported: it is compiled on first use, which
# saves a minute of installation, and kept, whatever the caller's setting.
export PYTHONDONTWRITEBYTECODE :=

.DELETE_ON_ERROR:
.DEFAULT_GOAL := help
.PHONY: help demo test lint format docs bundled-model bundled-causal-model clean

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-21s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  PYTHON=python3.12 chooses the interpreter; WORKERS=8 the test processes."

demo: $(VENV)/.installed-all ## Set up and analyse the bundled sample, offline.
	$(BIN)/emospot demo

# One thread a worker: more than cores would only wait for each other. Files in their order:
# those with few tests are the slow ones, and would come last otherwise, one worker idle.
test: $(VENV)/.installed-dev ## Set up and run all tests, with branch coverage.
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder \
		--cov --cov-report= --cov-fail-under=0 $(TEST_OPTIONS)

lint: $(VENV)/.installed-dev ## Check format, style, types and the rooms' directions.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.installed-dev ## Format the code and fix what can be fixed.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.installed-dev ## Build the documentation into site/.
	$(BIN)/mkdocs build --strict --quiet

bundled-model: $(VENV)/.installed-dev ## Train the bundled model again (needs EMOSPOT_DATA).
	$(BIN)/python scripts/build_bundled_model.py --data $(EMOSPOT_DATA)

bundled-causal-model: $(VENV)/.installed-dev ## Train that for live answers again (the same).
	$(BIN)/python scripts/build_bundled_model.py --data $(EMOSPOT_DATA) --causal

clean: ## Remove the virtual environment and everything that was built.
	rm -rf $(VENV) site dist .coverage .coverage.* .pytest_cache .mypy_cache .ruff_cache \
		.import_linter_cache
	find src tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps: installed again only when pyproject.toml has changed. The
# development set holds all of the user's.
INSTALL = $(BIN)/python -m pip install --no-compile --editable

$(VENV)/.installed-all: pyproject.toml $(VENV)/.made
	$(INSTALL) '.[all]'
	@touch $@

$(VENV)/.installed-dev: pyproject.toml $(VENV)/.made
	$(INSTALL) '.[dev]'
	@touch $(VENV)/.installed-all $@

$(VENV)/.made:
	@command -v $(PYTHON) >/dev/null || { \
		echo "found no $(PYTHON): install Python 3.11 or 3.12, or name one: make PYTHON=python3.12" >&2; \
		exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "$(PYTHON) is $$($(PYTHON) --version 2>&1), emospot needs 3.11 or newer:" \
			"name another one, e.g. make PYTHON=python3.12" >&2; \
		exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@
