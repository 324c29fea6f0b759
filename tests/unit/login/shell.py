"""What a shell may hold of logins, each way with what it needs, and the provider's settings that come of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from azure import identity
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from plumbline.provider.settings import Settings, read_settings

ARM = {"ARM_CLIENT_ID": "one", "ARM_CLIENT_SECRET": "s", "ARM_TENANT_ID": "t"}
AZURE = {"AZURE_CLIENT_ID": "one", "AZURE_CLIENT_SECRET": "s", "AZURE_TENANT_ID": "t"}
EMULATED = {
    "ARM_CLOUD_METADATA_URL": "https://127.0.0.1:8443/metadata/endpoints",
    "IDENTITY_ENDPOINT": "https://127.0.0.1:8443/msi/token",
    "IDENTITY_HEADER": "secret-of-alice",
    "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
}
TENANT = "33333333-3333-4333-8333-333333333333"
SUBSCRIPTION = "44444444-4444-4444-8444-444444444444"
AUTHORITIES = {
    "AzureCloud": "login.microsoftonline.com",
    "AzureUSGovernment": "login.microsoftonline.us",
    "AzureChinaCloud": "login.chinacloudapi.cn",
}
OIDC = {"ARM_CLIENT_ID": "one", "ARM_USE_OIDC": "true"}
GITHUB = {
    "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer-of-github",
    "ACTIONS_ID_TOKEN_REQUEST_URL": "https://localhost/token?api-version=2.0",
}
# What each way needs, weakest first: azure-native's order from its end.
WAYS: tuple[tuple[type, dict[str, str]], ...] = (
    (identity.AzureCliCredential, {}),
    (identity.ManagedIdentityCredential, {"ARM_USE_MSI": "true"}),
    (identity.ClientAssertionCredential, OIDC | {"ARM_OIDC_TOKEN": "token"}),
    (identity.ClientSecretCredential, {"ARM_CLIENT_ID": "one", "ARM_CLIENT_SECRET": "s"}),
    (identity.CertificateCredential, {"ARM_CLIENT_ID": "one", "ARM_CLIENT_CERTIFICATE_PATH": "CERTIFICATE"}),
    (identity.DefaultAzureCredential, {"ARM_USE_DEFAULT_AZURE_CREDENTIAL": "true"}),
)


def write_pem(
    path: Path, key: rsa.RSAPrivateKey, encryption: serialization.KeySerializationEncryption
) -> Path:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    path.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    return path


def settings(environ: dict[str, str], cloud: str = "AzureCloud", **given: Any) -> Settings:
    given = {"cloud": cloud, "tenantId": TENANT, "subscriptionId": SUBSCRIPTION} | given
    return read_settings("dev", given, environ)


def with_certificate(environ: dict[str, str], pem: Path) -> dict[str, str]:
    return {name: str(pem) if value == "CERTIFICATE" else value for name, value in environ.items()}
