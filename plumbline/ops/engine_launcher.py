"""The `pulumi` of an emulated stack's shell: the engine, once its emulator runs and dead processes' locks are cleared.

An engine whose emulator is down says so once for each resource; here it is said once.
"""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plumbline.ops.local_home import EmulatedStack

_SCRIPT = r"""#!/bin/sh
# Written by plumbline. This costs some milliseconds.
for word in "$@"; do
    case "$word" in
    stack | state | config | plugin | package | schema | policy | cancel | login | logout) break ;;
    up | update | preview | pre | refresh | destroy | down | import | watch)
        pid=$(sed -n 's/.*"pid": *\([0-9]*\).*/\1/p' {ready} 2>/dev/null)
        case "$([ -n "$pid" ] && kill -0 "$pid" 2>/dev/null && echo alive && ps -o stat= -p "$pid" 2>/dev/null)" in
        alive*Z* | "")
            echo {down} >&2
            exit 1
            ;;
        esac
        break
        ;;
    esac
done
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


def emulator_is_down(stack: str) -> str:
    """What a command says that finds none."""
    return (
        f"emulator of stack {stack}: got none running, expected one. Nothing was sent anywhere. "
        f"Start it: {'plumbline local start' if stack == 'local' else f'plumbline rehearse {stack} -- COMMAND'}"
    )


def engine_launcher(stack: EmulatedStack, engine: Path) -> Path:
    """The script's path; it is written when it is not there or leads to another engine."""
    script = stack.root / "bin" / "pulumi"
    text = _SCRIPT.format(
        ready=shlex.quote(str(stack.emulator_home / "ready.json")),
        down=shlex.quote(emulator_is_down(stack.stack)),
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
