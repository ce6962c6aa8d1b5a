# The front door; the work is in scripts/. Each target sets up what it needs, and does nothing twice.
PREFIX ?= /usr/local
.DEFAULT_GOAL := help
.PHONY: help setup setup-test build demo test check format install dist bench clean

help:
	@echo 'make demo              build slipway and take a real table through the whole line'
	@echo 'make test              all checks and tests, as CI runs them'
	@echo 'make build             build/release/bin/slipway'
	@echo 'make check             the checks that take seconds: layers, links, pictures, format'
	@echo 'make format            write src/ as clang-format 19 does'
	@echo 'make install PREFIX=…  install a relocatable tree (default /usr/local)'
	@echo 'make dist              archives under build/dist'
	@echo 'make bench             measure against the peers of bench/'
	@echo 'make clean             remove build/'

setup:
	@scripts/setup

setup-test:
	@scripts/setup test

build:
	@scripts/setup
	@scripts/build release program

demo:
	@scripts/demo

test:
	@scripts/test

check:
	@scripts/check

format:
	@tools/check_format --fix

install:
	@scripts/setup
	@scripts/build release program
	@scripts/install '$(DESTDIR)$(PREFIX)'

dist:
	@scripts/setup
	@scripts/build release program
	@scripts/dist

bench:
	@scripts/bench

clean:
	@rm -rf build
