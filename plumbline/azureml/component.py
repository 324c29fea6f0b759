"""The component resource."""

from __future__ import annotations

from typing import ClassVar

from plumbline.azureml.asset import Asset
from plumbline.kinds import COMPONENT, Kind


class Component(Asset):
    """An Azure ML component with its code from a component.yml; its children are components of their own.

    Source: ComponentVersions; azure-ai-ml 1.35.2 ComponentOperations.
    """

    kind: ClassVar[Kind] = COMPONENT
