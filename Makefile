# The two commands: `make demo` trains on real digits, `make test` runs every test. Both install what they need first.
# CMake does the building; this file names the jobs.
BUILD ?= build
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
JOBS ?= $(shell nproc)
CONFIGURE ?= -DCMAKE_BUILD_TYPE=Release

PACKAGES := gcc g++ make cmake ninja-build ccache git pkg-config clang-19 llvm-19-dev libpolly-19-dev libclang-rt-19-dev clang-format \
	libdnnl-dev libopenblas-dev liblapacke-dev zlib1g-dev libzstd-dev python3 python3-dev python3-venv
# Needed by the tests and examples, never by the library.
WHEELS := numpy ml_dtypes pytest matplotlib

.PHONY: all demo test build deps venv check lint fmt asan ubsan tsan fuzz compositions torture bench conformance docs wheel clean
all: build

deps: $(BUILD)/.packages
$(BUILD)/.packages: Makefile
	@mkdir -p $(BUILD)
	@missing=""; for p in $(PACKAGES); do dpkg-query -W -f '$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -n "$$missing" ]; then echo "installing$$missing"; \
	  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null || exit 1; fi
	@touch $@

venv: $(VENV)/.ready
$(VENV)/.ready: Makefile | $(BUILD)/.packages
	$(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install -q --disable-pip-version-check $(WHEELS)
	@touch $@

$(BUILD)/build.ninja: CMakeLists.txt | $(BUILD)/.packages $(VENV)/.ready
	cmake -S . -B $(BUILD) -G Ninja -DCMAKE_C_COMPILER_LAUNCHER=ccache -DPython3_EXECUTABLE=$(abspath $(RUN)) $(CONFIGURE)

# Leaves build/ with the C library and .venv/bin/python -m cotan.
build: $(BUILD)/build.ninja $(VENV)/.ready
	cmake --build $(BUILD) -j $(JOBS)
	@site=$$($(RUN) -c 'import sysconfig; print(sysconfig.get_path("purelib"))'); echo "$(abspath $(BUILD))/python" > $$site/cotan.pth

demo: build
	mkdir -p $(BUILD)/demo
	$(RUN) -m cotan examples/digits.py --out $(BUILD)/demo

test: build
	$(RUN) tools/test.py --build $(BUILD)

check: test lint

lint: deps
	$(PYTHON) tools/lint.py

fmt: deps
	git ls-files '*.c' '*.h' ':!tests/unit/recorded' | xargs clang-format -i

# ThreadSanitizer also watches threads of Python; what OpenBLAS and NumPy do among themselves is not ours (tests/tsan.supp).
export TSAN_OPTIONS ?= suppressions=$(CURDIR)/tests/tsan.supp die_after_fork=0 history_size=4
asan ubsan tsan: deps venv
	$(MAKE) build BUILD=build-$@ CONFIGURE="-DCMAKE_BUILD_TYPE=Debug -DCOTAN_SANITIZE=$@"
	ctest --test-dir build-$@ --output-on-failure
	if [ $@ = tsan ]; then LD_PRELOAD=$$(gcc -print-file-name=libtsan.so) PYTHONPATH=build-tsan/python $(RUN) -m pytest -q -p cotan.pytest tests/python/test_threads.py; fi

# libFuzzer on the parser, from the recorded jaxprs on; SECONDS=0 goes on until something is found.
fuzz: deps venv
	cmake -S . -B build-fuzz -G Ninja -DCMAKE_C_COMPILER=clang-19 -DCMAKE_CXX_COMPILER=clang++-19 -DCMAKE_C_COMPILER_LAUNCHER=ccache \
	  -DPython3_EXECUTABLE=$(abspath $(RUN)) -DCMAKE_BUILD_TYPE=Release -DCOTAN_SANITIZE=fuzz
	cmake --build build-fuzz -j $(JOBS) --target fuzz-parse
	mkdir -p build-fuzz/corpus && cd build-fuzz/corpus && csplit -s -z -f seed- -n 4 --suppress-matched $(CURDIR)/tests/unit/recorded/ops_jaxprs.txt '/^==/' '{*}'
	build-fuzz/tests/fuzz-parse -max_total_time=$(or $(SECONDS),60) -max_len=4096 -timeout=10 build-fuzz/corpus

# Random compositions of transformations, each run several ways; JAX=PYTHON compares with JAX too.
compositions: build
	$(PYTHON) tests/compositions/run.py --venv $(VENV) --seconds $(or $(SECONDS),60) --seed $(or $(SEED),0) $(if $(JAX),--jax $(JAX))

torture: build
	$(RUN) tools/test.py --build $(BUILD) --only torture

bench: build
	$(PYTHON) bench/run.py --build $(BUILD) --venv $(VENV)

conformance: build
	$(PYTHON) tests/conformance/run.py --venv $(VENV)

docs: build
	$(PYTHON) tools/generate.py --docs docs/reference

# A wheel for this Python, in dist/.
wheel: build
	$(RUN) python/wheel.py $(BUILD)/python dist

clean:
	rm -rf $(BUILD) build-asan build-ubsan build-tsan $(VENV)
