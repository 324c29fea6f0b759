"""The login: one credential for reads and writes, chosen as azure-native chooses, asked once it is needed."""

from __future__ import annotations

import threading
from typing import Any

from plumbline.azure.no_answer import no_answer
from plumbline.fence import CloudPins, FenceError, require_pinned_tenant
from plumbline.provider.credential import chosen_way, make_credential
from plumbline.provider.errors import NoAnswer, Refusal
from plumbline.provider.settings import Settings


class Login:
    """A credential in azure-core's synchronous form.

    The first token is compared with the tenant that the stack pins.

    Args:
        local: The cloud is an emulator: only its own identity endpoint is asked, whatever login is configured,
            because every other one asks an authority that is not on this machine.
    """

    def __init__(self, settings: Settings, *, local: bool = False) -> None:
        self._settings = settings
        self._local = local
        self._credential: Any = None
        self._tenant_seen = False
        self._lock = threading.Lock()

    def get_token(self, *scopes: str, **options: Any) -> Any:
        """A token for the scopes.

        Raises: Refusal: there is no login, or it is one of another tenant.
        """
        from azure.core.exceptions import ClientAuthenticationError

        try:
            token = self._chosen().get_token(*scopes, **options)
        except ClientAuthenticationError as error:
            unheard = no_answer(error)
            if unheard is not None:
                raise NoAnswer(
                    f"login: {self._way()}",
                    f"got no answer ({_first_line(unheard)}), expected a token. Check that the endpoint is up "
                    "(plumbline local status for the local one) and run the command again.",
                ) from error
            raise Refusal(
                f"login: {self._way()}: got no token for {', '.join(scopes)} ({_first_line(error)}), expected a login "
                f"of tenant {self._settings.tenant_id}. Correct that, or log in another way: "
                f"{self._az()}az login --tenant {self._settings.tenant_id}, or ARM_CLIENT_ID with ARM_CLIENT_SECRET, "
                "or ARM_USE_MSI=true, or ARM_USE_DEFAULT_AZURE_CREDENTIAL=true."
            ) from error
        self._require_tenant(token.token)
        return token

    def _require_tenant(self, token: str) -> None:
        if self._tenant_seen:
            return
        settings = self._settings
        pins = CloudPins(
            stack=settings.stack,
            cloud=settings.cloud,
            tenant_id=settings.tenant_id,
            subscription_id=settings.subscription_id,
        )
        try:
            require_pinned_tenant(pins, token)
        except FenceError as error:
            raise Refusal(str(error)) from error
        self._tenant_seen = True

    def _way(self) -> str:
        return "emulator" if self._local else chosen_way(self._settings).way

    def _az(self) -> str:
        """What az needs first: it logs in to the cloud that it is set to, whatever a stack pins."""
        cloud = self._settings.cloud
        return "" if self._local or cloud == "AzureCloud" else f"az cloud set --name {cloud} && "

    def _chosen(self) -> Any:
        with self._lock:
            if self._credential is None:
                self._credential = _emulated() if self._local else make_credential(self._settings)
            return self._credential


def _emulated() -> Any:
    # Imported here, as in `credential.py`.
    from azure import identity

    return identity.ManagedIdentityCredential()


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
