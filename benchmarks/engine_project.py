"""A Pulumi project of its own, run by the real engine: the floor that the local stack is compared with."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from plumbline.engine import ensure_engine

EMPTY = "import pulumi\n"
TRIVIAL = """import pulumi

for n in range({count}):
    pulumi.CustomResource("trivial:index:Thing", f"thing-{{n}}", {{"text": f"thing {{n}}"}})
"""
_PLUGIN = Path(__file__).parent / "trivial_plugin"


@dataclass(frozen=True, kw_only=True)
class EngineProject:
    """A project with one deployed stack."""

    folder: Path

    @classmethod
    def deployed(cls, folder: Path, program: str) -> "EngineProject":
        """Write the project, deploy it once."""
        (folder / "state").mkdir(parents=True)
        (folder / "__main__.py").write_text(program, encoding="utf-8")
        shutil.copytree(_PLUGIN, folder / "plugin")
        plugin = "plugins:\n  providers:\n    - name: trivial\n      path: ./plugin\n"
        (folder / "Pulumi.yaml").write_text(f"name: bench\nruntime: python\n{plugin}", encoding="utf-8")
        project = cls(folder=folder)
        project.pulumi("stack", "init", "bench")
        # Thousands of resources are written to the state once and not after each of them.
        once = {"PULUMI_SKIP_CHECKPOINTS": "true"}
        project.pulumi("up", "--yes", "--skip-preview", "--stack", "bench", environ=once)
        return project

    def preview(self, *words: str) -> None:
        """A preview that finds nothing to do."""
        self.pulumi("preview", "--expect-no-changes", "--stack", "bench", *words)

    def pulumi(self, *words: str, environ: Mapping[str, str] | None = None) -> None:
        """Run the engine, quietly, with variables of its own."""
        engine = ensure_engine()
        own = {
            **os.environ,
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), str(engine.path), os.environ["PATH"]]),
            "PULUMI_HOME": str(self.folder / "home"),
            "PULUMI_BACKEND_URL": f"file://{self.folder / 'state'}",
            "PULUMI_CONFIG_PASSPHRASE": "",
            "PULUMI_SKIP_UPDATE_CHECK": "1",
            "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
            **(environ or {}),
        }
        subprocess.run(
            [engine.pulumi, *words, "--non-interactive"],
            cwd=self.folder,
            env=own,
            check=True,
            capture_output=True,
        )
