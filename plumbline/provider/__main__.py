"""`python -m plumbline.provider ENGINE_ADDRESS`: what the launcher in `plugin/` runs."""

from __future__ import annotations

import sys

from plumbline.provider.server import main

sys.exit(main(sys.argv[1:]))
