"""The model resource."""

from __future__ import annotations

from plumbline.azureml.asset import Asset
from plumbline.kinds import MODEL


class Model(Asset):
    """An Azure ML model from a model.yml; its version is a positive integer that is known after create.

    Source: ModelVersions; azure-ai-ml 1.35.2 ModelOperations.
    """

    kind = MODEL
