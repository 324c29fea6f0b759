"""The component resource."""

from __future__ import annotations

from typing import ClassVar

from plumbline.azureml.asset import Asset


class Component(Asset):
    """An Azure ML component with its code from a component.yml; its children are components of their own.

    Source: ComponentVersions, api-version 2024-01-01-preview; azure-ai-ml 1.35.2 ComponentOperations.
    """

    resource_type: ClassVar[str] = "plumbline:azureml:Component"
    kind: ClassVar[str] = "component"
