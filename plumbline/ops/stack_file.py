"""A stack's file: the pins that the CLI needs of it, read with their line numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from plumbline.fence import CloudPins
from plumbline.ops.errors import UserError

GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
PINS = {
    "plumbline:cloud": "the cloud's name, such as AzureCloud",
    "plumbline:tenantId": "the tenant's GUID",
    "plumbline:subscriptionId": "the subscription's GUID",
    "azure-native:tenantId": "the same GUID as plumbline:tenantId",
    "azure-native:subscriptionId": "the same GUID as plumbline:subscriptionId",
    "azure-native:location": "a region, such as westeurope",
}
DEFAULT_LOCATION = "westeurope"
WORKSPACE_KEYS = {
    "resource_group_name": "plumbline:resourceGroupName",
    "workspace_name": "plumbline:workspaceName",
}
"""Output that a program exports -> key of the stack's file that stands for it."""


@dataclass(frozen=True, kw_only=True)
class StackFile:
    """What `Pulumi.<stack>.yaml` pins.

    Attributes:
        location: Region; of a program that uses no azure-native the emulator's default.
        workspace: `resource_group_name` and `workspace_name`, as far as the file names them.
    """

    path: Path
    pins: CloudPins
    location: str
    workspace: Mapping[str, str] = field(default_factory=dict)

    def emulated(self) -> dict[str, str]:
        """The pins as an emulated stack takes them."""
        return {
            "tenant_id": self.pins.tenant_id,
            "subscription_id": self.pins.subscription_id,
            "location": self.location,
        }


def project_root(start: Path | None = None) -> Path:
    """The folder that holds Pulumi.yaml, from here upwards.

    Raises: UserError: there is none.
    """
    start = (start or Path.cwd()).absolute()
    for folder in (start, *start.parents):
        if (folder / "Pulumi.yaml").exists():
            return folder
    raise UserError(
        f"{start}: got no Pulumi.yaml here or above, expected a Pulumi project. Change to its folder."
    )


def read_stack_file(project: Path, stack: str) -> StackFile:
    """Read and check what a stack pins; every problem of the file is named at once.

    Raises: UserError: no such file, no YAML, or a pin that is missing or not of its form.
    """
    path = project / f"Pulumi.{stack}.yaml"
    if not path.exists():
        known = sorted(file.name.split(".")[1] for file in project.glob("Pulumi.*.yaml"))
        raise UserError(
            f"--stack: got {stack!r}, expected one of {', '.join(known)}: there is no {path.name}."
        )
    try:
        tree = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UserError(
            f"{path.name}:{line}: got a byte that is no UTF-8, expected text in UTF-8. Save the file as UTF-8."
        ) from error
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{path.name}:{mark.line + 1}" if mark else path.name
        raise UserError(
            f"{place}: got no YAML ({getattr(error, 'problem', error)}). Correct the file."
        ) from error
    found: dict[str, tuple[str, int]] = {}
    for key, value in tree.value if isinstance(tree, yaml.MappingNode) else ():
        if key.value == "config" and isinstance(value, yaml.MappingNode):
            found |= {
                str(setting.value): (str(node.value), node.start_mark.line + 1)
                for setting, node in value.value
                if isinstance(node, yaml.ScalarNode)
            }
    problems = []
    # A program may use our provider alone.
    alone = not any(name.startswith("azure-native:") for name in found)
    for name, meaning in PINS.items():
        if alone and name.startswith("azure-native:"):
            continue
        text, line = found.get(name, ("", 0))
        if not text:
            problems.append(f"{path.name}: config.{name}: got nothing, expected {meaning}. Add it.")
        elif meaning.endswith(("GUID",)) and not GUID.fullmatch(text):
            problems.append(f"{path.name}:{line}: config.{name}: got {text!r}, expected {meaning}.")
    for noun in ("tenantId", "subscriptionId"):
        ours, theirs = found.get(f"plumbline:{noun}"), found.get(f"azure-native:{noun}")
        if ours and theirs and ours[0].lower() != theirs[0].lower():
            problems.append(
                f"{path.name}:{theirs[1]}: config.azure-native:{noun}: got {theirs[0]!r}, "
                f"expected {ours[0]!r} as plumbline:{noun} on line {ours[1]}. "
                f"Pin one {noun} for both providers."
            )
    if problems:
        raise UserError("\n".join(problems))
    return StackFile(
        path=path,
        pins=CloudPins(
            stack=stack,
            cloud=found["plumbline:cloud"][0],
            tenant_id=found["plumbline:tenantId"][0],
            subscription_id=found["plumbline:subscriptionId"][0],
        ),
        location=found.get("azure-native:location", (DEFAULT_LOCATION, 0))[0],
        workspace={
            output: found[name][0] for output, name in WORKSPACE_KEYS.items() if found.get(name, ("", 0))[0]
        },
    )
