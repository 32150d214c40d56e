# Firstcome: `make run` and `make test` need Python 3.11 or newer and nothing else.
# All paths are relative, so that the folder may have a space in its name.

PYTHON ?= python3
VENV := .venv/bin
BOOTSTRAP := command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON) here: install \
Python 3.11 or newer, or name one: make run PYTHON=python3.13" >&2; exit 1; }; \
	$(PYTHON) deploy/bootstrap.py
LOCK := $(VENV)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-header

.DEFAULT_GOAL := help
.PHONY: help run test check bench soak lock translations clean

help: ## Show what there is
	@echo "make run     start Firstcome here; everything it needs is fetched on the first start"
	@echo "make test    check the code and run the whole suite against real servers"
	@echo "make check   only the static checks: format, lint, types, imports, templates"
	@echo "make bench   measure; BENCH=name runs one"
	@echo "make soak    keep it under load for long"
	@echo "make lock    choose new versions of all dependencies and write the lock files"
	@echo "make translations   collect new texts for the translators and compile what they wrote"
	@echo "make clean   remove what was installed and built; the data in var/ stays"
	@echo
	@echo "PYTHON=python3.13 takes another Python. PORT=8080, HOST, DATABASE_URL, REDIS_URL,"
	@echo "SMTP_URL and VAR_DIR change where make run listens, connects and keeps its data."
	@echo "DEMO_SIZE=60 builds a smaller demo, which is quicker."

run:
	@$(BOOTSTRAP)
	@exec $(VENV)/python -m portal.cli up

test:
	@$(BOOTSTRAP) --test
	@$(MAKE) --no-print-directory check
	@$(VENV)/python -m pytest -n $(or $(WORKERS),2) --dist loadgroup tests

check:
	@$(BOOTSTRAP) --dev
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy --strict portal app.py worker.py deploy/bootstrap.py
	$(VENV)/lint-imports
	$(VENV)/djlint --lint --quiet templates

bench:
	@$(BOOTSTRAP) --dev
	@exec $(VENV)/python -m bench $(BENCH)

soak:
	@$(BOOTSTRAP) --dev
	@THOROUGH=1 $(VENV)/python -m pytest -q tests/races/test_killed.py tests/races/test_first_come.py \
		tests/races/test_lock_order.py tests/inbound/test_attacks.py tests/demo tests/journeys
	@$(VENV)/python -m bench.soak
	@exec $(VENV)/python -m bench.incoming_flood

lock:
	$(LOCK) --group setup --upgrade -o requirements-setup.lock
	$(LOCK) --group frontend --upgrade -o requirements-frontend.lock
	$(LOCK) pyproject.toml --upgrade -o requirements.lock
	$(LOCK) pyproject.toml --extra local --upgrade -c requirements.lock -o requirements-local.lock
	$(LOCK) pyproject.toml --extra local --extra dev --upgrade -c requirements-local.lock \
		-o requirements-dev.lock

# Texts without a translation are left empty for a translator; tests say which they are.
translations:
	@$(BOOTSTRAP) --dev
	@mkdir -p var
	$(VENV)/pybabel -q extract -F portal/translations/babel.cfg -k _l --no-wrap --sort-output \
		--add-location=file --project=Firstcome -o var/messages.pot portal templates
	$(VENV)/pybabel -q update -i var/messages.pot -d portal/translations --no-wrap \
		--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date
	$(VENV)/pybabel -q compile -d portal/translations

clean:
	rm -rf .venv node_modules static/vendor .mypy_cache .ruff_cache .pytest_cache \
		.import_linter_cache
	find portal tests deploy bench -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
	find portal -name '*.mo' -delete 2>/dev/null || true
