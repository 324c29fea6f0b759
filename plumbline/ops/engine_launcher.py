"""The `pulumi` of an emulated stack's shell: the engine, after locks that dead processes left are cleared."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plumbline.ops.local_home import EmulatedStack

_SCRIPT = """#!/bin/sh
# Written by plumbline. Without a lock this costs two milliseconds.
for lock in {state}/.pulumi/locks/*/*/*/*.json; do
    if [ -e "$lock" ]; then
        {python} -m plumbline.ops.state_lock {state}
        break
    fi
done
if [ -n "$PLUMBLINE_STACK_FILES" ]; then
    # A rehearsal: the engine reads and writes the copy of a stack's file, whichever stack the words name.
    stack="$PULUMI_STACK" before=""
    for word in "$@"; do
        case "$before" in -s|--stack) stack="$word" ;; esac
        case "$word" in --stack=*) stack="${{word#--stack=}}" ;; esac
        before="$word"
    done
    if [ -e "$PLUMBLINE_STACK_FILES/Pulumi.$stack.yaml" ]; then
        export PULUMI_OPTION_CONFIG_FILE="$PLUMBLINE_STACK_FILES/Pulumi.$stack.yaml"
    fi
fi
exec {engine} "$@"
"""


def engine_launcher(stack: EmulatedStack, engine: Path) -> Path:
    """The script's path; it is written when it is not there or leads to another engine."""
    script = stack.root / "bin" / "pulumi"
    text = _SCRIPT.format(
        state=shlex.quote(str(stack.state)),
        python=shlex.quote(sys.executable),
        engine=shlex.quote(str(engine / "pulumi")),
    )
    if not script.exists() or script.read_text() != text:
        script.parent.mkdir(exist_ok=True, mode=0o700)
        partial = script.with_suffix(f".{os.getpid()}")
        partial.write_text(text)
        partial.chmod(0o700)
        partial.replace(script)
    return script
