"""`python -m distribution.plugin_archive [SYSTEM]...`: builds the wheel and the archives into dist/; default every system."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

from distribution.plugin_archive.build import REPOSITORY, build_archive, systems

with tempfile.TemporaryDirectory(prefix="plumbline-wheel-") as folder:
    subprocess.run(
        [sys.executable, "-m", "uv", "--quiet", "build", "--wheel", "--no-build-isolation", "--out-dir", folder,
         str(REPOSITORY)],
        check=True,
    )  # fmt: skip
    (wheel,) = Path(folder).glob("*.whl")
    for system in sys.argv[1:] or systems()["systems"]:
        print(build_archive(system, REPOSITORY / "dist", wheel=wheel))
