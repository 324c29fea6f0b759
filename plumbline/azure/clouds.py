"""The public clouds: which endpoint is whose, and which authority their logins ask. Their endpoints are the fence's."""

from __future__ import annotations

from plumbline.fence import PUBLIC_RESOURCE_MANAGERS

# Cloud -> the attribute of azure.identity.AzureAuthorityHosts; asked by name, because its import is slow.
_AUTHORITIES = {
    "AzureCloud": "AZURE_PUBLIC_CLOUD",
    "AzureUSGovernment": "AZURE_GOVERNMENT",
    "AzureChinaCloud": "AZURE_CHINA",
}


def authority_of(cloud: str) -> str | None:
    """The cloud's authority; None for a cloud of one's own, where azure-identity reads AZURE_AUTHORITY_HOST."""
    from azure.identity import AzureAuthorityHosts

    name = _AUTHORITIES.get(cloud)
    return None if name is None else str(getattr(AzureAuthorityHosts, name))


def cloud_at(endpoint: str) -> str | None:
    """The public cloud whose Resource Manager this is, None for any other."""
    return next((name for name, url in PUBLIC_RESOURCE_MANAGERS.items() if url == endpoint), None)
