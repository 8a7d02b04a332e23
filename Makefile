# Everything that people do here, one target each: make help
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= python3
STATE := .mcos
TOOLS := $(STATE)/venvs/tools/bin/python
DEV := $(STATE)/venvs/dev
RUN := $(DEV)/bin/python
STAMP := $(DEV)/installed
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help python installed up down test unit functional long check format endpoints account \
	cost docs faults soak inprocess rescue scrub start-backend stop-backend logs status clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# What tests and checks need; make up needs less, and makes $(TOOLS). One at a time makes it.
$(STAMP): requirements/dev.txt | python
	@mkdir -p $(STATE)/venvs
	@flock $(STATE)/venvs/dev.lock sh -euc 'test $@ -nt $< || { \
		echo "  dev        installing ..."; \
		$(PYTHON) -m venv --clear $(DEV); \
		$(RUN) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $< \
			> $(STATE)/venvs/dev.log 2>&1 || { cat $(STATE)/venvs/dev.log; exit 1; }; \
		touch $@; echo "  dev        installed"; }'

python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=...")'

installed:
	@test -x $(TOOLS) || { echo "nothing is installed yet: \`make up\` does it" >&2; exit 1; }

up: python ## start the local clouds, deploy, store a first object: make up [CLUSTERS=5] [EMULATOR=URL]
	@$(PYTHON) tools/up.py $(if $(CLUSTERS),--clusters "$(CLUSTERS)") $(if $(EMULATOR),--emulator "$(EMULATOR)")

down: python ## stop the local clouds; all data stays
	@$(PYTHON) -m clouds stop --instance up

endpoints: python ## print NAME URL for each cluster
	@$(PYTHON) tools/endpoints.py --instance up

account: installed ## add an account: PASSWORD=... make account NAME=... [ROLE=admin]; it asks if there is none
	@MCOS_PASSWORD="$${PASSWORD-}" $(TOOLS) tools/account.py --instance up $(if $(ROLE),--role "$(ROLE)") -- "$(NAME)"

scrub: installed ## compare every backend with the catalog now, and make whole what is not
	@$(TOOLS) tools/scrub.py --instance up

stop-backend: python ## stop one storage service: make stop-backend NAME=s3|swift|ceph|swift-2|s3-2
	@$(PYTHON) -m clouds stop --instance up "$(NAME)"

start-backend: installed ## start it again: make start-backend NAME=...
	@$(TOOLS) -m clouds start --instance up "$(NAME)"

rescue: python ## bring back every object from one storage service: make rescue BACKEND=... TO=DIR [METADATA=1]
	@test -n "$(BACKEND)" -a -n "$(TO)" || { echo "make rescue BACKEND=s3|swift|ceph TO=DIR" >&2; exit 2; }
	@$(PYTHON) tools/rescue.py --instance up --backend "$(BACKEND)" --to "$(TO)" $(if $(METADATA),--metadata)

logs: python ## follow the logs of the local clouds and their functions
	@$(PYTHON) -m clouds logs --instance up

status: python ## what runs
	@$(PYTHON) -m clouds status --instance up

test: check unit inprocess faults functional ## everything, from nothing; leaves nothing running

unit: $(STAMP) ## the tests that need no server
	@$(RUN) -m pytest -q --numprocesses=2 --dist=loadfile tests/unit tests/clouds

# A process of its own: moto stands between it and every network.
inprocess: $(STAMP) ## the functions on three clusters in memory: crashes, races, repetitions
	@$(RUN) -m pytest -q --numprocesses=2 --dist=worksteal tests/inprocess

faults: $(STAMP) ## clients at work while things go wrong, by seeds; and what judges them
	@$(RUN) -m pytest -q tests/faults

soak: $(STAMP) ## the same with new seeds for hours: make soak HOURS=... [SEED=...] [TROUBLE=...]
	@$(RUN) tools/soak.py $(if $(HOURS),--hours "$(HOURS)") $(if $(SEED),--seed "$(SEED)") \
		$(if $(TROUBLE),--trouble "$(TROUBLE)")

functional: $(STAMP) ## the tests against local clouds of their own
	@$(RUN) tools/functional.py

long: $(STAMP) ## what takes long by nature, or a slice of it: make long [SLICE=1/4]
	@$(RUN) tools/long.py $(if $(SLICE),--slice "$(SLICE)")

cost: $(STAMP) ## what MCOS costs on AWS, counted in memory: make cost [JSON=FILE]
	@$(RUN) -m bench.cost $(if $(JSON),--json "$(JSON)")

# An environment of its own: what makes the pages is nothing that developers need.
DOCS := $(STATE)/venvs/docs
$(DOCS)/installed: requirements/docs.txt | python
	@mkdir -p $(STATE)/venvs
	@$(PYTHON) -m venv --clear $(DOCS)
	@$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $<
	@touch $@

docs: $(DOCS)/installed ## the pages of docs/ as a site in .mcos/site; broken links fail
	@NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/mkdocs build --strict > $(DOCS)/built 2>&1 || { cat $(DOCS)/built; exit 1; }

check: $(STAMP) docs ## formatter, linter, type checker, the pages
	@$(DEV)/bin/ruff format --check .
	@$(DEV)/bin/ruff check .
	@$(DEV)/bin/mypy

format: $(STAMP) ## format the code
	@$(DEV)/bin/ruff format .
	@$(DEV)/bin/ruff check --fix .

clean: python ## stop everything and remove all state and data
	@$(PYTHON) -m clouds clean --all
	@rm -rf $(STATE)
