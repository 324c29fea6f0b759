"""Reads a lock strictly: what `plumbline promote` did not write is refused, every problem at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from plumbline.assets.lock.consistency import release_problems
from plumbline.assets.lock.digest import lock_digest
from plumbline.assets.lock.document import Lock
from plumbline.assets.lock.errors import LockError
from plumbline.assets.lock.form import lock_text

_SHOWN = 60


def lock_path(project: Path, stack: str) -> Path:
    """Where a stack's lock lies."""
    return project / "stacks" / "locks" / f"{stack}.yaml"


def read_lock(project: Path, stack: str) -> Lock | None:
    """A stack's lock, None when nothing was promoted to it yet. Raises: LockError."""
    path = lock_path(project, stack)
    if not path.exists():
        return None
    return read_lock_text(path.read_bytes(), stack=stack, where=path.relative_to(project).as_posix())


def read_lock_text(content: bytes, *, stack: str, where: str) -> Lock:
    """A lock from its bytes.

    Args:
        stack: The stack that it must be for.
        where: Its path, for messages.
    Raises: LockError: it is not, byte by byte, a lock that holds together.
    """
    try:
        tree = yaml.compose(content.decode(), Loader=yaml.CSafeLoader)
        loaded = yaml.load(content, Loader=yaml.CSafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise LockError([f"{where}: got no YAML ({_first(error)}), expected a lock."]) from error
    if repeated := list(_repeated(tree, "")):
        raise LockError([f"{where}: {name}: got the key twice, expected it once." for name in repeated])
    try:
        lock = Lock.model_validate(loaded)
    except ValidationError as error:
        raise LockError(
            [
                f"{where}: {'.'.join(map(str, found['loc'])) or 'file'}: got {_shown(found)}, expected "
                f"{found['msg'].removeprefix('Input should be ')}."
                for found in error.errors(include_url=False)
            ]
        ) from error
    problems = list(_problems(lock, stack))
    if not problems and lock_text(lock).encode() != content:
        problems.append(
            f"line {_first_line(lock_text(lock), content)}: got another form, expected the one of promote"
        )
    if problems:
        raise LockError([f"{where}: {problem}." for problem in problems])
    return lock


def _problems(lock: Lock, stack: str) -> Iterator[str]:
    if lock.stack != stack:
        yield f"stack: got {lock.stack!r}, expected {stack!r}: it is another stack's lock"
    names = [one.pipeline for one in lock.releases]
    if names != sorted(set(names)):
        yield f"releases: got pipelines {', '.join(names)}, expected each once and sorted"
    for at, release in enumerate(lock.releases):
        for problem in release_problems(release, lock.registry):
            yield f"releases.{at}.{problem}"
    made = lock_digest(lock.model_dump(mode="json"))
    if made != lock.digest:
        yield f"digest: got {lock.digest}, expected {made} of what the file says"


def _repeated(node: yaml.Node | None, path: str) -> Iterator[str]:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            name = f"{path}.{key.value}" if path else str(key.value)
            if key.value in seen:
                yield name
            seen.add(key.value)
            yield from _repeated(value, name)
    elif isinstance(node, yaml.SequenceNode):
        for at, value in enumerate(node.value):
            yield from _repeated(value, f"{path}.{at}")


def _shown(found: Any) -> str:
    if found["type"] == "missing":
        return "nothing"
    text = repr(found["input"])
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def _first_line(expected: str, content: bytes) -> int:
    lines = content.decode().splitlines(keepends=True)
    for number, (one, other) in enumerate(zip(expected.splitlines(keepends=True), lines, strict=False), 1):
        if one != other:
            return number
    return min(len(expected.splitlines()), len(lines)) + 1


def _first(error: Exception) -> str:
    return str(error).splitlines()[0]
