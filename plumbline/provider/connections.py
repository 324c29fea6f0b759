"""One reading of the cloud's metadata for every client that azure-ai-ml makes.

Left to itself (1.35.2) it opens new connections for every upload and reads the cloud's metadata twice for every
registration: with `shared_transport` and this, of a registration's time behind a fast network a third is left.
"""

from __future__ import annotations


def keep_cloud(name: str) -> None:
    """Read a cloud's metadata once for the process: azure-ai-ml stores it where it never looks (1.35.2 `_get_cloud`)."""
    from azure.ai.ml import _azure_environments as environments

    environments._environments[name] = environments._get_cloud(name)  # noqa: SLF001 - it has no public way
