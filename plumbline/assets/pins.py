"""``pins.yaml`` of a pipeline: foreign references, each with the exact version that it stands for here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from plumbline.assets.definition import AssetKind
from plumbline.assets.document import Document
from plumbline.assets.references import Address, parse_reference
from plumbline.assets.schema import describe

FILE = "pins.yaml"


@dataclass(frozen=True, kw_only=True, order=True)
class ForeignReference:
    """A reference to an asset that nothing here registers, and that is not exact of itself or not known to be there.

    Attributes:
        folder: The pipeline's folder whose ``pins.yaml`` answers it, relative to the root.
        text: As a definition writes it; the key in ``pins.yaml``.
        kind: What it points to.
        pinned: The exact reference that ``pins.yaml`` has for it; None when it has none.
        file, line: Where it is written first.
    """

    folder: str
    text: str
    kind: AssetKind
    pinned: str | None
    file: str
    line: int

    @property
    def address(self) -> Address:
        """What it names."""
        found = parse_reference(self.text)
        assert found is not None, self.text
        return found


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
                "Write azureml:NAME:VERSION, or azureml://registries/R/KIND/NAME/versions/V; or run: plumbline pin",
            )
            continue
        asked = parse_reference(written)
        if asked is None or not _same(asked, address):
            document.report(
                ("pins", written), describe(text), f"a version of {written}",
                "Pin the same asset, or write the other one in the definition.",
            )  # fmt: skip
            continue
        pins[written] = str(address)
    return pins


def _same(asked: Address, pinned: Address) -> bool:
    """Whether a pin names the asset that was asked for, at the very version where one was asked for."""
    if asked.version and asked.version != pinned.version:
        return False
    if asked.curated and pinned.registry == "azureml":
        return pinned.name in (asked.name, asked.name.removeprefix("AzureML-"))
    return (asked.registry or "", asked.name) == (pinned.registry or "", pinned.name)
