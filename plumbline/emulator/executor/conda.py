"""Reads an environment version: which Python, which packages, and what of it has no meaning without a container."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

# Bump when the same text is to be built differently.
_SCHEME = 1
_SEEDS = ("pip", "setuptools<81")  # pkg_resources went with setuptools 81; old packages import it
_CONDA = re.compile(r"^(?:(?P<channel>[^\s:]+)::)?(?P<name>[A-Za-z0-9_.\-]+)\s*(?P<rest>.*)$")


class EnvironmentUnreadable(ValueError):
    """The environment's text is not what an environment is made of; the message names the place."""


@dataclass(frozen=True, kw_only=True)
class EnvironmentSpec:
    """What to build.

    Args:
        python: "3.11", a full version, or None where nothing is asked for.
        requirements: As pip reads them, in the order of the file.
        notes: What a reader of the build log must know: substitutions and what is left out.
    """

    python: str | None
    requirements: tuple[str, ...]
    notes: tuple[str, ...] = ()
    pip_options: tuple[str, ...] = ()
    source: dict[str, Any] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """64 hex over what decides the build."""
        content = [_SCHEME, self.python, list(self.requirements), list(self.pip_options), list(_SEEDS)]
        return hashlib.sha256(json.dumps(content).encode()).hexdigest()

    @property
    def seeds(self) -> tuple[str, ...]:
        """Packages that every environment has, unless the environment asks for its own."""
        asked = {_plain_name(line) for line in self.requirements}
        return tuple(seed for seed in _SEEDS if _plain_name(seed) not in asked)


def read_environment(
    *,
    image: str | None,
    conda_file: str | None,
    dockerfile: str | None = None,
    context: Path | None = None,
    curated: bool = False,
) -> EnvironmentSpec:
    """Turn the stored fields of an environment version into a build.

    Args:
        dockerfile: Text of a build context's Dockerfile; context: the folder it lies in.
        curated: Build it as curated_packages.yaml says: an image's text lists more than steps can use here.
    Raises: EnvironmentUnreadable: the conda file is no YAML mapping, or a dependency cannot be read.
    """
    notes: list[str] = []
    requirements: list[str] = []
    options: list[str] = []
    python: str | None = None
    if dockerfile is not None:
        image, lines = _read_dockerfile(dockerfile, context, notes)
        requirements += lines
    if image:
        python, packages = _image(image, notes)
        requirements += packages
    if conda_file:
        asked, lines, options = _read_conda(conda_file, notes)
        python = asked or python
        requirements += lines
    elif dockerfile is None:
        notes.append("no conda file: the environment has pip, setuptools and what is named above")
    if curated:
        requirements = _curated(requirements, notes)
    return EnvironmentSpec(
        python=python,
        requirements=tuple(requirements),
        notes=tuple(notes),
        pip_options=tuple(options),
        source={"image": image or "", "conda": conda_file or ""},
    )


def _curated(requirements: list[str], notes: list[str]) -> list[str]:
    rows = {row["package"].lower(): row for row in _table("curated_packages.yaml")}
    found: list[str] = []
    for line in requirements:
        name = re.split(r"[\s<>=!~;@]", line, maxsplit=1)[0]
        constraint = line[len(name) :]
        row = rows.get(name.lower())
        if row is None:
            found.append(line)
        elif row["instead"] is None:
            notes.append(f"curated package {line}: left out ({row['reason']})")
        else:
            # A package in the place of another keeps the version asked for; psutil in its own place takes any.
            kept = constraint if row["instead"] != name or "also" in row else ""
            built = [f"{row['instead']}{kept}", *filter(None, [row.get("also")])]
            notes.append(f"curated package {line}: installed as {', '.join(built)} ({row['reason']})")
            found += built
    return found


def _image(image: str, notes: list[str]) -> tuple[str | None, list[str]]:
    notes.append(
        f"image {image}: no container is run; commands run on this machine in a private Python environment"
    )
    name = image.split("@", maxsplit=1)[0]
    for row in _table("base_images.yaml"):
        match = re.search(row["pattern"], name)
        if match:
            version = row["python"].format(**match.groupdict()) if row["python"] else None
            notes.append(f"image {image}: {row['reason']}")
            return version, list(row["packages"])
    return None, []


def _read_conda(text: str, notes: list[str]) -> tuple[str | None, list[str], list[str]]:
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise EnvironmentUnreadable(
            f"condaFile: got text that is no YAML ({error}), expected a conda file"
        ) from error
    if not isinstance(content, dict):
        raise EnvironmentUnreadable("condaFile: got no mapping, expected channels, dependencies")
    python: str | None = None
    requirements: list[str] = []
    options: list[str] = []
    for entry in content.get("dependencies") or []:
        if isinstance(entry, dict):
            for line in entry.get("pip") or []:
                (options if str(line).strip().startswith("-") else requirements).append(str(line).strip())
            continue
        name, constraint = _conda_parts(str(entry))
        if name == "python":
            python = re.sub(r"[=*><!,\s]+$", "", re.sub(r"^[=><~!\s]+", "", constraint)).split(",")[0] or None
        elif name != "pip" or constraint:
            requirements += _pip_line(name, constraint, notes)
    return python, requirements, options


def _conda_parts(entry: str) -> tuple[str, str]:
    match = _CONDA.match(entry.strip())
    if not match:
        raise EnvironmentUnreadable(
            f"condaFile.dependencies: got {entry!r}, expected NAME, NAME=VERSION or NAME>=VERSION"
        )
    return match["name"].lower(), match["rest"].strip()


def _pip_line(name: str, constraint: str, notes: list[str]) -> list[str]:
    pip_name: str | None = name
    for row in _table("conda_packages.yaml"):
        if row["conda"] == name:
            pip_name = row["pip"]
            if pip_name is None:
                notes.append(f"conda package {name}: left out ({row['reason']})")
                return []
            if pip_name.lower() != name:
                notes.append(f"conda package {name}: installed as {pip_name} ({row['reason']})")
            break
    return [f"{pip_name}{pip_constraint(constraint)}"]


def pip_constraint(constraint: str) -> str:
    """Say a conda version constraint in pip's words: "=1.2" is "==1.2.*", a build string is dropped.

    >>> pip_constraint("=1.2")
    '==1.2.*'
    """
    constraint = constraint.strip().strip('"')
    if constraint in ("", "*", "=*"):
        return ""
    if constraint.startswith(("==", ">", "<", "!=", "~=")):
        return re.sub(r"\s+", "", constraint.split("=py")[0])
    version, _, _build = constraint.lstrip("= ").replace(" ", "=").partition("=")
    if constraint.startswith("=") or version[:1].isdigit():
        if version.endswith("*") or _build:
            version = version.rstrip("*").rstrip(".")
        exact = bool(_build)
        return f"=={version}" if exact else f"=={version}.*"
    raise EnvironmentUnreadable(
        f"condaFile.dependencies: got version {constraint!r}, expected =1.2, ==1.2.3 or >=1.2,<2"
    )


def _read_dockerfile(text: str, context: Path | None, notes: list[str]) -> tuple[str | None, list[str]]:
    """Take the base image and the pip lines; everything else would need a container, and the log says so."""
    image: str | None = None
    requirements: list[str] = []
    logical = re.sub(r"\\\r?\n", " ", text)
    for line in (part.strip() for part in logical.splitlines()):
        word = line.split(None, 1)[0].upper() if line else ""
        if word == "FROM":
            image = line.split()[1]
        elif word == "RUN":
            found = _pip_installs(line[4:], context)
            if found is None:
                notes.append(f"Dockerfile: not run: {line[:120]}")
            else:
                requirements += found
        elif word and not word.startswith("#") and word not in ("WORKDIR", "COPY", "LABEL", "ENV", "ARG"):
            notes.append(f"Dockerfile: no effect here: {line[:120]}")
    notes.append("build context: the image is not built; its pip install lines were taken over")
    return image, requirements


def _pip_installs(line: str, context: Path | None) -> list[str] | None:
    found: list[str] = []
    seen = False
    for command in re.split(r"&&|;", line):
        match = re.search(r"\bpip3? install\s+(.*)", command)
        if not match:
            continue
        seen = True
        words = [word.strip("'\"") for word in match[1].split()]
        for previous, word in zip(["", *words], words, strict=False):
            if previous in ("-r", "--requirement") and context is not None:
                file = context / Path(word).name if not (context / word).is_file() else context / word
                if file.is_file():
                    rows = (row.split(" #")[0].strip() for row in file.read_text().splitlines())
                    found += [row for row in rows if row and not row.startswith(("#", "-"))]
            elif not word.startswith("-") and previous not in ("-r", "--requirement", "-i", "--index-url"):
                found.append(word)
    return found if seen else None


def _plain_name(requirement: str) -> str:
    return re.split(r"[\s<>=!~\[;@]", requirement, maxsplit=1)[0].lower().replace("_", "-")


@cache
def _table(name: str) -> list[dict[str, Any]]:
    rows = yaml.safe_load((Path(__file__).with_name(name)).read_text(encoding="utf-8"))
    assert isinstance(rows, list)
    return rows
