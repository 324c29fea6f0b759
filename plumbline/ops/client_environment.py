"""The environment that leads Azure's official clients, and a plain `pulumi`, to an emulated stack.

Source: azure-ai-ml 1.35.2 `_azure_environments`, azure-identity 1.25 `DefaultAzureCredential`, azure-cli 2.91.0
`azure.cli.core.cloud`.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from plumbline.ops.engine_launcher import engine_launcher
from plumbline.ops.errors import UsageError
from plumbline.ops.local_home import EmulatedStack

# A login to the real cloud that is left in the shell would be tried before ours.
REAL_LOGIN = (
    "AZURE_CLIENT_ID", "AZURE_CLIENT_SECRET", "AZURE_TENANT_ID", "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD", "AZURE_USERNAME", "AZURE_PASSWORD", "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_AUTHORITY_HOST", "AZURE_POD_IDENTITY_AUTHORITY_HOST", "MSI_ENDPOINT", "MSI_SECRET",
    "ARM_CLIENT_ID", "ARM_CLIENT_SECRET", "ARM_TENANT_ID", "ARM_SUBSCRIPTION_ID", "ARM_USE_OIDC",
    "ARM_USE_MSI", "ARM_OIDC_TOKEN", "ARM_OIDC_TOKEN_FILE_PATH", "ARM_OIDC_REQUEST_TOKEN", "ARM_OIDC_REQUEST_URL",
    "ARM_CLIENT_CERTIFICATE_PATH", "ARM_MSI_ENDPOINT", "IDENTITY_SERVER_THUMBPRINT", "IMDS_ENDPOINT",
    "PULUMI_CONFIG_PASSPHRASE", "PULUMI_ACCESS_TOKEN", "PULUMI_OPTION_CONFIG_FILE", "PULUMI_STACK",
    "PLUMBLINE_STACK_FILES",
    "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy",
)  # fmt: skip
CA_VARIABLES = ("REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")


@dataclass(frozen=True, kw_only=True)
class ClientEnvironment:
    """Variables to set and variables to take away."""

    variables: Mapping[str, str]
    removed: tuple[str, ...]

    def apply(self, environ: Mapping[str, str]) -> dict[str, str]:
        """`environ` as a child process of ours sees it."""
        kept = {name: value for name, value in environ.items() if name not in self.removed}
        return kept | dict(self.variables)

    def as_shell(self) -> str:
        """Lines that a POSIX shell evaluates."""
        lines = [f"unset {name}" for name in self.removed if name in os.environ]
        lines += [f"export {name}={shlex.quote(value)}" for name, value in sorted(self.variables.items())]
        return "\n".join(lines)


def client_environment(
    stack: EmulatedStack,
    ready: Mapping[str, Any],
    *,
    engine: Path | None,
    principal: str = "deployer",
    environ: Mapping[str, str] | None = None,
) -> ClientEnvironment:
    """Variables for one of the emulator's seeded principals.

    Args:
        ready: What the running emulator says of itself.
        engine: The folder of the Pulumi engine, put first on PATH after the virtual environment's.
        principal: Name of a seeded principal.
    Raises: UsageError: no such principal.
    """
    environ = os.environ if environ is None else environ
    principals = ready["principals"]
    if principal not in principals:
        raise UsageError(f"--as: got {principal!r}, expected one of {', '.join(principals)}.")
    base = ready["base_url"]
    bundle = _ca_bundle(stack, Path(ready["ca_path"]), environ)
    folders = [str(Path(sys.executable).parent)]
    if engine:
        folders = [str(engine_launcher(stack, engine).parent), *folders, str(engine)]
    path = [folder for folder in environ.get("PATH", "").split(os.pathsep) if folder not in folders]
    variables = {
        "AZUREML_CURRENT_CLOUD": ready["cloud"],
        "ARM_CLOUD_METADATA_URL": f"{base}/metadata/endpoints?api-version=2019-05-01",
        # The real azure-native plugin reads these two: it must end here as well, never in Azure.
        "ARM_METADATA_HOSTNAME": base.removeprefix("https://"),
        "ARM_ENVIRONMENT": ready["cloud"],
        "REGISTRY_DISCOVERY_ENDPOINT_URL": f"{base}/",
        "IDENTITY_ENDPOINT": f"{base}/msi/token",
        "IDENTITY_HEADER": principals[principal]["identity_header"],
        "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
        "AZURE_SUBSCRIPTION_ID": ready["subscription_id"],
        "PLUMBLINE_PRINCIPAL": principal,
        "NO_PROXY": _with_loopback(environ.get("NO_PROXY", "")),
        "PATH": os.pathsep.join([*folders, *path]),
        "VIRTUAL_ENV": sys.prefix,
        "PULUMI_HOME": str(stack.pulumi_home),
        "PULUMI_BACKEND_URL": stack.state.as_uri(),
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(stack.passphrase_file),
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        # The plugins of this stack's own PULUMI_HOME, not what happens to be on PATH: no warning each run.
        "PULUMI_IGNORE_AMBIENT_PLUGINS": "true",
        "PULUMI_PARALLEL": "64",
        # az keeps logins and the cloud's endpoints there: a folder of this emulator's address and principal alone, so
        # that neither the user's own login nor a former address is met. It asks nobody outside.
        "AZURE_CONFIG_DIR": str(stack.root / "az" / f"{principal}-{base.rpartition(':')[2]}"),
        "AZURE_CORE_COLLECT_TELEMETRY": "no",
        "AZURE_CORE_INSTANCE_DISCOVERY": "no",
        "AZURE_EXTENSION_USE_DYNAMIC_INSTALL": "no",
        # The SDK's own default waits two seconds at least between two looks at a run.
        "AZUREML_RUN_POLLING_INTERVAL_MIN": "1",
    }
    for name in CA_VARIABLES:
        variables[name] = str(bundle)
        variables[f"PLUMBLINE_ORIGINAL_{name}"] = _original(environ, name)
    exported = stack.outputs()
    for name, output in (
        ("AZURE_RESOURCE_GROUP", "resource_group_name"),
        ("AZUREML_WORKSPACE_NAME", "workspace_name"),
    ):
        if output in exported:
            variables[name] = str(exported[output])
    return ClientEnvironment(variables=variables, removed=REAL_LOGIN)


def _original(environ: Mapping[str, str], name: str) -> str:
    return environ.get(f"PLUMBLINE_ORIGINAL_{name}", environ.get(name, ""))


def _ca_bundle(stack: EmulatedStack, ca: Path, environ: Mapping[str, str]) -> Path:
    in_force = next((text for name in CA_VARIABLES if (text := _original(environ, name))), "")
    if not in_force:
        import certifi

        in_force = certifi.where()
    text = Path(in_force).read_text() + "\n" + ca.read_text()
    bundle = stack.root / "ca-bundle.pem"
    if not bundle.exists() or bundle.read_text() != text:
        partial = bundle.with_suffix(f".{os.getpid()}")
        partial.write_text(text)
        partial.replace(bundle)
    return bundle


def _with_loopback(no_proxy: str) -> str:
    hosts = [host for host in no_proxy.split(",") if host]
    return ",".join([*hosts, *(host for host in ("127.0.0.1", "localhost") if host not in hosts)])
