"""Suites and clients that nobody here wrote, run against the emulator: `make conformance`."""
