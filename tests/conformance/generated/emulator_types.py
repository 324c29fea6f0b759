"""Writes the emulator's table of body types from official model classes: `python -m tests.conformance.generated.emulator_types`.

Run it where the packages of tests/wire/sources.yaml are importable: `python -m tests.conformance.generated.packages` prints
a folder for PYTHONPATH. A source whose package is missing keeps its part of the table.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.conformance.generated.shape import Shape
from tests.conformance.generated.target import Operation, anonymous, published_operations, targets

TABLE = Path(__file__).resolve().parents[3] / "plumbline" / "emulator" / "body_types.json"


def table(kept: dict[str, Any]) -> dict[str, Any]:
    """Source to its operations ("PUT path" to model) and models; of operations that the emulator models."""
    modelled = {(target.method, anonymous(target.path)) for target in targets()}
    found: dict[str, Any] = {}
    for key, operation in published_operations().items():
        if key not in modelled or not operation.body_name:
            continue
        if operation.model is None:
            if operation.source in kept:
                found[operation.source] = kept[operation.source]
            continue
        part = found.setdefault(operation.source, {"operations": {}, "models": {}})
        part["operations"][f"{key[0]} {key[1]}"] = operation.body_name
        _describe(operation, part["models"])
    return dict(sorted(found.items()))


def _describe(operation: Operation, models: dict[str, Any]) -> None:
    assert operation.model is not None
    _add(Shape(kind="object", model=operation.model), models)


def _add(shape: Shape, models: dict[str, Any]) -> str:
    assert shape.model is not None
    name = shape.model.__name__
    if name not in models:
        models[name] = row = {}
        subtypes = shape.subtypes()
        fields = shape.fields()
        row["fields"] = {field: _type(inner, models) for field, inner in sorted(fields.items())}
        by = shape.discriminator()
        if by and subtypes:
            row |= {
                "by": by,
                "subtypes": {_value(one, by): _add(one, models) for one in subtypes if _value(one, by)},
            }
    return name


def _value(subtype: Shape, by: str) -> str:
    inner = subtype.fields().get(by)
    return inner.choices[0] if inner is not None and len(inner.choices) == 1 else ""


def _type(shape: Shape, models: dict[str, Any]) -> Any:
    if shape.kind == "object":
        return {"object": _add(shape, models)}
    if shape.kind in {"list", "mapping"}:
        assert shape.inner is not None
        return {shape.kind: _type(shape.inner(), models)}
    return "text" if shape.kind in {"choice", "time"} else shape.kind


def text(kept: dict[str, Any]) -> str:
    """The file's text, a line for each operation and model."""
    parts = []
    for source, part in table(kept).items():
        groups = [
            f" {json.dumps(group)}: {{\n"
            + ",\n".join(
                f"  {json.dumps(name)}: {json.dumps(row, sort_keys=True)}"
                for name, row in sorted(part[group].items())
            )
            + "\n }"
            for group in ("operations", "models")
        ]
        parts.append(f"{json.dumps(source)}: {{\n" + ",\n".join(groups) + "\n}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def committed() -> dict[str, Any]:
    """The table as it is."""
    found: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8")) if TABLE.exists() else {}
    return found


def main() -> int:
    """The command line; `--check` compares only."""
    made = text(committed())
    if "--check" in sys.argv[1:]:
        return 0 if made == TABLE.read_text(encoding="utf-8") else 1
    TABLE.write_text(made, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
