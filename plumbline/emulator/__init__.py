"""An Azure on loopback: ARM, Azure ML, storage, tokens and an activity log, over TLS, kept in SQLite and files.

It imports nothing of the product and the product imports nothing of it, so that neither can confirm the other's
mistakes. Start it with ``python -m plumbline.emulator serve --help``.
"""
