"""The data asset resource."""

from __future__ import annotations

from plumbline.azureml.asset import Asset
from plumbline.kinds import DATA


class DataAsset(Asset):
    """An Azure ML data asset from a data.yml: local files are uploaded, a URI is referred to.

    Source: DataVersions; azure-ai-ml 1.35.2 DataOperations.
    """

    kind = DATA
