# Every target sets up what it needs: with Python 3.11 or later, pip and make on the machine, `make demo` is all there is to type.
# Another Python: make test PYTHON=python3.13. Some tests only: make test ARGS="-k blend".

PYTHON ?= python3
ARGS ?=
VERSION := $(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)

BIN := .venv/bin
KAGGLE := .venv-kaggle/bin
EMBED := .venv-embed/bin
BENCH := .venv-bench/bin
SPARK := .venv-spark/bin
RUN := .venv/.run-$(VERSION)
DEV := .venv/.dev-$(VERSION)
KAGGLE_DEV := .venv-kaggle/.dev-$(VERSION)
EMBED_DEV := .venv-embed/.dev-$(VERSION)
BENCH_DEV := .venv-bench/.dev-$(VERSION)
SPARK_DEV := .venv-spark/.dev-$(VERSION)
JAVA := $(shell command -v java 2>/dev/null)

.PHONY: help demo test test-thorough test-train test-embed test-kaggle test-spark browser check fuzz mutants bench lock clean
.DELETE_ON_ERROR:

help:
	@echo 'make demo         check, blend and log the example; see a broken one refused'
	@echo 'make test         the suite, but for what needs extras'
	@echo 'make test-thorough  faults, fuzz, traps and the notebook with every case, not a sample'
	@echo 'make test-train   the suite of weights, training and reports, which need scikit-learn and altair'
	@echo 'make test-embed   the suite of images, which need torch and transformers'
	@echo 'make browser      look at the page of a report in a real Chromium, or say why not'
	@echo 'make check        lint, format, types, import laws'
	@echo 'make test-kaggle  all of it with the library versions of a Kaggle notebook'
	@echo 'make test-spark   the blend inside a Spark job; needs Java 17 or later, and steps aside without'
	@echo 'make fuzz         a million random files (PBL_FUZZ_COUNT)'
	@echo 'make mutants      break the code on purpose, and see the suite notice'
	@echo 'make bench        how long it takes; printed, never asserted'
	@echo 'make lock         renew constraints.txt, and those of kaggle and embed'
	@echo 'make clean        remove all that make made'

demo: $(RUN)
	@rm -rf demo && mkdir demo
	@$(call show,pbl validate examples/biomass/pillars)
	@$(call refused,pbl blend examples/biomass/broken --output demo/broken.csv)
	@$(call show,pbl blend examples/biomass/pillars --clip-min 0 --output demo/submission.csv)
	@$(call show,pbl log-run demo/submission.csv --label demo --cv 0.848750 --logs demo/run_logs)
	@$(call show,pbl runs --logs demo/run_logs)
	@$(call page,pbl report examples/biomass/pillars --truth examples/biomass/pillars/train.csv --logs demo/run_logs --output demo/report.html)

test: $(DEV)
	@$(BIN)/python -m pytest --ignore=tests/reporting --ignore=tests/training --ignore=tests/weights $(ARGS)

test-thorough: export PBL_THOROUGH = 1
test-thorough: $(DEV)
	@$(BIN)/python -m pytest tests/faults tests/fuzz tests/reading/test_traps.py tests/weights/test_roads.py \
		tests/blending/test_align_faults.py tests/kaggle/test_inference.py $(ARGS)

test-train: $(DEV)
	@$(BIN)/python -m pytest tests/reporting tests/training tests/weights $(ARGS)

# A network in each worker takes its time to load, and two share two cores well.
test-embed: $(EMBED_DEV)
	@$(EMBED)/python -m pytest -n 2 tests/training/embedding $(ARGS)

test-kaggle: $(KAGGLE_DEV)
	@$(KAGGLE)/python -m pytest $(ARGS)

browser: $(DEV)
	@$(BIN)/python tests/browser/run.py

ifeq ($(JAVA),)
test-spark:
	@echo 'The tests of Spark step aside: there is no Java here. Debian: apt-get install openjdk-17-jre-headless'
else
test-spark: $(SPARK_DEV)
	@$(SPARK)/python -m pytest -n 0 tests/spark $(ARGS)
endif

check: $(DEV)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

fuzz: export PBL_FUZZ_COUNT ?= 1000000
fuzz: $(DEV)
	@$(BIN)/python -m pytest tests/fuzz/test_fuzz.py $(ARGS)

mutants: $(DEV)
	@PYTHONPATH=tests $(BIN)/python -m mutants $(ARGS)

bench: $(BENCH_DEV)
	@$(call compile,.venv-bench)
	@$(BENCH)/python benchmarks/bench.py $(ARGS)

# The floors' Python gives versions that exist for all later ones. pip freeze names versions only, no addresses.
lock:
	@[ "$(VERSION)" = 3.11 ] || { echo "make lock needs the lowest Python: make lock PYTHON=python3.11" >&2; exit 1; }
	@$(call lock,constraints.txt,--group dev --group bench)
	@$(call lock,constraints-kaggle.txt,--group test --group kaggle)
	@$(call lock,constraints-embed.txt,--group test --group embed)

clean:
	rm -rf .browser .venv .venv-bench .venv-embed .venv-kaggle .venv-lock .venv-spark demo build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src schemas sql tests examples benchmarks -type d -name __pycache__ -prune -exec rm -rf {} +

# A stamp a folder and Python version: another PYTHON, other dependencies or other locked versions set up anew.
$(RUN): pyproject.toml constraints.txt
	@$(call venv,.venv)
	@$(call install,.venv,constraints.txt,)
	@touch $@

$(DEV): pyproject.toml constraints.txt
	@$(call venv,.venv)
	@$(call install,.venv,constraints.txt,--group dev)
	@touch $(RUN) $@

$(KAGGLE_DEV): pyproject.toml constraints-kaggle.txt
	@$(call venv,.venv-kaggle)
	@$(call install,.venv-kaggle,constraints-kaggle.txt,--group test --group kaggle)
	@touch $@

# Apart from .venv: torch alone is larger than all the rest.
$(EMBED_DEV): pyproject.toml constraints-embed.txt
	@$(call venv,.venv-embed)
	@$(call install,.venv-embed,constraints-embed.txt,--group test --group embed)
	@touch $@

# Apart from .venv: the suite runs without pandas, as a user's machine may.
$(BENCH_DEV): pyproject.toml constraints.txt
	@$(call venv,.venv-bench)
	@$(call install,.venv-bench,constraints.txt,--group bench)
	@touch $@

# Apart from .venv, too; pyspark brings a hundred megabytes.
$(SPARK_DEV): pyproject.toml constraints.txt
	@$(call venv,.venv-spark)
	@$(call install,.venv-spark,constraints.txt,--group spark)
	@touch $@

# $(1): the command line of pbl. Printed as a reader would type it, then run.
show = echo; echo '$$ $(1)'; $(BIN)/$(1)
refused = echo; echo '$$ $(1)'; $(BIN)/$(1); [ $$? -eq 1 ] || { echo 'this should have been refused (exit 1)' >&2; exit 1; }

# $(1): as above, if the extra [report] is there; the demo does without it.
page = if $(BIN)/python -c 'import altair, vl_convert, sklearn' 2>/dev/null; then $(call show,$(1)); fi

# $(1): folder. Kept if it holds this Python. Debian's Python without python3-venv has no ensurepip: then its own pip helps out.
define venv
$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
  echo "pbl needs Python 3.11 or later, and $(PYTHON) is $(or $(VERSION),not here). Try: make PYTHON=python3.12" >&2; exit 1; }; \
if [ "$$($(1)/bin/python -c 'import sys, pip; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)" = "$(VERSION)" ]; then \
  echo "Installing what is missing in $(1)"; \
else \
  echo "Setting up $(1) with Python $(VERSION) (once; a minute or two)"; \
  $(PYTHON) -m venv --clear $(1) >/dev/null 2>&1 || { \
    $(PYTHON) -m venv --clear --without-pip $(1) && \
    $(PYTHON) -m pip --disable-pip-version-check --python $(1)/bin/python install -qq pip; }; \
fi
endef

# $(1): folder, $(2): constraints, $(3): groups. --group needs pip 25.1, so pip comes first. What is installed from here is
# compiled as pip compiles a wheel: where Python is told not to (PYTHONDONTWRITEBYTECODE), each start would take 0.04 s more.
define install
$(1)/bin/python -m pip --disable-pip-version-check install -qq --no-input -c $(2) --upgrade pip && \
$(1)/bin/python -m pip --disable-pip-version-check install -qq --no-input -c $(2) -e . $(3) && $(call compile,$(1))
endef

# $(1): folder
compile = $(1)/bin/python -m compileall -q src schemas sql

# $(1): file to write, $(2): groups.
define lock
set -e; rm -rf .venv-lock; $(call venv,.venv-lock); \
: > .venv-lock/none.txt; \
$(call install,.venv-lock,.venv-lock/none.txt,$(2)); \
{ echo "# What 'pip install -e . $(2)' brings, exactly; for Python 3.11 to 3.13. Renew it with: make lock"; \
  .venv-lock/bin/python -m pip freeze --all --exclude-editable --exclude setuptools | sed 's/+cpu$$//'; } > .venv-lock/$(1); \
mv .venv-lock/$(1) $(1); rm -rf .venv-lock
endef
