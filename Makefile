# Every target sets up what it needs first; with nothing to do that costs a few milliseconds.
# Written for make 3.81 (macOS) and sh.

BOOTSTRAP = @sh plumbline/engine/bootstrap.sh
PYTHON = .venv/bin/python
# More than twice two cores: much of the suite's time is waiting for engines, emulators and retries. In the order of
# tests/conftest.py: what takes long begins first, and the short tests fill what it leaves. What one worker has compiled
# the others read.
WORKERS = 6
ARGS =
CONFIGS =

.DEFAULT_GOAL := help
.PHONY: template archives help up down test transcripts soak bench conformance check pages verify-azure

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

up:  ## build the local stack, run its pipeline, show what came of it
	$(BOOTSTRAP)
	@.venv/bin/plumbline local up

down:  ## stop and remove everything local (caches stay)
	@if [ -d .plumbline ]; then sh plumbline/engine/bootstrap.sh && .venv/bin/plumbline local reset --yes; else echo "Nothing to stop, nothing to remove."; fi

test:  ## run the test suite; ARGS="tests/unit -k engine" runs a part of it
	$(BOOTSTRAP)
	@$(PYTHON) -m plumbline.engine ensure
	@PYTHONDONTWRITEBYTECODE= $(PYTHON) -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder -rs $(ARGS)

transcripts:  ## write tests/e2e/transcripts again: what the commands print; read the difference before you commit it
	$(BOOTSTRAP)
	@$(PYTHON) -m plumbline.engine ensure
	@PLUMBLINE_WRITE_TRANSCRIPTS=1 $(PYTHON) -m pytest $(if $(ARGS),$(ARGS),tests/e2e -k "up_releases or named_with_who or word_for_word")

soak:  ## run the long tests: many kills, faults, repetitions
	$(BOOTSTRAP)
	@$(PYTHON) -m plumbline.engine ensure
	@$(PYTHON) -m pytest -rs -s -m soak $(ARGS)

bench:  ## measure, and write benchmarks/RESULTS.md
	$(BOOTSTRAP)
	@$(PYTHON) -m plumbline.engine ensure
	@$(PYTHON) -m benchmarks $(ARGS)

conformance:  ## run other people's suites against the emulator; CONFIGS=CHECKOUT/sdk/ml/azure-ai-ml/tests/test_configs
	$(BOOTSTRAP)
	@$(PYTHON) -m tests.conformance --configs "$(CONFIGS)" $(ARGS)

verify-azure:  ## ask a real subscription about every assumption; SUBSCRIPTION=GUID, or ARGS=--emulator
	$(BOOTSTRAP)
	@$(PYTHON) -m tests.verify_azure $(if $(SUBSCRIPTION),--subscription "$(SUBSCRIPTION)") $(ARGS)

template:  ## lay out the template of a whole platform in dist/template, for `pulumi new dist/template`
	$(BOOTSTRAP)
	@$(PYTHON) -m distribution.template

archives:  ## build the plugin's archives, one a system, into dist; ARGS="linux-amd64" builds one
	$(BOOTSTRAP)
	@$(PYTHON) -m distribution.plugin_archive $(ARGS)

check:  ## lint, format, types, import direction, generated pages
	$(BOOTSTRAP)
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check --quiet .
	@$(PYTHON) -m mypy
	@.venv/bin/lint-imports --no-cache
	@$(PYTHON) -m plumbline.provider.reference --check
	@$(PYTHON) -m stacks.reference --check
	@$(PYTHON) -m plumbline.assets.lock.reference --check
	@$(PYTHON) -m plumbline.ops.reference --check
	@$(PYTHON) -m plumbline.ops.room_reference --check
	@$(PYTHON) -m plumbline.ops.language_reference --check
	@$(PYTHON) -m tests.conformance.page --check
	@$(PYTHON) -m tests.verify_azure.page --check
	@$(PYTHON) -m tests.attempts --check
	@$(PYTHON) -m tests.drift_kinds --check

pages:  ## write the generated pages
	$(BOOTSTRAP)
	@$(PYTHON) -m plumbline.provider.reference
	@$(PYTHON) -m stacks.reference
	@$(PYTHON) -m plumbline.assets.lock.reference
	@$(PYTHON) -m plumbline.ops.reference
	@$(PYTHON) -m plumbline.ops.room_reference
	@$(PYTHON) -m plumbline.ops.language_reference
	@$(PYTHON) -m tests.conformance.page
	@$(PYTHON) -m tests.verify_azure.page
	@$(PYTHON) -m tests.attempts
	@$(PYTHON) -m tests.drift_kinds
