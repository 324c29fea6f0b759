"""The table of calls: YAML whose tags make the SDK's own objects."""

from __future__ import annotations

import datetime as dt
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from azure import identity
from azure.ai import ml
from azure.ai.ml import constants, data_transfer, entities

FOLDER = Path(__file__).with_name("table")
# In this order: later tables use what earlier ones made.
TABLES = (
    "workspace",
    "assets",
    "compute",
    "jobs",
    "schedules",
    "registry",
    "connections",
    "serving",
    "features",
    "last",
)


@dataclass(frozen=True, kw_only=True)
class Call:
    """One row.

    Args:
        operation: As operations.public_operations names it.
        arguments: By position, or by name.
        gives: What the answer must show, by dotted attribute; of a list one item must.
        client_refuses: Words of the SDK's own refusal, where it sends nothing; with `reason`.
        leaves_machine: Why it is not called: the SDK sends it to the public cloud, whatever the cloud in force.
    """

    operation: str
    arguments: Sequence[Any] | Mapping[str, Any] = ()
    gives: Mapping[str, Any] = field(default_factory=dict)
    client_refuses: str = ""
    reason: str = ""
    leaves_machine: str = ""


class _Loader(yaml.SafeLoader):
    """Tags name a class or function of azure.ai.ml: `!Environment {name: one}`."""


def _made(loader: yaml.SafeLoader, name: str, node: yaml.Node) -> Any:
    if name == "time":
        assert isinstance(node, yaml.ScalarNode)
        return dt.datetime.fromisoformat(node.value)
    place = next(
        (module for module in (entities, ml, constants, data_transfer, identity) if hasattr(module, name)),
        None,
    )
    if place is None:
        raise ValueError(f"!{name}: got a tag that azure.ai.ml does not have")
    maker = getattr(place, name)
    if isinstance(node, yaml.MappingNode):
        return maker(**loader.construct_mapping(node, deep=True))
    if isinstance(node, yaml.SequenceNode):
        return maker(*loader.construct_sequence(node, deep=True))
    assert isinstance(node, yaml.ScalarNode)
    return maker(node.value)


_Loader.add_multi_constructor("!", _made)


def load(table: str, values: Mapping[str, str], folder: Path) -> Iterator[Call]:
    """The calls of one table, each made when its turn comes; its `files` are written to the folder.

    Args:
        values: What $name stands for in the table.
    """
    text = (FOLDER / f"{table}.yaml").read_text(encoding="utf-8")
    filled = string.Template(text).substitute(values)
    head = yaml.compose(filled, Loader=_Loader)
    assert isinstance(head, yaml.MappingNode)
    parts = {key.value: node for key, node in head.value}
    if "files" in parts:
        _write_files(yaml.safe_load(filled.partition("\ncalls:")[0])["files"], folder)
    loader = _Loader("")
    for node in parts["calls"].value:
        row = loader.construct_object(node, deep=True)
        yield Call(
            operation=row["do"],
            arguments=row.get("with", ()),
            gives=row.get("gives", {}),
            client_refuses=row.get("client_refuses", ""),
            reason=row.get("reason", ""),
            leaves_machine=row.get("leaves_machine", ""),
        )


def _write_files(files: Mapping[str, str], folder: Path) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def named_operations(folder: Path = FOLDER) -> set[str]:
    """The operations that the tables call, without making any object."""
    found = set()
    for table in TABLES:
        for line in (folder / f"{table}.yaml").read_text(encoding="utf-8").splitlines():
            if line.startswith("  - do: "):
                found.add(line.removeprefix("  - do: ").strip())
    return found
