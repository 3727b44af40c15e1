# Everything one types here. Needs Python 3.11 or newer and make; a network for the first install.

.PHONY: help run test test-slow check bench fmt clean reset
.DEFAULT_GOAL := help

# Tools are called as modules: a checkout that was moved keeps working, scripts in .venv/bin would not.
IN_VENV := .venv/bin/python -m
PIP := $(IN_VENV) pip --disable-pip-version-check --no-input install --quiet --quiet
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11; do \
	"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && command -v "$$name" && break; done)

help: ## Show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-18s %s\n", $$1, $$2 }'

run: .venv/.installed ## Run everything on http://localhost:8000 (PORT= and HOST= to change)
	@exec $(IN_VENV) deploy.local_run

test: .venv/.installed-dev ## Run the tests, without the slow ones
	@$(IN_VENV) pytest -q -m "not slow" -rs -n logical --maxprocesses 4 --dist loadfile
	@command -v redis-server >/dev/null && command -v chromium >/dev/null || echo "For the tests of Redis \
	and of the console in a browser: apt-get install redis-server chromium"

test-slow: .venv/.installed-dev ## Run the slow tests: kill -9, restarts, load
	@$(IN_VENV) pytest -q -m "slow and not alone" -rs -n logical --maxprocesses 4 --dist loadgroup
	@$(IN_VENV) pytest -q -m "slow and alone" -rs

check: .venv/.installed-dev ## Lint, formatting, types, layers, guards
	@$(IN_VENV) ruff check
	@$(IN_VENV) ruff format --check
	@$(IN_VENV) mypy
	@.venv/bin/python -c 'from importlinter.cli import lint_imports_command as run; run()'
	@$(IN_VENV) pytest -q tests/guards

bench: .venv/.installed-dev ## Measure speed and print a table
	@exec $(IN_VENV) bench

fmt: .venv/.installed-dev ## Format the code and fix what can be fixed by itself
	@$(IN_VENV) ruff format
	@$(IN_VENV) ruff check --fix

clean: ## Delete caches and reports, never the data
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache artifacts
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +

reset: .venv/.installed ## Delete the local database and keys under var/, unless something runs on them
	@exec $(IN_VENV) deploy.local_reset

.venv/pyvenv.cfg:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed: install it, or name it with PYTHON=/path/to/python3"; exit 1; }
	@"$(PYTHON)" -m venv .venv || { rm -rf .venv; echo "No virtual environment: on Debian, apt-get install python3-venv"; exit 1; }

.venv/.installed: requirements.txt .venv/pyvenv.cfg
	@echo "Installing packages (once, about a minute) …"
	@$(PIP) -r requirements.txt
	@touch $@

.venv/.installed-dev: requirements-dev.txt requirements.txt .venv/pyvenv.cfg
	@echo "Installing packages for development (once, about a minute) …"
	@$(PIP) -r requirements-dev.txt
	@touch .venv/.installed $@
