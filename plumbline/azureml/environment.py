"""The environment resource."""

from __future__ import annotations

from typing import ClassVar

from plumbline.azureml.asset import Asset


class Environment(Asset):
    """An Azure ML environment from an environment.yml: image with conda file, or a build context.

    Source: EnvironmentVersions, api-version 2023-04-01-preview; azure-ai-ml 1.35.2 EnvironmentOperations.
    """

    resource_type: ClassVar[str] = "plumbline:azureml:Environment"
    kind: ClassVar[str] = "environment"
