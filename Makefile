# Ressenti. All paths are relative, so that the folder may be named with spaces and accents.
SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
PY := .venv/bin/python
ENGINES := .venv-engines/bin/python
WORKERS ?= 2
REPORT ?= build/validation.md
PO := $(wildcard translations/*/LC_MESSAGES/*.po)
MO := $(PO:.po=.mo)

# One worker for each of two cores. loadgroup: single tests go to whichever worker is free, and tests that share
# something dear (tests/shares.py names them) stay together on one; loadfile would leave a core idle behind the
# longest browser file.
PYTEST := $(PY) -m pytest -n $(WORKERS) --dist loadgroup

# A stamp says that its environment is complete; without an interpreter behind it, it says nothing.
$(shell test -x $(PY) || rm -f .venv/.runtime .venv/.dev)
$(shell test -x $(ENGINES) || rm -f .venv-engines/.done)
$(shell test -x .venv-mutation/bin/python || rm -f .venv-mutation/.done)

.PHONY: help run setup dev browsers-and-databases test test-engines coverage mutation lint bench dossier validation strings migration format clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' Makefile

run: setup ## Set up, load the demonstration study and serve it (HOST and PORT change the address)
	@$(PY) scripts/first_run.py
	@exec $(PY) -m flask --app wsgi demo serve

setup: .venv/.runtime $(MO) ## Make the runtime environment alone: .venv and the compiled catalogues
	@:

dev: setup .venv/.dev

# The tests start some hundred processes, and each would compile the application and its tests anew.
test coverage validation: export PYTHONDONTWRITEBYTECODE :=

test: dev browsers-and-databases ## Run all tests; ARGS="tests/scoring -k half" for some of them
	$(PYTEST) $(ARGS)

test-engines: dev .venv-engines/.done ## Run the scorer's cases on Dask and Spark too (Java 17; an environment of its own)
	@$(PY) -m tests.engines.java
	$(ENGINES) -m pytest -c tests/engines/pytest.ini tests/engines $(ARGS)

coverage: dev browsers-and-databases ## Run all tests and list the lines that none of them reaches
	$(PYTEST) --cov --cov-report=term $(ARGS)

mutation: dev .venv-mutation/.done ## Change the scorer in every small way and list the changes that no test notices
	PATH="$$PWD/.venv-mutation/bin:$$PATH" .venv-mutation/bin/mutmut run --max-children $(WORKERS) $(ARGS)

lint: dev ## Check format, style, types, layers, dependencies, templates and catalogues
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) -m mypy
	$(PY) -c "from importlinter.cli import lint_imports_command; lint_imports_command()"
	@mkdir -p build && sed '/^$$/q' requirements.txt > build/direct-requirements.txt
	$(PY) -m deptry . --config scripts/deptry.toml --requirements-files build/direct-requirements.txt
	$(PY) -m djlint app/templates --lint --quiet
	$(PY) -m scripts.catalogues check
	$(PY) -m scripts.browsers

bench: dev ## Measure questionnaires per second on SQLite and PostgreSQL
	$(PY) -m benchmarks $(ARGS)

dossier: dev browsers-and-databases ## Render every patient screen at four widths into build/dossier.pdf
	$(PY) -m scripts.dossier $(ARGS)

validation: dev browsers-and-databases ## Build the validation report: requirement, tests, result, version
	$(PYTEST) --validation-report "$(REPORT)" $(ARGS)

strings: dev ## Take new strings from the code into translations/*/LC_MESSAGES/messages.po
	$(PY) -m scripts.catalogues update

migration: ## Begin a migration: make migration NAME=add_symptoms
	@$(PYTHON) scripts/migration.py "$(NAME)"

format: dev ## Bring the code into its format
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .

clean: ## Remove what was made (.venv, caches, catalogues, build); data in instance/ stays
	rm -rf .venv .venv-engines .venv-mutation mutants build *.egg-info test-results .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache .coverage .coverage.*
	rm -f translations/*/LC_MESSAGES/*.mo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.venv/.runtime: requirements.txt scripts/environment.py
	@command -v "$(PYTHON)" >/dev/null 2>&1 || { echo "Ressenti needs Python 3.11 or newer, and found no $(PYTHON)." >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Ressenti needs Python 3.11 or newer; $(PYTHON) is $$("$(PYTHON)" --version 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@"$(PYTHON)" scripts/environment.py requirements.txt $@

.venv/.dev: requirements-dev.txt .venv/.runtime
	@$(PY) scripts/environment.py requirements-dev.txt $@

.venv-engines/.done: requirements-engines.txt | .venv/.runtime
	@"$(PYTHON)" scripts/environment.py requirements-engines.txt $@

.venv-mutation/.done: requirements-mutation.txt requirements-dev.txt | .venv/.runtime
	@"$(PYTHON)" scripts/environment.py requirements-mutation.txt $@

translations/%.mo: translations/%.po | .venv/.runtime
	@$(PY) -m scripts.catalogues compile $< $@

# Finds, or installs where that is possible, what the tests run against.
browsers-and-databases: dev
	@$(PY) -m tests.chromium
	@$(PY) -m tests.postgres
