"""The provider's settings: configuration keys and environment variables, as azure-native has them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from plumbline.provider.codec import is_known


@dataclass(frozen=True, kw_only=True)
class SettingRow:
    """One setting: its configuration key, and the variables that it falls back to, first one first."""

    name: str
    variables: tuple[str, ...] = ()
    secret: bool = False
    description: str


SETTING_ROWS = (
    SettingRow(
        name="cloud",
        description="Cloud that the stack pins: AzureCloud, AzureUSGovernment, AzureChinaCloud or an emulator's. "
        "Default AzureCloud. Compared with the live endpoint before the first call.",
    ),
    SettingRow(
        name="tenantId",
        variables=("ARM_TENANT_ID", "AZURE_TENANT_ID"),
        description="Tenant that the stack pins.",
    ),
    SettingRow(
        name="subscriptionId",
        variables=("ARM_SUBSCRIPTION_ID", "AZURE_SUBSCRIPTION_ID"),
        description="Subscription that the stack pins.",
    ),
    SettingRow(
        name="useDefaultAzureCredential",
        variables=("ARM_USE_DEFAULT_AZURE_CREDENTIAL",),
        description='"true" logs in as azure-identity\'s DefaultAzureCredential chooses (AZURE_* variables, workload or '
        "managed identity, az login). Wins over every other way; without any, az login is used.",
    ),
    SettingRow(
        name="clientId",
        variables=("ARM_CLIENT_ID",),
        description="Client id of a service principal, or of a user-assigned identity with useMsi.",
    ),
    SettingRow(
        name="clientCertificatePath",
        variables=("ARM_CLIENT_CERTIFICATE_PATH",),
        description="File (PEM or PKCS #12) with the certificate and private key of the service principal. "
        "Wins over clientSecret.",
    ),
    SettingRow(
        name="clientCertificatePassword",
        variables=("ARM_CLIENT_CERTIFICATE_PASSWORD",),
        secret=True,
        description="Password of that file, where it has one.",
    ),
    SettingRow(
        name="clientSecret",
        variables=("ARM_CLIENT_SECRET",),
        secret=True,
        description="Secret of the service principal. Wins over useOidc.",
    ),
    SettingRow(
        name="useOidc",
        variables=("ARM_USE_OIDC",),
        description='"true" logs in with a federated token: oidcToken, else oidcTokenFilePath, else one that is '
        "requested. Wins over useMsi.",
    ),
    SettingRow(
        name="oidcToken",
        variables=("ARM_OIDC_TOKEN",),
        secret=True,
        description="Federated token.",
    ),
    SettingRow(
        name="oidcTokenFilePath",
        variables=("ARM_OIDC_TOKEN_FILE_PATH",),
        description="File that holds the federated token; read again at each renewal.",
    ),
    # azure-native's source reads GitHub's variables, its documentation names the ARM_ ones: both, the source first.
    SettingRow(
        name="oidcRequestToken",
        variables=("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ARM_OIDC_REQUEST_TOKEN"),
        secret=True,
        description="Bearer token that oidcRequestUrl takes. GitHub Actions sets both.",
    ),
    SettingRow(
        name="oidcRequestUrl",
        variables=("ACTIONS_ID_TOKEN_REQUEST_URL", "ARM_OIDC_REQUEST_URL"),
        description="Address (https) that a federated token is requested from, again at each renewal.",
    ),
    SettingRow(
        name="oidcAudience",
        variables=("ARM_OIDC_AUDIENCE",),
        description="Audience of the token that is requested. Default api://AzureADTokenExchange, in every cloud.",
    ),
    SettingRow(
        name="useMsi",
        variables=("ARM_USE_MSI",),
        description='"true" logs in with the managed identity of the machine.',
    ),
    SettingRow(
        name="resourceGroupName",
        variables=("AZURE_RESOURCE_GROUP",),
        description="Resource group that an import by NAME:VERSION looks in. Nothing else reads it.",
    ),
    SettingRow(
        name="workspaceName",
        variables=("AZUREML_WORKSPACE_NAME",),
        description="Workspace that an import by NAME:VERSION looks in. Nothing else reads it.",
    ),
)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What one provider instance works with. `repr` shows no secret."""

    stack: str
    cloud: str
    tenant_id: str
    subscription_id: str
    values: Mapping[str, str]

    def __repr__(self) -> str:
        return f"Settings({self.stack}, {self.cloud}, {self.tenant_id}, {self.subscription_id})"

    def get(self, name: str) -> str | None:
        """The value of a setting, None when neither configuration nor environment has it."""
        return self.values.get(name)

    def is_set(self, name: str) -> bool:
        """Whether a setting says "true"; azure-native takes no other word for it, and two principals must not differ by one."""
        return self.values.get(name) == "true"


def spoken(name: str) -> str:
    """A setting as messages name it: its key, and the variables that stand for it."""
    row = next(row for row in SETTING_ROWS if row.name == name)
    return f"plumbline:{name} ({' or '.join(row.variables)})"


def read_settings(stack: str, given: Mapping[str, Any], environ: Mapping[str, str]) -> Settings:
    """Settings from configuration first, then from the environment; unknown values count as absent."""
    values: dict[str, str] = {}
    for row in SETTING_ROWS:
        value = given.get(row.name)
        if value is None or not is_known(value):
            value = next((environ[name] for name in row.variables if environ.get(name)), None)
        if value is not None:
            # The engine hands a boolean of the configuration over as JSON text or as a boolean.
            values[row.name] = value if isinstance(value, str) else json.dumps(value)
    return Settings(
        stack=stack,
        cloud=values.get("cloud", "AzureCloud"),
        tenant_id=values.get("tenantId", ""),
        subscription_id=values.get("subscriptionId", ""),
        values=values,
    )
