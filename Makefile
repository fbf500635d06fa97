# Two commands are enough: `make run` and `make test`. All of them start with `setup`, which is done once per lock file.
.PHONY: help setup run test test-fast test-slow check supply audit format styles screenshots paint vendor bench lock clean

# Two more than there are cores: half of the time a test waits for a server or a process.
WORKERS = $(shell expr $$(getconf _NPROCESSORS_ONLN) + 2)

help: ## list these targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile

setup: .venv/stamp ## make .venv from the lock file, with `campus` in it

.venv/stamp: pyproject.toml requirements-dev.lock scripts/setup
	@scripts/setup

run: setup ## start a campus with its servers; Ctrl-C stops it (ARGS="--port 9000 --data elsewhere")
	@exec .venv/bin/campus up $(ARGS)

test: setup ## run the test suite on its own throw-away servers (ARGS="-k enrollment"; WORKERS=1)
	@.venv/bin/pytest -n $(WORKERS) --dist loadscope --no-loadscope-reorder $(ARGS)

test-fast: setup ## run the tests that need no server, in seconds (ARGS="-x")
	@.venv/bin/pytest -m fast -n auto --dist worksteal $(ARGS)

test-slow: setup ## run the tests that take minutes
	@.venv/bin/pytest -m slow $(ARGS)

check: setup ## style, types and the import contract
	.venv/bin/ruff check . && .venv/bin/ruff format --check .
	.venv/bin/mypy && .venv/bin/lint-imports

supply: setup ## look for secrets in the repository, and list the packages that are shipped (dist/sbom.cdx.json)
	@.venv/bin/python -m scripts.secrets
	@mkdir -p dist && .venv/bin/cyclonedx-py requirements requirements.lock --output-reproducible -o dist/sbom.cdx.json

audit: setup ## compare the packages that are shipped with known vulnerabilities, where there is a network
	@.venv/bin/python -m scripts.audit

format: setup ## let ruff mend what it can
	.venv/bin/ruff check --fix . ; .venv/bin/ruff format .

styles: setup ## build web/static/campus.css; run it before a commit that touches templates
	@.venv/bin/python -m scripts.styles

screenshots: setup ## take the pictures of docs/tour.md along its walk, and of all pages into build/pictures (ARGS=--tour for the first)
	@.venv/bin/python -m scripts.screenshots $(ARGS)

paint: setup ## how soon Chromium paints the pages of each desk on a slow processor, and what moves (ARGS=URL of a running sample campus)
	@.venv/bin/python -m scripts.paint $(ARGS)

vendor: setup ## fetch what pages have from npm again, after a change of a version in scripts/vendor.py (needs npm)
	@.venv/bin/python -m scripts.vendor

bench: setup ## measure against the yardsticks of docs/benchmarks.md
	@for name in append condition command query lag; do .venv/bin/campus bench $$name || exit 1; done

lock: ## write the lock files after a change of pyproject.toml (ARGS=--upgrade for the newest versions)
	@scripts/lock $(ARGS)

clean: ## remove the environment and the caches, not the data
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache dist
