# Two commands in a fresh clone: `make demo` and `make test`. Needed: Python 3.11 or newer with
# pip and venv, and make. Everything else is installed into .venv.

# Where this is set, every start of the host would compile all of it again.
unexport PYTHONDONTWRITEBYTECODE

PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
SDK := .bench/venv
SDK_INSTALLED := .bench/venv/.installed

PROJECTS := . $(patsubst %/,%,$(dir $(wildcard plugins/*/pyproject.toml)))
DEFINITIONS := $(addsuffix /pyproject.toml,$(PROJECTS))

.PHONY: demo test browser lint bench lock

demo: $(INSTALLED)
	$(BIN)/loyalty-host demo $(ARGS)

test: $(INSTALLED)
	@$(BIN)/python -m tests.browser.chromium || echo "without it the browser tests are skipped" >&2
	$(BIN)/python -m pytest -n auto $(ARGS)

# The Chromium of the browser tests: one on this machine, else one fetched into .browser.
browser: $(INSTALLED)
	$(BIN)/python -m tests.browser.chromium

lint: $(INSTALLED)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(INSTALLED) $(SDK_INSTALLED)
	$(BIN)/python -m benchmarks $(ARGS)

# constraints.txt holds versions alone. The lock file names package indexes, so it stays out
# of the repository.
lock: $(INSTALLED)
	$(BIN)/uv lock --quiet --upgrade --python $(BIN)/python
	$(BIN)/uv export --quiet --frozen --all-packages --all-extras --all-groups --no-hashes \
		--no-emit-workspace --no-annotate --no-header --output-file constraints.txt

# A .venv without pip is what an interrupted or refused `python -m venv` leaves behind.
$(INSTALLED): $(DEFINITIONS) constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; name one: make PYTHON=python3.12" if sys.version_info < (3, 11) else 0)'
	@$(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --constraint constraints.txt \
		--group dev $(addprefix --editable ,$(PROJECTS))
	@touch $@

# The destination's own client, for one line of the benchmark. No part of the project.
$(SDK_INSTALLED): Makefile
	@$(SDK)/bin/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(SDK)
	$(SDK)/bin/python -m pip install --quiet --disable-pip-version-check mparticle
	@touch $@
