"""GET /metadata/endpoints as Azure's clients read it, and GET /health."""

from __future__ import annotations

import os
from typing import Any

from plumbline.emulator.routing import Call, Reply, Route

# The older version lists all clouds of an endpoint, newer ones answer the one cloud: az 2.91.0 reads the list where
# ARM_CLOUD_METADATA_URL names it and the object for `az cloud register`; azure-ai-ml 1.35.2 takes both.
_LISTING_VERSION = "2019-05-01"


def endpoints(call: Call) -> Reply:
    """The cloud's endpoints: in a list of one for api-version 2019-05-01, else by themselves."""
    cloud = _cloud(call)
    return Reply(json=[cloud] if call.api_version == _LISTING_VERSION else cloud)


def _cloud(call: Call) -> dict[str, Any]:
    settings = call.emulator.settings
    base = settings.base_url
    return {
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
            "alsoStacks": list(settings.also_stacks),
            "tenantId": settings.tenant_id,
            "subscriptionId": settings.subscription_id,
            "otherSubscriptions": dict(settings.other_subscriptions),
        },
    }


def health(call: Call) -> Reply:
    """That it is up, and which one it is."""
    return Reply(json={"status": "ok", "pid": os.getpid(), "stack": call.emulator.settings.stack})


ROUTES = [
    Route(method="GET", path="/metadata/endpoints", handler=endpoints, audience="none"),
    Route(method="GET", path="/health", handler=health, audience="none"),
]
