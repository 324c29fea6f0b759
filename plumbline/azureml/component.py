"""The component resource."""

from __future__ import annotations

from plumbline.azureml.asset import Asset
from plumbline.kinds import COMPONENT


class Component(Asset):
    """An Azure ML component with its code from a component.yml; its children are components of their own.

    Source: ComponentVersions; azure-ai-ml 1.35.2 ComponentOperations.
    """

    kind = COMPONENT
