"""A rehearsal's own copy of a stack's file: what the engine reads and writes instead of the tracked one.

The engine writes a salt into a stack's file when the stack is initialised, asks the file's secrets
provider for a key, and logs in with the credentials that the file names. A rehearsal must do none of
that to the real stack's file, key vault or login, so the copy leaves them out. The folder around the
copy is a project of its own for the one command that takes no other file: `pulumi stack init`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

ENCRYPTION_KEYS = ("secretsprovider", "encryptedkey", "encryptionsalt")
# What either provider would log in with: a rehearsal acts as one of the emulator's principals.
LOGIN = re.compile(r"(azure-native|plumbline):(client(Id|Secret|Certificate.*)|use(Msi|Oidc)|oidc.*|msi.*)")
STAND_IN = '"stand-in of a rehearsal"'


@dataclass(frozen=True, kw_only=True)
class RehearsedFile:
    """The copy, and what it leaves out.

    Attributes:
        path: The copy; `folder` around it also holds the project's Pulumi.yaml.
        secrets: Settings whose encrypted values the rehearsal replaced: it has no key to read them.
        logins: Settings of a login that the rehearsal does not use.
    """

    path: Path
    secrets: tuple[str, ...]
    logins: tuple[str, ...]

    @property
    def folder(self) -> Path:
        return self.path.parent


def copy_stack_file(project: Path, folder: Path, stack: str) -> RehearsedFile:
    """Bring the copy up to date with the stack's file; the salt of an earlier rehearsal is kept."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text((project / "Pulumi.yaml").read_text())
    copy = folder / f"Pulumi.{stack}.yaml"
    salt = _salt_of(copy)
    text = (project / copy.name).read_text()
    secrets, logins = [], []
    # From the end backwards, so that a replacement moves no place that is still to come.
    for start, end, name in sorted(_unwanted(text), reverse=True):
        if LOGIN.fullmatch(name):
            logins.append(name)
            text = text[:start] + text[end:]
        elif name in ENCRYPTION_KEYS:
            text = text[:start] + text[end:]
        else:
            secrets.append(name)
            text = text[:start] + STAND_IN + text[end:]
    if salt:
        text = f"{text.rstrip()}\nencryptionsalt: {salt}\n"
    copy.write_text(text)
    return RehearsedFile(path=copy, secrets=tuple(reversed(secrets)), logins=tuple(reversed(logins)))


def _unwanted(text: str) -> Iterator[tuple[int, int, str]]:
    """Start, end and name of everything that a copy does not take over as it is."""
    tree = yaml.compose(text, Loader=yaml.SafeLoader)
    for key, value in getattr(tree, "value", None) or ():
        if key.value in ENCRYPTION_KEYS:
            yield key.start_mark.index, value.end_mark.index, key.value
        elif key.value == "config" and isinstance(value, yaml.MappingNode):
            for name, setting in value.value:
                if LOGIN.fullmatch(name.value):
                    yield name.start_mark.index, _end(setting), name.value
                else:
                    yield from ((start, end, name.value) for start, end in _secrets(setting))


def _secrets(node: yaml.Node) -> Iterator[tuple[int, int]]:
    """Places of `{secure: ...}`, at any depth."""
    if isinstance(node, yaml.SequenceNode):
        for value in node.value:
            yield from _secrets(value)
    if isinstance(node, yaml.MappingNode):
        if [key.value for key, _ in node.value] == ["secure"]:
            yield node.start_mark.index, _end(node)
            return
        for _, value in node.value:
            yield from _secrets(value)


def _end(node: yaml.Node) -> int:
    # A block mapping's own end mark lies behind the line break, at the token that follows.
    if isinstance(node, yaml.MappingNode) and not node.flow_style and node.value:
        return _end(node.value[-1][1])
    return int(node.end_mark.index)


def _salt_of(copy: Path) -> str | None:
    if not copy.exists():
        return None
    document = yaml.load(copy.read_text(), Loader=yaml.CSafeLoader) or {}
    salt: str | None = document.get("encryptionsalt")
    return salt
