"""The login that a program runs with, held against what its stack pins."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import authorization

from plumbline.fence import CloudPins, FenceError, require_pinned_cloud
from stacks.settings import Cloud


def require_pinned_login(stack: str, cloud: Cloud) -> None:
    """Refuse another cloud, tenant or subscription than the stack pins.

    Raises: pulumi.RunError: it is another one.
    """
    pins = CloudPins(
        stack=stack, cloud=cloud.name, tenant_id=cloud.tenant_id, subscription_id=cloud.subscription_id
    )
    try:
        require_pinned_cloud(pins)
    except FenceError as error:
        raise pulumi.RunError(str(error)) from None
    login = authorization.get_client_config()
    for noun, got, expected in (
        ("tenant", login.tenant_id, cloud.tenant_id),
        ("subscription", login.subscription_id, cloud.subscription_id),
    ):
        if got.lower() != expected.lower():
            raise pulumi.RunError(
                f"Pulumi.{stack}.yaml: {noun}: got {got} from the login, expected {expected}. "
                "Log in to the pinned one, or mend the pin."
            )
