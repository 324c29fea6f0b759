"""The data asset resource."""

from __future__ import annotations

from typing import ClassVar

from plumbline.azureml.asset import Asset


class DataAsset(Asset):
    """An Azure ML data asset from a data.yml: local files are uploaded, a URI is referred to.

    Source: DataVersions, api-version 2023-04-01-preview; azure-ai-ml 1.35.2 DataOperations.
    """

    resource_type: ClassVar[str] = "plumbline:azureml:DataAsset"
    kind: ClassVar[str] = "data"
