"""``pins.yaml`` of a pipeline: foreign references, each with the exact version that it stands for here."""

from __future__ import annotations

from collections.abc import Mapping

from plumbline.assets.document import Document
from plumbline.assets.references import parse_reference
from plumbline.assets.schema import describe


def pins_in(document: Document) -> dict[str, str]:
    """Reference as definitions write it -> exact reference; a row that is not exact becomes a problem."""
    data = document.data if isinstance(document.data, Mapping) else {}
    rows = data.get("pins")
    pins: dict[str, str] = {}
    for written, row in rows.items() if isinstance(rows, Mapping) else ():
        text = row.get("reference") if isinstance(row, Mapping) else row
        address = parse_reference(text) if isinstance(text, str) else None
        if address is None or not address.exact:
            document.report(
                ("pins", written),
                describe(text),
                "a reference with a version",
                "Write azureml:NAME:VERSION, or azureml://registries/R/KIND/NAME/versions/V.",
            )
        else:
            pins[written] = str(address)
    return pins
