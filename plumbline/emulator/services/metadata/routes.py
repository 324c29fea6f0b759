"""GET /metadata/endpoints as Azure's clients read it, and GET /health."""

from __future__ import annotations

import os

from plumbline.emulator.routing import Call, Reply, Route


def endpoints(call: Call) -> Reply:
    """One JSON object: azure-ai-ml takes an object or a list, ``az cloud register`` needs the object."""
    settings = call.emulator.settings
    base = settings.base_url
    return Reply(
        json={
            "name": settings.cloud,
            # azure-ai-ml computes the Azure ML audience from the labels after the second one.
            "portal": "https://portal.plumbline.local",
            "resourceManager": f"{base}/",
            "authentication": {
                "loginEndpoint": base,
                "audiences": [f"{base}/", base],
                "tenant": "common",
                "identityProvider": "AAD",
            },
            "suffixes": {
                "storage": settings.storage_suffix,
                "keyVaultDns": "vault.plumbline.local",
                "acrLoginServer": "acr.plumbline.local",
            },
            "graphAudience": f"{base}/",
            "graph": f"{base}/",
            "gallery": f"{base}/",
            "batch": f"{base}/",
            "media": f"{base}/",
            "activeDirectoryDataLake": f"{base}/",
            "sqlManagement": f"{base}/",
            "vmImageAliasDoc": f"{base}/",
            "microsoftGraphResourceId": f"{base}/",
            "plumbline": {
                "stack": settings.stack,
                "tenantId": settings.tenant_id,
                "subscriptionId": settings.subscription_id,
            },
        }
    )


def health(call: Call) -> Reply:
    """That it is up, and which one it is."""
    return Reply(json={"status": "ok", "pid": os.getpid(), "stack": call.emulator.settings.stack})


ROUTES = [
    Route(method="GET", path="/metadata/endpoints", handler=endpoints, audience="none"),
    Route(method="GET", path="/health", handler=health, audience="none"),
]
