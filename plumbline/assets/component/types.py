"""Which table of `schema.yml` a component is checked with: its type says it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.assets.document import Document
from plumbline.assets.schema import describe, suggestion, table


def fields_of(document: Document) -> Mapping[str, Any] | None:
    """The table for a document; None, and a problem there, for a type that we do not carry."""
    tables = table("component")
    data = document.data if isinstance(document.data, Mapping) else {}
    word = data.get("type", "pipeline" if "jobs" in data else "command")
    if word == "command" and "name" not in data and {"command", "compute"} <= set(data):
        document.report(
            (),
            "a command job, which runs once and has no version",
            "a component (name, command, environment), or a pipeline job over components",
            "Give it a name, take compute and experiment_name out, and make it a step of pipeline.yml; or submit it as "
            "it is: plumbline job create --file FILE --anonymous.",
        )
        return None
    carried = [name for name in tables if name not in ("common", "refused")]
    kind = word.lower() if isinstance(word, str) else ""
    if kind in carried:
        fields: Mapping[str, Any] = tables[kind]
        return fields
    one_of = f"one of {', '.join(carried)}"
    if kind in tables["refused"]:
        document.report(("type",), describe(word), f"{one_of}: {tables['refused'][kind]}")
    else:
        document.report(("type",), describe(word), one_of, suggestion(word, [*carried, *tables["refused"]]))
    return None
