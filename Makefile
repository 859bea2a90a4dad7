# Every target installs what it needs first. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
# Test processes side by side: one more than processors, for the journeys' waits most of its time.
JOBS ?= $(shell expr $$(nproc 2>/dev/null || echo 2) + 1)

# Programs start in half the time when compiled files are kept; __pycache__ is in .gitignore.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: bench-access bench-paraphrases bench-triage bench-desk bench-policy bench-search bench-buyers bench-checkout bench-copies bench-ledger bench-lighthouse bench-storefront sandbox-check help up test lint format bench bench-verify bench-index train eval-model lock clean install install-dev

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-11s %s\n' "$$name" "$$text"; done

up: install ## install and start everything; PORT=8000 STATE_DIR=var DEMO=1
	@exec $(BIN)/python -m local.up

test: install-dev ## run the tests; TESTS=tests/unit/local narrows, ARGS="-x -q" adds options
	@$(BIN)/python -m pytest -n $(JOBS) $(ARGS) $(TESTS)

lint: install-dev ## ruff and mypy
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

format: install-dev ## let ruff rewrite what it can
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

bench: ## list the benchmarks; each is run by hand
	@for file in bench/*.py; do [ -e "$$file" ] && echo "$(BIN)/python $$file"; done; true

bench-verify: install-dev ## calibrate the verdict on the house model; SIZE=full or small
	@exec $(BIN)/python -m bench.verify --size $(or $(SIZE),full)

bench-index: install-dev ## the copy index against faiss, ten million codes; ARGS="--codes 1000000" for less
	@$(BIN)/python -m bench.index $(ARGS)

bench-policy: install ## policy checks on texts written for it; ARGS="--misses" lists what came out otherwise
	@exec $(BIN)/python -m bench.policy $(ARGS)

bench-triage: install ## the machine's advice on written cases; ARGS="--misses" lists what came out otherwise
	@exec $(BIN)/python -m bench.triage $(ARGS)

bench-desk: install ## the moderators' pages with 50,000 open cases; ARGS="--cases 5000" for less
	@exec $(BIN)/python -m bench.desk $(ARGS)

bench-paraphrases: install ## prompts that say the same in other words: how many meaning finds, whom it names wrongly
	@exec $(BIN)/python -m bench.paraphrases

bench-copies: install ## edited copies of 1,000 pictures: which are found, and is anybody accused wrongly
	@exec $(BIN)/python -m bench.copies

bench-access: install-dev ## a running demo shop through axe and a walk by keyboard; ARGS="--site http://127.0.0.1:8000"
	@$(BIN)/python -m bench.access $(ARGS)

bench-lighthouse: install-dev ## a running shop through Lighthouse (mobile); ARGS="--site http://127.0.0.1:8000"
	@$(BIN)/python -m bench.lighthouse $(ARGS)

bench-buyers: install ## fifty buyers at once on real processes: nothing double, nothing lost, how long they wait
	@exec $(BIN)/python -m bench.buyers $(ARGS)

bench-checkout: install ## from Pay to the library with every webhook lost: under two seconds of our own
	@exec $(BIN)/python -m bench.checkout $(ARGS)

bench-ledger: install-dev ## random trading, 200,000 events, every cent checked after each; ARGS="--events 20000" for less
	@exec $(BIN)/python -m bench.ledger $(ARGS)

bench-storefront: install ## the storefront at 10,000, 100,000 and a million listings; needs wrk; ARGS="--sizes 10000" for less
	@exec $(BIN)/python -m bench.storefront $(ARGS)

sandbox-check: install ## the emulator against Stripe's own sandbox; STRIPE_SANDBOX_KEY=sk_test_… or rk_test_…
	@exec $(BIN)/python -m local.stripe.sandbox

bench-search: install ## judged queries: how well words, meaning and both together find
	@exec $(BIN)/python -m bench.search

train: install ## train the house model from nothing, resuming from checkpoints
	@exec $(BIN)/python -m house_model.train

eval-model: install ## how well the house model follows its captions
	@exec $(BIN)/python -m house_model.evaluate

lock: ## pin the requirements anew after a change to requirements*.in
	@$(PYTHON) -m local.bootstrap --lock

clean: ## remove the local stack's data and caches; .venv and var/train stay
	@[ ! -d var ] || flock -n var find var -mindepth 1 -maxdepth 1 ! -name train -exec rm -rf {} + \
	  || { echo "Bracket is running on var/; stop it first."; exit 1; }
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis

install:
	@$(PYTHON) -m local.bootstrap

install-dev:
	@$(PYTHON) -m local.bootstrap --dev
