"""`python -m plumbline.azure_native_plugin serve | install | generate`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from plumbline.azure_native_plugin.errors import StandInError


def main(arguments: list[str]) -> int:
    """Runs one of the three; 0 done, 1 refused, 2 usage."""
    parser = argparse.ArgumentParser(prog="python -m plumbline.azure_native_plugin", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("serve", help="serve the engine (what the launcher runs)")
    verbs.add_parser("generate", help="write schema.json from the installed pulumi_azure_native")
    install_verb = verbs.add_parser("install", help="install the plugin into an emulated stack's PULUMI_HOME")
    install_verb.add_argument("--pulumi", type=Path, required=True, help="the Pulumi CLI")
    install_verb.add_argument("--pulumi-home", type=Path, required=True, help="the stack's own PULUMI_HOME")
    options, rest = parser.parse_known_args(arguments)
    if options.verb == "serve":
        # The engine adds its own address and tracing flags; nothing here needs them.
        from plumbline.azure_native_plugin.server import serve

        serve()
        return 0
    if rest:
        parser.error(f"unknown arguments: {' '.join(rest)}")
    if options.verb == "generate":
        from plumbline.azure_native_plugin import generate

        generate.SCHEMA_FILE.write_text(generate.generate(), encoding="utf-8")
        return 0
    from plumbline.azure_native_plugin.install import install

    try:
        sys.stdout.write(install(pulumi=options.pulumi, pulumi_home=options.pulumi_home) + "\n")
    except StandInError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
