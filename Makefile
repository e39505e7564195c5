# Two commands do all set-up on a fresh machine: `make demo` and `make test`.
SHELL := /bin/bash
.DELETE_ON_ERROR:
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
OPENID := portal/demo/openid

.PHONY: demo test check format benchmarks clean setup browser

demo: setup
	@$(BIN)/python -m portal demo

test: setup browser check
	$(BIN)/python -m pytest -n 2 --dist loadscope

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: setup
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

benchmarks: setup
	$(BIN)/python -m benchmarks

setup: $(VENV)/ready $(OPENID)/node_modules/ready

$(VENV)/ready: requirements.lock pyproject.toml
	@command -v $(PYTHON) >/dev/null || { echo "Missing: python3.11 (Debian package python3.11)"; exit 1; }
	@$(PYTHON) -c 'import venv, ensurepip' 2>/dev/null || { echo "Missing: Debian package python3.11-venv"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(OPENID)/node_modules/ready: $(OPENID)/package-lock.json
	@command -v node >/dev/null || { echo "Missing: node (Debian packages nodejs and npm)"; exit 1; }
	cd $(OPENID) && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# The browser for tests is the one thing that needs the system's package manager.
browser:
	@if [ -x /usr/bin/chromium ]; then :; \
	elif [ "$$(id -u)" = 0 ]; then \
		echo "Installing Debian package chromium (browser tests)"; \
		apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else echo "Missing: Debian package chromium (browser tests). Ask root to install it."; exit 1; fi

clean:
	rm -rf $(VENV) $(OPENID)/node_modules .portal artifacts

# After a change of the dependencies in pyproject.toml; needs uv.
.PHONY: lock
lock:
	uv pip compile pyproject.toml --group dev --python-version 3.11 --universal --generate-hashes \
		--no-annotate --no-header --quiet -o requirements.lock
