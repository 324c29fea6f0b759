"""The provider plugin in the engine's own folder of plugins.

Source: pulumi/sdk `workspace.PluginSpec.Dir`: `plugins/KIND-NAME-vVERSION/pulumi-KIND-NAME`.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

from plumbline import __version__
from plumbline.ops.errors import UserError

LAUNCHER = "pulumi-resource-plumbline"
_SCRIPT = f"""#!/bin/sh
# Written by `plumbline plugin install`. Started by the Pulumi engine in the project's folder.
PLUMBLINE_ENGINE_PID=$PPID
export PLUMBLINE_ENGINE_PID
for folder in "$VIRTUAL_ENV" "$PWD/.venv" "$PWD/venv"; do
    if [ -x "$folder/bin/{LAUNCHER}" ]; then
        exec "$folder/bin/python" -m plumbline.provider "$@"
    fi
done
exec {{python}} -m plumbline.provider "$@"
"""


def install_plugin(pulumi_home: Path, *, python: Path | None = None) -> str:
    """Put the launcher there; versions of ours that are older go.

    Args:
        python: What starts the provider where a project has no environment with it. Default: this interpreter.
    Returns: one line that says what was done.
    Raises: UserError: the folder cannot be written.
    """
    plugins = pulumi_home / "plugins"
    folder = plugins / f"resource-plumbline-v{__version__}"
    text = _SCRIPT.format(python=shlex.quote(str(python or sys.executable)))
    launcher = folder / LAUNCHER
    if launcher.is_file() and launcher.read_text() == text and os.access(launcher, os.X_OK):
        return f"plumbline {__version__}: already installed in {pulumi_home}"
    try:
        for older in plugins.glob("resource-plumbline-v*"):
            # The engine takes the newest where a program names no version.
            shutil.rmtree(older) if older.is_dir() else older.unlink()
        folder.mkdir(parents=True)
        partial = folder / f"{LAUNCHER}.{os.getpid()}"
        partial.write_text(text)
        partial.chmod(0o755)
        partial.replace(launcher)
    except OSError as error:
        raise UserError(
            f"{folder}: got {error}, expected a folder that can be written. Name another: --pulumi-home"
        ) from error
    return f"plumbline {__version__}: installed in {pulumi_home}"
