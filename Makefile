# Everything that people do here, one target each: make help
.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c

PYTHON ?= python3
STATE := .mcos
DEV := $(STATE)/venvs/dev
RUN := $(DEV)/bin/python
STAMP := $(DEV)/installed
export PYTHONDONTWRITEBYTECODE := 1

.PHONY: help up down test unit functional long check format endpoints account \
	inprocess start-backend stop-backend logs status clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18

# One at a time makes the environment: `make up` and `make test` may run side by side.
$(STAMP): requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=...")'
	@mkdir -p $(STATE)/venvs
	@flock $(STATE)/venvs/dev.lock sh -euc 'test $@ -nt $< || { \
		echo "dev        installing"; \
		$(PYTHON) -m venv --clear $(DEV); \
		$(RUN) -m pip install --quiet --disable-pip-version-check --require-hashes -r $<; \
		touch $@; echo "dev        installed"; }'

up: $(STAMP) ## start the local clouds, deploy, store a first object: make up [CLUSTERS=5]
	@$(RUN) -m clouds start --instance up $(if $(CLUSTERS),--clusters "$(CLUSTERS)")
	@$(RUN) tools/deploy.py --instance up
	@$(RUN) tools/first_object.py --instance up

down: ## stop the local clouds; all data stays
	@test ! -e $(STAMP) || $(RUN) -m clouds stop --instance up

endpoints: ## print NAME URL for each cluster
	@$(RUN) -c 'from tools.local import endpoints; [print(*one) for one in sorted(endpoints("up").items())]'

account: $(STAMP) ## add an account: make account NAME=... PASSWORD=... [ROLE=admin]
	@$(RUN) tools/account.py --instance up $(if $(ROLE),--role "$(ROLE)") -- "$(NAME)" "$(PASSWORD)"

stop-backend: $(STAMP) ## stop one storage service: make stop-backend NAME=s3|swift|ceph|swift-2|s3-2
	@$(RUN) -m clouds stop --instance up "$(NAME)"

start-backend: $(STAMP) ## start it again: make start-backend NAME=...
	@$(RUN) -m clouds start --instance up "$(NAME)"

logs: $(STAMP) ## follow the logs of the local clouds and their functions
	@$(RUN) -m clouds logs --instance up

status: $(STAMP) ## what runs
	@$(RUN) -m clouds status --instance up

test: check unit inprocess functional ## everything, from nothing; leaves nothing running

unit: $(STAMP) ## the tests that need no server
	@$(RUN) -m pytest -q tests/unit tests/clouds

# A process of its own: moto stands between it and every network.
inprocess: $(STAMP) ## the functions on three clusters in memory: crashes, races, repetitions
	@$(RUN) -m pytest -q tests/inprocess

functional: $(STAMP) ## the tests against local clouds of their own
	@$(RUN) tools/functional.py

long: $(STAMP) ## what takes long by nature, or a slice of it: make long [SLICE=1/3]
	@$(RUN) tools/long.py $(if $(SLICE),--slice "$(SLICE)")

check: $(STAMP) ## formatter, linter, type checker
	@$(DEV)/bin/ruff format --check .
	@$(DEV)/bin/ruff check .
	@$(DEV)/bin/mypy

format: $(STAMP) ## format the code
	@$(DEV)/bin/ruff format .
	@$(DEV)/bin/ruff check --fix .

clean: ## stop everything and remove all state and data
	@test ! -e $(STAMP) || $(RUN) -m clouds clean --all
	@rm -rf $(STATE)
