"""Installs the stand-in into one PULUMI_HOME: an emulated stack's own, never a person's."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from plumbline.azure_native_plugin.errors import ConfigurationError
from plumbline.azure_native_plugin.table import load

_LAUNCHER = "pulumi-resource-azure-native"
PLUGIN_FOLDER = Path(__file__).with_name("plugin")


def install(*, pulumi: Path, pulumi_home: Path) -> str:
    """Puts the launcher where the engine looks for plugin azure-native of the SDK's version.

    Args:
        pulumi: The CLI to install with.
        pulumi_home: The emulated stack's own PULUMI_HOME.
    Returns: one line that says what was done; nothing is done when it is there already.
    Raises: ConfigurationError: a PULUMI_HOME that real stacks use, or the CLI refused.
    """
    version = load().sdk_version
    home = pulumi_home.resolve()
    if home == (Path.home() / ".pulumi").resolve():
        raise ConfigurationError(
            f"install: --pulumi-home: got {home}, expected an emulated stack's own folder: "
            "there the stand-in would take the real provider's place. Give another folder."
        )
    launcher = home / "plugins" / f"resource-azure-native-v{version}" / _LAUNCHER
    source = PLUGIN_FOLDER / _LAUNCHER
    if launcher.is_file() and launcher.read_bytes() == source.read_bytes() and os.access(launcher, os.X_OK):
        return f"azure-native stand-in {version}: already installed in {home}"
    if launcher.parent.exists():
        shutil.rmtree(launcher.parent)  # an older launcher: the CLI would not write over it
    command = [str(pulumi), "plugin", "install", "resource", "azure-native", version]
    environment = {**os.environ, "PULUMI_HOME": str(home), "PULUMI_SKIP_UPDATE_CHECK": "1"}
    done = subprocess.run(
        [*command, "--file", str(PLUGIN_FOLDER)], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0 or not launcher.is_file():
        raise ConfigurationError(f"install: {' '.join(command)}: {(done.stderr or done.stdout).strip()}")
    return f"azure-native stand-in {version}: installed in {home}"
