"""Rows of what Azure was seen to answer, and the runner that holds the emulator and the pure functions to them."""
