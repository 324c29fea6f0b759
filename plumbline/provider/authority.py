"""The authority of each public cloud: the host that its logins ask for tokens."""

from __future__ import annotations

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
