"""Lays the template out in a folder: this repository's own components, stacks, program and workflows, and a small pipeline.

No copy of them is kept: the wheel's build and `make template` call this.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
OWN_FILES = Path(__file__).with_name("files")
PIPELINES = "    - claims_release\n"
PROGRAM = (".py", ".yaml", ".sh")
WORKFLOWS = (".github", ".azure-pipelines")
CLOUD_STACKS = ("dev", "shared", "staging", "prod")
OURS_ALONE = re.compile(r"stacks/(reference\.py|locks/.*)")
"""Of the program, but about this repository's own pages and releases."""
FROM_THE_WHEEL = {
    "sh plumbline/engine/bootstrap.sh\n": "python3 -m venv .venv && .venv/bin/pip install --quiet --requirement requirements.txt\n",
    "claims_release": "first",
    "docs/guides/": "Plumbline's guide ",
}
"""What a workflow says here -> what it says in a project whose Plumbline is the wheel of requirements.txt."""


def build_template(folder: Path) -> Path:
    """Write the template; what was there before goes. Answers the folder."""
    if folder.exists():
        shutil.rmtree(folder)
    shutil.copytree(OWN_FILES, folder, ignore=shutil.ignore_patterns("__pycache__"))
    # With a dot in front they would count here.
    for name in ("gitignore", "gitattributes"):
        (folder / name).rename(folder / f".{name}")
    for source in _program():
        target = folder / source.relative_to(REPOSITORY)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = source.read_text(encoding="utf-8").replace(
            "the emulator: `make up`.", "the emulator: `plumbline local start`."
        )
        if source.suffix == ".yaml":
            before, found, after = text.partition(PIPELINES)
            text = f"{before}    - first\n{after}" if found else text
        target.write_text(text, encoding="utf-8")
    for source in _workflows():
        target = folder / source.relative_to(REPOSITORY)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_workflow(source.read_text(encoding="utf-8")), encoding="utf-8")
    return folder


def _workflow(text: str) -> str:
    """A workflow of this repository as the template has it."""
    for here, there in FROM_THE_WHEEL.items():
        text = text.replace(here, there)
    return text


def _workflows() -> list[Path]:
    return [path for name in WORKFLOWS for path in sorted((REPOSITORY / name).rglob("*")) if path.is_file()]


def _program() -> list[Path]:
    found = [
        path
        for name in ("components", "stacks")
        for path in sorted((REPOSITORY / name).rglob("*"))
        if path.suffix in PROGRAM and not OURS_ALONE.match(path.relative_to(REPOSITORY).as_posix())
    ]
    return [
        REPOSITORY / "__main__.py",
        *found,
        *(REPOSITORY / f"Pulumi.{stack}.yaml" for stack in ("local", *CLOUD_STACKS)),
    ]
