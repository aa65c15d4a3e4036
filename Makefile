# One word for each thing one does here. `make help` lists them.
# Every target installs by itself what it misses (Debian 12, as root or with sudo).
SHELL := /bin/bash
PRESET ?= release
JOBS ?= $(shell nproc)
BUILD := build/$(PRESET)

.PHONY: help build lib test unit demo showcase bench bench-peers bench-full bench-growth bench-choosing asan tsan torture torture-long reliability coverage tidy format check-format style install clean docs hooks deps fuzz

help: ## lists the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

deps: ## installs what building and testing need
	@scripts/bootstrap.sh build test

build: ## builds the library, the command and the tests: build/release/bin/quiver
	@scripts/bootstrap.sh build
	@scripts/build.sh $(PRESET) $(JOBS)

lib: ## builds the library alone
	@scripts/bootstrap.sh build
	@scripts/build.sh $(PRESET) $(JOBS) quiver

test: ## builds, then runs all tests
	@scripts/bootstrap.sh build test
	@scripts/build.sh $(PRESET) $(JOBS)
	@ctest --test-dir $(BUILD) --output-on-failure -j $(JOBS)

demo: ## the main job on real data: build/demo/report.html
	@scripts/bootstrap.sh build demo
	@scripts/build.sh release $(JOBS) quiver_command
	@scripts/demo.sh

showcase: ## SQL over a live database of 10 million orders, beside RocksDB and SQLite: build/showcase/showcase.html
	@scripts/bootstrap.sh build showcase
	@scripts/build.sh release $(JOBS) quiver quiver_command
	@scripts/showcase.sh

bench: ## Quiver beside RocksDB, LevelDB, LMDB, WiredTiger: a smoke run of at most ten minutes
	@scripts/bootstrap.sh build bench
	@scripts/build.sh release $(JOBS) quiver-bench memtable-bench
	@scripts/bench.sh smoke

bench-peers: ## builds release libraries of RocksDB and LevelDB, which the benchmarks then take: a quarter of an hour
	@scripts/bootstrap.sh build bench peers
	@scripts/peers.sh $(JOBS)

bench-full: bench-peers ## all rows on all data sets: hours on a machine that does nothing else (MINUTES=n: in parts)
	@scripts/build.sh release $(JOBS) quiver-bench memtable-bench
	@scripts/bench.sh full

bench-growth: ## how costs grow from 1 M to 100 M entries (ENGINES=quiver,rocksdb+thp MINUTES=n: in parts)
	@scripts/bootstrap.sh build bench
	@scripts/build.sh release $(JOBS) quiver-bench memtable-bench
	@scripts/bench.sh growth

bench-choosing: ## the memtables and the compaction strategies against each other (MINUTES=n: in parts)
	@scripts/bootstrap.sh build bench
	@scripts/build.sh release $(JOBS) quiver-bench memtable-bench
	@scripts/bench.sh choosing

# Sanitizers are 5 to 20 times slower: the long tests run on a part of their work.
SHORTER := QUIVER_MODEL_OPERATIONS=20000 QUIVER_BIT_FLIPS=200 QUIVER_KILLS=10 QUIVER_POWER_CUTS=60

asan: ## all tests under AddressSanitizer and UndefinedBehaviorSanitizer (RECORD=1 appends to docs/results)
	@$(SHORTER) ASAN_OPTIONS=detect_stack_use_after_return=1 $(MAKE) --no-print-directory test PRESET=asan
	@$(if $(RECORD),python3 scripts/record_sanitizer.py asan)

tsan: ## all tests under ThreadSanitizer, without suppressions (RECORD=1 appends to docs/results)
	@$(SHORTER) $(MAKE) --no-print-directory test PRESET=tsan
	@$(if $(RECORD),python3 scripts/record_sanitizer.py tsan)

fuzz: ## each fuzz target for 30 seconds (SECONDS=n)
	@scripts/bootstrap.sh build fuzz
	@JOBS=$(JOBS) scripts/fuzz.sh $(or $(SECONDS),30)

# What has threads, once more in the schedule fuzzer's build; in the long run under ThreadSanitizer too.
THREADED := torture-linearizability torture-bank lifecycle_test write_control_test

torture: ## the crash, corruption and concurrency programme in short, 15 minutes at most
	@scripts/bootstrap.sh build torture
	@scripts/build.sh torture $(JOBS)
	@JOBS=$(JOBS) scripts/fuzz.sh --build fuzz
	@scripts/build.sh schedule $(JOBS) $(THREADED)
	@python3 scripts/torture.py short

torture-long: ## the same at full length, 170 minutes at most; a second call goes on with the rest, MINUTES=N ends sooner
	@scripts/bootstrap.sh build torture
	@scripts/build.sh torture $(JOBS)
	@JOBS=$(JOBS) scripts/fuzz.sh --build fuzz fuzz_fast
	@scripts/build.sh schedule $(JOBS) $(THREADED)
	@scripts/build.sh schedule-tsan $(JOBS) $(THREADED)
	@python3 scripts/torture.py long

coverage: ## which lines and branches of src/ the tests reach (RECORD=1 appends to docs/results)
	@scripts/bootstrap.sh build test coverage
	@JOBS=$(JOBS) scripts/coverage.sh $(if $(RECORD),--record)

reliability: ## docs/reliability.md from the tests' pages and their newest results
	@python3 scripts/reliability_page.py

tidy: ## clang-tidy-19 and clang's thread-safety analysis over the sources
	@scripts/bootstrap.sh build tidy
	@scripts/tidy.sh $(JOBS)

format: ## formats every source
	@scripts/bootstrap.sh format
	@scripts/format.sh

check-format: ## fails if a source is not formatted
	@scripts/bootstrap.sh format
	@scripts/format.sh --check

style: ## sizes, banned calls, links: the style as a test
	@python3 scripts/style.py

docs: ## the API reference from the docstrings: build/docs/html/index.html
	@scripts/bootstrap.sh docs
	@mkdir -p build && doxygen docs/Doxyfile && echo "docs: build/docs/html/index.html"

install: build ## installs library, headers and command (PREFIX=/usr/local, DESTDIR=)
	@cmake --install $(BUILD) $(if $(PREFIX),--prefix $(PREFIX))

hooks: ## installs the pre-commit hook
	@ln -sf ../../scripts/hooks/pre-commit .git/hooks/pre-commit

clean: ## removes everything built
	@rm -rf build
