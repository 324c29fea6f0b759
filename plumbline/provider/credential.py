"""The ways to log in, in azure-native's order. The first that is set is taken; none after it is tried.

Source: pulumi-azure-native provider/pkg/provider/auth_azidentity.go at 34d8ff31: `newSingleMethodAuthCredential` for
the order, `readAuthConfig` for what sets a way. The functions import azure.identity themselves: it costs a third of a second,
and a preview without changes needs no login.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from plumbline.azure.clouds import authority_of
from plumbline.provider.assertion import assertion_of
from plumbline.provider.errors import Refusal
from plumbline.provider.settings import Settings, spoken


@dataclass(frozen=True, kw_only=True)
class WayRow:
    """One way to log in.

    Attributes:
        setting: What chooses it; empty for the last way, which needs nothing.
        is_flag: The setting chooses it by saying "true", and not by being there.
        needs_client: It acts as the service principal that clientId names.
    """

    way: str
    setting: str = ""
    is_flag: bool = False
    needs_client: bool = False
    credential: Callable[[Settings], Any]

    def is_set(self, settings: Settings) -> bool:
        """Whether the settings choose it, or nothing needs to."""
        if not self.setting:
            return True
        return settings.is_set(self.setting) if self.is_flag else bool(settings.get(self.setting))


def chosen_way(settings: Settings) -> WayRow:
    """The way that these settings choose."""
    return next(row for row in WAY_ROWS if row.is_set(settings))


def make_credential(settings: Settings) -> Any:
    """A credential of azure-identity, asked for nothing yet.

    Raises: Refusal: the way that is chosen lacks its other half.
    """
    row = chosen_way(settings)
    if row.needs_client and not settings.get("clientId"):
        raise Refusal(
            f"login: {spoken('clientId')}: got nothing beside {spoken(row.setting)}, expected the client id of the "
            f"service principal that logs in with a {row.way}. Set it, or unset the other."
        )
    try:
        return row.credential(settings)
    except ValueError as error:
        raise Refusal(
            f"login: {row.way}: got settings that azure-identity refuses ({error}), expected ones that it takes. "
            "Correct what it names."
        ) from error


def _default(settings: Settings) -> Any:
    # Of its members the workload identity reads AZURE_AUTHORITY_HOST alone, which the cluster sets.
    from azure import identity

    return identity.DefaultAzureCredential(authority=authority_of(settings.cloud))


def _certificate(settings: Settings) -> Any:
    from azure import identity
    from cryptography.exceptions import UnsupportedAlgorithm

    path = settings.values["clientCertificatePath"]
    try:
        return identity.CertificateCredential(
            settings.tenant_id,
            settings.values["clientId"],
            path,
            password=settings.get("clientCertificatePassword") or None,
            authority=authority_of(settings.cloud),
        )
    # A password too many or too few is a TypeError of cryptography.
    except (OSError, TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise Refusal(
            f"login: {spoken('clientCertificatePath')}: got {path} ({error}), expected a PEM or PKCS #12 file with "
            f"an RSA private key. Name that file, and its password in {spoken('clientCertificatePassword')}."
        ) from error


def _secret(settings: Settings) -> Any:
    from azure import identity

    return identity.ClientSecretCredential(
        settings.tenant_id,
        settings.values["clientId"],
        settings.values["clientSecret"],
        authority=authority_of(settings.cloud),
    )


def _federated(settings: Settings) -> Any:
    from azure import identity

    return identity.ClientAssertionCredential(
        settings.tenant_id,
        settings.values["clientId"],
        assertion_of(settings),
        authority=authority_of(settings.cloud),
    )


def _managed(settings: Settings) -> Any:
    # The machine's own endpoint is asked: there is no authority to name.
    from azure import identity

    return identity.ManagedIdentityCredential(client_id=settings.get("clientId") or None)


def _az(settings: Settings) -> Any:
    # az has a cloud of its own, and takes either a tenant or a subscription: azure-native gives it the subscription.
    from azure import identity

    return identity.AzureCliCredential(subscription=settings.subscription_id)


WAY_ROWS = (
    WayRow(
        way="DefaultAzureCredential", setting="useDefaultAzureCredential", is_flag=True, credential=_default
    ),
    WayRow(
        way="client certificate",
        setting="clientCertificatePath",
        needs_client=True,
        credential=_certificate,
    ),
    WayRow(way="client secret", setting="clientSecret", needs_client=True, credential=_secret),
    WayRow(way="federated token", setting="useOidc", is_flag=True, needs_client=True, credential=_federated),
    WayRow(way="managed identity", setting="useMsi", is_flag=True, credential=_managed),
    WayRow(way="az login", credential=_az),
)
