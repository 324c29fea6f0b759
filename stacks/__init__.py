"""What a stack is: its settings, its platform, and the pipelines that it carries."""

import gc

# A program imports some thousand modules that all stay: looking among them for what can be collected takes a tenth of it.
gc.set_threshold(100_000)
