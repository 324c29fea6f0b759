"""The pinned release of the engine: its version, its files, and this machine's place in its naming."""

import json
import platform
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from plumbline.engine.errors import WayClosed

MODULES = Path(__file__).parent / "modules"
_SYSTEMS = {"Linux": "linux", "Darwin": "darwin"}
_MACHINES = {"x86_64": "x64", "amd64": "x64", "arm64": "arm64", "aarch64": "arm64"}


@dataclass(frozen=True, kw_only=True)
class GoBuild:
    """One program that is compiled from Go modules."""

    program: str
    title: str
    module: str
    package: str
    ldflags: str


@dataclass(frozen=True, kw_only=True)
class GoScript:
    """One script that is copied out of a Go module."""

    program: str
    module: str
    from_module: str
    path: str


@dataclass(frozen=True, kw_only=True)
class Release:
    """The engine release that the project pins (`release.json`, a reason per row)."""

    version: str
    origin: str
    archive: str
    checksums: str
    go_builds: tuple[GoBuild, ...]
    go_scripts: tuple[GoScript, ...]
    required: tuple[str, ...]
    optional: tuple[str, ...]

    def archive_path(self) -> str:
        """Where the official archive for this machine lies below the origin.

        Raises: WayClosed: when no official archive exists for this kind of machine.
        """
        system, machine = platform.system(), platform.machine()
        if system not in _SYSTEMS or machine.lower() not in _MACHINES:
            raise WayClosed(f"no official archive for {system} {machine}")
        return self.archive.format(
            version=self.version, system=_SYSTEMS[system], machine=_MACHINES[machine.lower()]
        )

    def checksums_path(self) -> str:
        """Where the release's checksum list lies below the origin."""
        return self.checksums.format(version=self.version)


@cache
def pinned_release() -> Release:
    """Read `release.json` once."""
    facts = json.loads((Path(__file__).parent / "release.json").read_text(encoding="utf-8"))
    return Release(
        version=facts["version"],
        origin=facts["origin"],
        archive=facts["archive"],
        checksums=facts["checksums"],
        go_builds=tuple(GoBuild(**_without_reason(row)) for row in facts["go_builds"]),
        go_scripts=tuple(GoScript(**_without_reason(row)) for row in facts["go_scripts"]),
        required=tuple(facts["archive_programs"]["required"]),
        optional=tuple(facts["archive_programs"]["optional"]),
    )


def _without_reason(row: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in row.items() if key != "reason"}


def version_key(text: str) -> tuple[int, int, int, int] | None:
    """`v3.259.0` as something that compares; a pre-release sorts before its release.

    Returns: None when the text is no version.
    """
    found = re.fullmatch(r"v?(\d+)\.(\d+)(?:\.(\d+))?(-.+|\+.+)?", text.strip())
    if found is None:
        return None
    is_final = not (found[4] or "").startswith("-")
    return int(found[1]), int(found[2]), int(found[3] or 0), int(is_final)
