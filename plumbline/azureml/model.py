"""The model resource."""

from __future__ import annotations

from typing import ClassVar

from plumbline.azureml.asset import Asset


class Model(Asset):
    """An Azure ML model from a model.yml; its version is a positive integer that is known after create.

    Source: ModelVersions, api-version 2023-08-01-preview; azure-ai-ml 1.35.2 ModelOperations.
    """

    resource_type: ClassVar[str] = "plumbline:azureml:Model"
    kind: ClassVar[str] = "model"
