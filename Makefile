# The two that README begins with are `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# A worker for each core; one that is done takes tests from another.
SIDE_BY_SIDE := --numprocesses=auto --dist=worksteal

.PHONY: run test test-epoll test-failed test-twisted scanners lint types format bench attacks proofs fuzz clean help

help:            ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 16

run: $(VENV)/.installed config/tls/ca.crl   ## install, and serve config/polyport.yaml
	$(BIN)/twistd -n --pidfile= polyport -c config/polyport.yaml

test: $(VENV)/.tested config/tls/ca.crl     ## install, run the whole test-suite, and print what it covers
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(SIDE_BY_SIDE)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

test-epoll: $(VENV)/.tested config/tls/ca.crl   ## the same suite on Twisted's own epoll reactor
	POLYPORT_TEST_REACTOR=epoll $(BIN)/python -m pytest $(SIDE_BY_SIDE)

test-failed: $(VENV)/.tested   ## what failed in the last run, once more, one after the other
	$(BIN)/python -m pytest --last-failed --last-failed-no-failures=none --maxfail=5

test-twisted: $(VENV)/.tested   ## Twisted's own tests on our reactor and on its own, compared
	POLYPORT_TEST_TWISTED=1 $(BIN)/python -m pytest tests/reactor/test_twisted.py

scanners: $(VENV)/scanners/bin/sslyze   ## install what the tests of TLS scan with, if it is there

# In an environment of its own, for it needs older packages than we do.
$(VENV)/scanners/bin/sslyze: | $(VENV)/.installed
	$(PYTHON) -m venv $(VENV)/scanners
	$(VENV)/scanners/bin/pip install --quiet 'sslyze>=6.3'

lint: $(VENV)/.tested      ## ruff: style, and its formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.tested     ## mypy, strict
	$(BIN)/mypy

format: $(VENV)/.tested    ## let ruff rewrite what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.benched  ## measure beside the peers (see benchmarks/README.md)
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/idle.py
	$(BIN)/python benchmarks/metrics.py
	$(BIN)/python benchmarks/web.py
	$(BIN)/python benchmarks/channels.py
	$(BIN)/python benchmarks/relay.py

attacks: $(VENV)/.installed   ## measure what attacks cost, and whoever is served meanwhile (see docs/security.md)
	$(BIN)/python benchmarks/attacks.py $(ATTACKS)

proofs: $(VENV)/.installed   ## prove what operators are promised of reloads, workers and upgrades (see docs/operations.md)
	$(BIN)/python benchmarks/proofs.py $(PROOFS)

fuzz: $(VENV)/.tested   ## a million inputs for all that reads what peers send; FUZZ="--count N --seed N --minutes M"
	$(BIN)/python tests/fuzz $(FUZZ)

clean:           ## remove what the other targets made
	rm -rf $(VENV) config/tls config/*.sock config/access.log* benchmarks/build .coverage* dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

config/tls/ca.crl: | $(VENV)/.installed
	$(BIN)/polyport cert --out config/tls

# A target for each set of packages, renewed when pyproject.toml changes.
$(VENV)/.installed: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Polyport needs Python 3.11 or newer; try: make PYTHON=python3.12"; rm -rf $(VENV); exit 1; }
	$(BIN)/pip install --quiet --editable .
	touch $@

$(VENV)/.benched: $(VENV)/.installed
	$(BIN)/pip install --quiet --editable '.[bench]'
	touch $@

$(VENV)/.tested: $(VENV)/.installed
	$(BIN)/pip install --quiet --editable '.[test]'
	touch $@
