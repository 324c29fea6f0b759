"""A kind that the product does not carry, as its guide says to add one: this folder, and nothing else of the product.

Importing it registers the kind. It comes before every other import of Plumbline, in the program and in the plugin.
"""

from __future__ import annotations

from plumbline.assets.kind import version_values
from plumbline.assets.yaml_kind import YamlKind
from plumbline.assets.yaml_kinds import YAML_KINDS

FEATURE_STORE_ENTITY = YamlKind(
    package=__name__,
    name="feature_store_entity",
    noun="FeatureStoreEntity",
    spoken="a feature store entity",
    collection="featurestoreEntities",
    folders=("entities",),
    stems=("entity",),
    keys=frozenset({"index_columns"}),
    marks=("indexColumns",),
    lifecycle="content",
    api_version="2023-10-01",
    api_version_source="client, FeatureStoreEntityOperations",
    loader="azure.ai.ml:load_feature_store_entity",
    operations="feature_store_entities",
    put="begin_create_or_update",
    values=version_values,
    source="azure-ai-ml 1.35.2 FeatureStoreEntityOperations; Featurestore Entity Versions - Create Or Update",
    description="What rows of features are about: the columns that tell one from another.",
)
YAML_KINDS[FEATURE_STORE_ENTITY.name] = FEATURE_STORE_ENTITY
