"""The resource class."""

from __future__ import annotations

from plumbline.azureml import Asset
from tests.engine.feature_store_entity import FEATURE_STORE_ENTITY


class FeatureStoreEntity(Asset):
    """A feature store entity from its YAML.

    Source: azure-ai-ml 1.35.2 FeatureStoreEntityOperations.
    """

    kind = FEATURE_STORE_ENTITY
