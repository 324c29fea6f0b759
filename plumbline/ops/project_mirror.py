"""A mirror of the project for a rehearsal: the same program, with a stack file of its own.

The engine writes a salt into a stack's file when the stack is initialised, and asks the file's
secrets provider for a key. A rehearsal must do neither to the tracked file, so it runs in a folder
of links where only the stack's file is a copy, without the keys that lead to a real key vault.
"""

from __future__ import annotations

from pathlib import Path

import yaml

ENCRYPTION_KEYS = ("secretsprovider", "encryptedkey", "encryptionsalt")
LEFT_OUT = {".plumbline", ".git"}


def mirror_project(project: Path, mirror: Path, stack: str, *, salt: str | None = None) -> Path:
    """Bring the mirror up to date with the project and answer its path; safe to call again.

    Args:
        salt: The engine's salt for this rehearsal, kept from an earlier run.
    """
    mirror.mkdir(parents=True, exist_ok=True)
    own = f"Pulumi.{stack}.yaml"
    wanted = {entry.name: entry for entry in project.iterdir() if entry.name not in {*LEFT_OUT, own}}
    for link in mirror.iterdir():
        if link.is_symlink() and link.name not in wanted:
            link.unlink()
    for name, entry in wanted.items():
        link = mirror / name
        if not link.is_symlink():
            link.symlink_to(entry)
    copy = mirror / own
    salt = salt or _salt_of(copy)
    lines = [
        line
        for line in (project / own).read_text().splitlines()
        if not line.startswith(tuple(f"{key}:" for key in ENCRYPTION_KEYS))
    ]
    if salt:
        lines.append(f"encryptionsalt: {salt}")
    copy.write_text("\n".join(lines) + "\n")
    return mirror


def _salt_of(copy: Path) -> str | None:
    if not copy.exists():
        return None
    document = yaml.load(copy.read_text(), Loader=yaml.CSafeLoader) or {}
    return document.get("encryptionsalt")
