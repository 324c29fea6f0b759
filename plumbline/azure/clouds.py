"""The public clouds: which endpoint is whose, and which authority their logins ask. Their endpoints are the fence's."""

from __future__ import annotations

from urllib.parse import urlsplit

from plumbline.fence import PUBLIC_RESOURCE_MANAGERS

# Cloud -> the attribute of azure.identity.AzureAuthorityHosts; asked by name, because its import is slow.
_AUTHORITIES = {
    "AzureCloud": "AZURE_PUBLIC_CLOUD",
    "AzureUSGovernment": "AZURE_GOVERNMENT",
    "AzureChinaCloud": "AZURE_CHINA",
}

# Cloud -> where Azure ML's data plane (run history, discovery) lies, below a region's name. Source: learn, "Configure
# inbound and outbound network traffic" of Azure Machine Learning, required hosts.
_DATA_PLANES = {
    "AzureCloud": "api.azureml.ms",
    "AzureUSGovernment": "api.ml.azure.us",
    "AzureChinaCloud": "api.ml.azure.cn",
}

# Cloud -> a region whose data plane knows every registry. Source: azure-ai-ml 1.35.2 `_azure_environments._environments`.
_REGISTRY_DISCOVERIES = {
    "AzureCloud": "https://eastus.api.azureml.ms",
    "AzureUSGovernment": "https://usgovarizona.api.ml.azure.us",
    "AzureChinaCloud": "https://chinaeast2.api.ml.azure.cn",
}

_MACHINE_LEARNING = {
    "AzureCloud": "https://ml.azure.com",
    "AzureUSGovernment": "https://ml.azure.us",
    "AzureChinaCloud": "https://ml.azure.cn",
}

# Where discovery sends the readers of a registry, beside the hosts of the data plane. Source: azure-ai-ml 1.35.2
# `_registry_utils` (cert-REGION.experiments.azureml.net).
_REGISTRY_HOSTS = {"AzureCloud": "experiments.azureml.net"}


def data_plane_of(cloud: str | None) -> str | None:
    """The hosts of the cloud's Azure ML end so; None where they are the endpoint's own."""
    return _DATA_PLANES.get(cloud or "")


def registry_hosts_of(cloud: str | None) -> str | None:
    """The hosts of the cloud's registries end so, where they are not those of its data plane."""
    return _REGISTRY_HOSTS.get(cloud or "")


def registry_discovery_of(cloud: str) -> str | None:
    """The address that knows every registry of a public cloud; None for any other cloud, which names its own."""
    return _REGISTRY_DISCOVERIES.get(cloud)


def machine_learning_audience(cloud: str, portal: str) -> str | None:
    """Whom a token for Azure ML's own plane is for: the second one that a pipeline job is submitted with.

    Args:
        portal: Address of the cloud's portal, as its metadata names it; asked of a cloud that is none of the public ones.
    Source: azure-ai-ml 1.35.2 `_azure_environments._environments` and `_get_clouds_by_metadata_url`.
    """
    if cloud in _MACHINE_LEARNING:
        return _MACHINE_LEARNING[cloud]
    suffix = ".".join((urlsplit(portal).hostname or "").split(".")[2:])
    return f"https://ml.azure.{suffix}" if suffix else None


def authority_of(cloud: str) -> str | None:
    """The cloud's authority; None for a cloud of one's own, where azure-identity reads AZURE_AUTHORITY_HOST."""
    from azure.identity import AzureAuthorityHosts

    name = _AUTHORITIES.get(cloud)
    return None if name is None else str(getattr(AzureAuthorityHosts, name))


def cloud_at(endpoint: str) -> str | None:
    """The public cloud whose Resource Manager this is, None for any other."""
    return next((name for name, url in PUBLIC_RESOURCE_MANAGERS.items() if url == endpoint), None)
