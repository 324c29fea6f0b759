"""The table, typed; and the definitions that it stands for, written into a folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml

_FILE = Path(__file__).with_name("fields.yaml")
_FOLDERS = {
    "environment": "environments",
    "data": "data",
    "model": "models",
    "component": "components",
    "schedule": "schedules",
}
_FILES = {
    "src/score.py": "print('scored')\n",
    "src/lib.py": "RATE = 1\n",
    "shared/common.py": "NAME = 'common'\n",
    "context/Dockerfile": "FROM python:3.12-slim\n",
    "files/rows.csv": "a,b\n1,2\n",
    "table/MLTable": "paths:\n  - file: ./rows.csv\ntransformations:\n  - read_delimited:\n      delimiter: ','\n",
    "table/rows.csv": "a,b\n1,2\n",
    "weights.txt": "0.1\n",
}
PIPELINE = {
    "type": "pipeline",
    "display_name": "Matrix",
    "experiment_name": "matrix",
    "settings": {"default_compute": "azureml:cpu-cluster"},
    "inputs": {"text": "hello"},
    "jobs": {
        "one": {
            "type": "command",
            "component": "azureml:component_command@latest",
            "inputs": {"text": "${{parent.inputs.text}}"},
        }
    },
}


@dataclass(frozen=True, kw_only=True)
class Row:
    """A field of a kind: the definition that sets it, the edit elsewhere, and how that is named."""

    kind: str
    field: str
    definition: Mapping[str, Any]
    edit: Mapping[str, Any] = field(default_factory=dict)
    named: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Of the definition and of its resource."""
        return f"{self.kind}_{self.field.replace('.', '_')}"


@cache
def document() -> Mapping[str, Any]:
    """The table as it is written."""
    loaded: Mapping[str, Any] = yaml.load(_FILE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return loaded


def rows() -> Iterator[Row]:
    """Every row."""
    for kind, table in document()["kinds"].items():
        for name, row in table["fields"].items():
            base = table["others"][row["with"]] if "with" in row else table["base"]
            kept = {key: value for key, value in base.items() if key not in row.get("drop", ())}
            value = {name: row["value"]} if "value" in row else {}
            local = {"path": row["path"]} if "path" in row else {}
            made = Row(
                kind=kind,
                field=name,
                definition={**kept, **value, **local, **row.get("more", {})},
                edit=row.get("edit", {}),
                named=tuple(row.get("named", ())),
            )
            yield made


def write(folder: Path) -> None:
    """The definitions, and what they refer to."""
    for path, text in _FILES.items():
        for place in (folder, *(folder / name for name in _FOLDERS.values())):
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            (place / path).write_text(text, encoding="utf-8")
    (folder / "pipeline.yml").write_text(yaml.safe_dump(PIPELINE, sort_keys=False), encoding="utf-8")
    for row in rows():
        place = folder / _FOLDERS[row.kind]
        definition = {"name": row.name, **row.definition}
        text = yaml.safe_dump(definition, sort_keys=False)
        (place / f"{row.name}.yml").write_text(
            text.replace("./pipeline.yml", "../pipeline.yml"), encoding="utf-8"
        )
