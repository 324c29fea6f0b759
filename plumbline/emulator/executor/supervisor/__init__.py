"""The small process that stands between the emulator and one process of a step.

It needs nothing but the standard library and starts in about 30 ms, so it is run with `python -I -S`.
"""
