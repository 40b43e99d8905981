# make run    the portal on this machine      make test    every check there is
# make lint   formatting and static checks    make lock    pin requirements*.txt
PY := .venv/bin/python
PYTEST := $(PY) -m pytest
TEMPLATES := $(wildcard templates portal applications review)

.PHONY: run environment setup test test-postgres setup-test lint format lock clean
.DEFAULT_GOAL := run

# PORT and DATA_DIR, from the command line or the environment, reach the command by themselves.
run: environment
	@exec $(PY) manage.py serve --demo

environment:
	@tools/setup.sh

# Everything that `run` does before it loads the demo data and serves.
setup: environment
	$(PY) manage.py migrate --verbosity 0
	$(PY) manage.py load_catalogue

setup-test:
	@tools/setup.sh test

# The whole suite comes last, so that its summary is the last line. SQLite serialises writers and so
# hides races: those tests run on PostgreSQL as well.
test: lint
	$(PY) tools/with_postgres.py $(PYTEST) -m race
	$(PYTEST) --numprocesses auto --maxprocesses 4 --dist loadfile

test-postgres: setup-test
	$(PY) tools/with_postgres.py $(PYTEST)

lint: setup-test
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(PY) manage.py makemigrations --check --dry-run
	$(PY) -m djlint $(TEMPLATES) --check --lint

format: setup-test
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .
	$(PY) -m djlint $(TEMPLATES) --reformat --quiet

# Keeps the pins that still fit; `make lock UPGRADE=--upgrade` takes the newest of everything.
lock: environment
	for name in requirements requirements-dev; do \
	  $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --no-annotate $(UPGRADE) \
	    --custom-compile-command "make lock" $$name.in --output-file $$name.txt || exit; \
	done

# Leaves var/ alone: it holds the data.
clean:
	rm -rf .venv staticfiles .ruff_cache .hypothesis .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
