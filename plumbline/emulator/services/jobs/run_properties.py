"""Properties of a run: what the service wrote of it stands for ever, and callers may only add their own.

Evidence is made of them: who could change `azureml.isreused` could hide whose run a result came from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from plumbline.emulator.errors import AzureError
from plumbline.emulator.executor.run import Run

_SERVICE = "azureml."


def add_properties(run: Run, given: Mapping[str, Any]) -> None:
    """Add what a caller sends; what is there already may be sent again, as clients do that send back what they got.

    Raises: AzureError: 400 UserError, and nothing is added, when one would change or speaks in the service's name.
    Source: azure-ai-ml 1.35.2, `JobOperations.create_or_update` ("MFE does not allow existing properties to be
        updated, only for new props to be added").
    """
    new = {name: str(value) for name, value in given.items() if value is not None}
    new = {name: value for name, value in new.items() if run.properties.get(name) != value}
    for name in new:
        if name in run.properties:
            raise _refused(name, f"the property '{name}' is set already, and properties cannot be changed")
        if name.lower().startswith(_SERVICE):
            raise _refused(name, f"the property '{name}' is one of the service's own, which only it can add")
    run.properties |= new


def _refused(name: str, why: str) -> AzureError:
    return AzureError(
        400, "UserError", f"Run properties are immutable: {why}. Use a tag, or a name of your own.", name
    )
