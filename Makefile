# The one entrance to this project. It needs make and a Python ≥ 3.11, and sets up all the rest itself in .venv.

PYTHON ?=
PYTHONS := $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python
PYTEST_ARGS ?= -n 2
SERVE_ARGS ?=
BENCH_ARGS ?=
LOCK_ARGS ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check

# A user's settings say where packages come from; they must not say where these go, nor which ones they are.
unexport PIP_USER PIP_TARGET PIP_PREFIX PIP_ROOT PIP_REQUIREMENT PIP_EDITABLE PIP_CONSTRAINT PIP_DRY_RUN PIP_PYTHON
unexport UV_SYSTEM_PYTHON UV_PYTHON UV_CONSTRAINT UV_OVERRIDE UV_EXCLUDE UV_REQUIRE_HASHES UV_NO_BUILD
unexport VIRTUAL_ENV PYTHONHOME PYTHONPATH
# What is compiled is kept: a start that compiles everything anew takes a second longer.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: run test check schema migration soak bench web lock clean help

run: .venv/run.stamp ## Serve demo data on 127.0.0.1:8000 from the embedded store (SERVE_ARGS="--port 8001")
	@$(BIN)/creditgraph serve --demo $(SERVE_ARGS)

test: .venv/dev.stamp ## Run all tests on SQLite and PostgreSQL (PYTEST_ARGS="-k usage")
	@$(BIN)/pytest -m "not soak" $(PYTEST_ARGS)

check: .venv/dev.stamp ## Run every check: format, lint, types, imports, web, tests with the schema's
	$(call step,format: ruff format --check,$(BIN)/ruff format --check --quiet)
	$(call step,lint: ruff check,$(BIN)/ruff check --quiet)
	$(call step,types: mypy --strict,$(BIN)/mypy --no-error-summary && \
		$(BIN)/mypy --no-error-summary --follow-imports silent --package benchmarks)
	$(call step,imports: lint-imports,$(BIN)/lint-imports --no-logo >.venv/imports.log || { cat .venv/imports.log; false; })
	$(call step,web: built files equal their sources,web/check.sh)
	$(call step,tests: pytest,$(BIN)/pytest -m "not soak" $(PYTEST_ARGS))

schema: .venv/run.stamp ## Write schema.graphql from the code
	@$(BIN)/creditgraph schema >.venv/schema.graphql
	@mv .venv/schema.graphql schema.graphql

migration: .venv/dev.stamp ## Write a migration from the difference between models and migrations (m="what changes")
	@test -n "$$m" || { echo 'Say what changes: make migration m="add a region to agents"' >&2; exit 1; }
	@$(BIN)/python -m models.migrations "$$m"

soak: .venv/dev.stamp ## Run the long tests that `make test` leaves out
	@$(BIN)/pytest -m soak $(PYTEST_ARGS)

bench: .venv/bench.stamp ## Compare with others, side by side (BENCH_ARGS="--only smallest nested --seconds 3")
	@$(BIN)/python -m benchmarks.bench $(BENCH_ARGS)

web: ## Build the pages of web/ anew (needs Node.js)
	@cd web && npm ci && npm run build

lock: ## Resolve the dependencies into the locks (needs uv; LOCK_ARGS="--upgrade")
	$(call compile,--extra build,requirements.lock)
	$(call compile,--extra build --extra dev --extra genai-prices --extra otel,requirements-dev.lock)
	$(call compile,,benchmarks/peers/requirements.txt,benchmarks/peers/requirements.in)

clean: ## Remove the environment and all caches; databases stay
	@rm -rf .venv .mypy_cache .ruff_cache .import_linter_cache .hypothesis .pytest_cache web/node_modules
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## Show these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The development lock holds all of the other, so that after a test a run finds nothing left to install.
.venv/dev.stamp: requirements-dev.lock pyproject.toml $(BIN)/python
	$(call install,requirements-dev.lock)
	@touch .venv/run.stamp .venv/dev.stamp

.venv/run.stamp: requirements.lock pyproject.toml $(BIN)/python
	$(call install,requirements.lock)
	@touch .venv/run.stamp

# What benchmarks compare with. Who has no npm goes without the rivals in Node.js.
.venv/bench.stamp: .venv/dev.stamp benchmarks/peers/package-lock.json benchmarks/peers/requirements.txt
	@mkdir -p .venv/bench && cp benchmarks/peers/package.json benchmarks/peers/package-lock.json benchmarks/peers/.npmrc .venv/bench
	@if command -v npm >/dev/null; then \
		echo 'Installing benchmarks/peers/package-lock.json' && \
		cd .venv/bench && npm ci --ignore-scripts --loglevel=error; \
	else \
		echo 'npm is missing: rivals in Node.js are skipped' >&2; \
	fi
	@echo 'Installing benchmarks/peers/requirements.txt'
	@test -x .venv/bench/python/bin/python || $(BIN)/python -m venv .venv/bench/python
	@.venv/bench/python/bin/python -m pip --disable-pip-version-check install --quiet --require-hashes \
		-r benchmarks/peers/requirements.txt
	@touch $@

$(BIN)/python:
	@for python in $(PYTHONS) none; do \
		if [ "$$python" = none ]; then \
			echo 'creditgraph needs Python 3.11 or newer and finds none. Name one: make PYTHON=/path/to/python' >&2; \
			exit 1; \
		fi; \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
	done; \
	echo "Making .venv with $$("$$python" --version)"; \
	rm -rf .venv; \
	if command -v uv >/dev/null; then \
		uv venv --quiet --python "$$(command -v "$$python")" .venv; \
	else \
		"$$python" -m venv .venv; \
	fi

# One line that says what is checked, then the check; make stops at the first that fails.
define step
@printf '\n== %s\n' '$(1)'
@$(2)
endef

# The project itself is installed apart: hashes are for files, and this one is a folder. It takes nothing from the
# network, so its pip reads no settings at all.
define install
@echo 'Installing $(1)'
@if command -v uv >/dev/null; then \
	uv pip install --quiet --python $(BIN)/python --require-hashes -r $(1) && \
	uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .; \
else \
	{ $(PIP) --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null; } && \
	$(PIP) install --quiet --require-hashes -r $(1) && \
	PIP_CONFIG_FILE=/dev/null $(PIP) --isolated install --quiet --no-deps --no-build-isolation --editable .; \
fi
endef

define compile
@command -v uv >/dev/null || { echo 'make lock needs uv on the PATH' >&2; exit 1; }
@uv pip compile $(or $(3),pyproject.toml) $(1) --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-header --quiet $(LOCK_ARGS) --output-file $(2)
endef
