"""The environment resource."""

from __future__ import annotations

from plumbline.azureml.asset import Asset
from plumbline.kinds import ENVIRONMENT


class Environment(Asset):
    """An Azure ML environment from an environment.yml: image with conda file, or a build context.

    Source: EnvironmentVersions; azure-ai-ml 1.35.2 EnvironmentOperations.
    """

    kind = ENVIRONMENT
