"""`python -m distribution.template [FOLDER]`: writes the template; default dist/template."""

from __future__ import annotations

import sys
from pathlib import Path

from distribution.template.build import REPOSITORY, build_template

folder = build_template(Path(sys.argv[1]) if len(sys.argv) > 1 else REPOSITORY / "dist" / "template")
print(f"The template is in {folder}. In an empty folder: pulumi new {folder}")
