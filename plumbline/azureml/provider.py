"""An explicit instance of the provider, for programs that work with more than one cloud or login."""

from __future__ import annotations

import pulumi


class Provider(pulumi.ProviderResource):
    """The provider with settings of its own; programs with one cloud set `plumbline:*` in the stack's file instead."""

    def __init__(
        self,
        resource_name: str,
        *,
        cloud: pulumi.Input[str] | None = None,
        tenant_id: pulumi.Input[str] | None = None,
        subscription_id: pulumi.Input[str] | None = None,
        client_id: pulumi.Input[str] | None = None,
        client_secret: pulumi.Input[str] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare the instance.

        Args:
            resource_name: Required. Logical name in the stack.
            cloud: Optional. Cloud that is pinned. Default AzureCloud.
            tenant_id: Optional. Tenant that is pinned. Default: ARM_TENANT_ID.
            subscription_id: Optional. Subscription that is pinned. Default: ARM_SUBSCRIPTION_ID.
            client_id: Optional. Service principal. Default: ARM_CLIENT_ID, else the login of the machine.
            client_secret: Optional. Its secret; kept encrypted. Default: ARM_CLIENT_SECRET.
            opts: Optional. As on every resource.
        """
        secret = None if client_secret is None else pulumi.Output.secret(client_secret)
        settings = {
            "cloud": cloud,
            "tenantId": tenant_id,
            "subscriptionId": subscription_id,
            "clientId": client_id,
            "clientSecret": secret,
        }
        super().__init__("plumbline", resource_name, settings, opts)
