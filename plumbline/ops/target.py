"""Which workspace a command means: a stack's, or the one that the environment names; fenced either way."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from plumbline.azure.clouds import machine_learning_audience
from plumbline.fence import (
    EMULATED_CLOUDS,
    LOCAL_CLOUD,
    PUBLIC_RESOURCE_MANAGERS,
    CloudPins,
    FenceError,
    LiveCloud,
    require_pinned_cloud,
)
from plumbline.ops.errors import UserError
from plumbline.ops.stack_file import project_root, read_stack_file

if TYPE_CHECKING:
    from plumbline.ops.local_home import EmulatedStack

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Target:
    """A workspace, and the endpoint that leads to it.

    Attributes:
        stack: The stack that was asked for, or None when the environment named the workspace.
        endpoint: Azure Resource Manager's base URL, without a trailing slash.
        pins: The stack's pins, or None.
        registry_name: The Azure ML registry that the stack serves in place of a workspace, whose name is empty then.
        machine_learning: Whom a token for Azure ML's own plane is for; None in a cloud that does not say.
    """

    stack: str | None
    endpoint: str
    is_emulated: bool
    subscription_id: str
    resource_group_name: str
    workspace_name: str
    pins: CloudPins | None = None
    machine_learning: str | None = None
    registry_name: str | None = None

    @property
    def resource_group_id(self) -> str:
        """The resource group's full ARM id."""
        return f"/subscriptions/{self.subscription_id}/resourceGroups/{self.resource_group_name}"

    @property
    def workspace_id(self) -> str:
        """The workspace's full ARM id."""
        return f"{self.resource_group_id}/providers/Microsoft.MachineLearningServices/workspaces/{self.workspace_name}"


def target_options(command: F) -> F:
    """Give a command `--stack`, `--resource-group` and `--workspace-name`."""
    for option in (
        click.option("--workspace-name", "-w", help="A workspace, instead of the stack's."),
        click.option("--resource-group", "-g", help="Its resource group, instead of the stack's."),
        click.option("--stack", "-s", help="A stack of this project. Default: what the environment names."),
    ):
        command = option(command)
    return command


def enter_target(
    stack: str | None,
    resource_group: str | None = None,
    workspace_name: str | None = None,
    *,
    takes_registry: bool = False,
) -> Target:
    """Point this process at a workspace and answer which it is.

    For a stack on the local emulator this process takes the emulator's client environment, so that a plain shell works.

    Args:
        takes_registry: A stack that serves a registry and has no workspace will do, too.
    Raises: UserError: no workspace is named, the fence is closed, or the emulator does not run.
    """
    pins = None
    names: dict[str, str] = {}
    if stack is not None:
        pins, live, local = enter_stack(stack)
        if resource_group is None or workspace_name is None:
            exported = stack_outputs(project_root(), stack) if local is None else local.outputs()
            names = _names(
                stack,
                {**read_stack_file(project_root(), stack).workspace, **exported},
                takes_registry=takes_registry,
            )
        subscription = pins.subscription_id
    else:
        live = _live_from_environment()
        subscription = os.environ.get("AZURE_SUBSCRIPTION_ID", live.subscription_id or "")
    group = resource_group or names.get("resource_group_name") or os.environ.get("AZURE_RESOURCE_GROUP", "")
    workspace = workspace_name or names.get("workspace_name") or os.environ.get("AZUREML_WORKSPACE_NAME", "")
    registry = names.get("registry_name")
    if registry:
        workspace = ""
    if not (subscription and group and (workspace or registry)):
        raise UserError(
            "workspace: got none named, expected a stack or AZURE_SUBSCRIPTION_ID, AZURE_RESOURCE_GROUP and "
            'AZUREML_WORKSPACE_NAME. Say --stack STACK, or: eval "$(plumbline local env)"'
        )
    return Target(
        stack=stack,
        endpoint=_endpoint(live),
        is_emulated=live.is_emulated,
        subscription_id=subscription,
        resource_group_name=group,
        workspace_name=workspace,
        pins=pins,
        machine_learning=machine_learning_audience(live.name, live.portal),
        registry_name=registry,
    )


def enter_workspace(stack: str, workspace_id: str) -> Target:
    """Point this process at a workspace whose id is known, of a stack of which only the file is asked.

    Raises: UserError: no such stack, the fence is closed, or the stack pins another subscription.
    """
    pins, live, _ = enter_stack(stack)
    parts = workspace_id.strip("/").split("/")
    if (
        len(parts) != 8
        or parts[6].lower() != "workspaces"
        or parts[1].lower() != pins.subscription_id.lower()
    ):
        raise UserError(
            f"stack {stack}: workspace: got {workspace_id}, expected one of subscription {pins.subscription_id}, as "
            f"Pulumi.{stack}.yaml pins it. Promote from its source again."
        )
    return Target(
        stack=stack,
        endpoint=_endpoint(live),
        is_emulated=live.is_emulated,
        subscription_id=pins.subscription_id,
        resource_group_name=parts[3],
        workspace_name=parts[7],
        pins=pins,
        machine_learning=machine_learning_audience(live.name, live.portal),
    )


def enter_stack(stack: str) -> tuple[CloudPins, LiveCloud, EmulatedStack | None]:
    """Point this process at a stack's cloud, which need not hold anything of it yet.

    Returns: What the stack pins, the cloud behind the fence, and the emulated stack when it is one.
    Raises: UserError: no such stack, the fence is closed, or the emulator does not run.
    """
    project = project_root()
    file = read_stack_file(project, stack)
    local = _enter_local(project, file.emulated(), stack) if file.pins.cloud == LOCAL_CLOUD else None
    return file.pins, _fenced(file.pins), local


def _enter_local(project: Path, emulated: dict[str, str], stack: str) -> EmulatedStack:
    from plumbline.engine import find_engine
    from plumbline.ops.client_environment import client_environment
    from plumbline.ops.local_home import local_stack

    local = local_stack(project, emulated, stack)
    ready = local.ready()
    if ready is None:
        chosen = "" if stack == "local" else f" --stack {stack}"
        raise UserError(
            f"emulator of stack {stack}: got none running, expected one. Start it: plumbline local{chosen} start"
        )
    principal = os.environ.get("PLUMBLINE_PRINCIPAL", "deployer")
    engine = find_engine()
    environment = client_environment(
        local, ready, engine=engine.path if engine else None, principal=principal
    )
    changed = environment.apply(os.environ)
    for name in set(os.environ) - set(changed):
        del os.environ[name]
    os.environ.update(changed)
    return local


def _fenced(pins: CloudPins) -> LiveCloud:
    try:
        return require_pinned_cloud(pins)
    except FenceError as error:
        raise UserError(str(error)) from error


def _endpoint(live: LiveCloud) -> str:
    return live.resource_manager or PUBLIC_RESOURCE_MANAGERS.get(
        live.name, PUBLIC_RESOURCE_MANAGERS["AzureCloud"]
    )


def _live_from_environment() -> LiveCloud:
    from plumbline.fence import live_cloud

    try:
        live = live_cloud(os.environ)
    except FenceError as error:
        raise UserError(str(error)) from error
    if live.name in EMULATED_CLOUDS and not live.is_emulated:
        raise UserError(
            f"cloud: got {live.name} without an emulator's address, expected ARM_CLOUD_METADATA_URL beside it. "
            'Run: eval "$(plumbline local env)"'
        )
    return live


def stack_outputs(project: Path, stack: str) -> dict[str, Any]:
    """What the stack's last update exported, wherever its state lies."""
    words = ["pulumi", "stack", "output", "--json", "--stack", stack]
    try:
        answer = subprocess.run(words, cwd=project, check=False, capture_output=True, text=True)
    except FileNotFoundError as error:
        raise UserError(
            "pulumi: got none on PATH, expected the engine that holds the stack's state. Run: plumbline doctor"
        ) from error
    if answer.returncode != 0:
        raise UserError(
            f"stack {stack}: outputs: got {answer.stderr.strip()}, "
            f"expected the names that an update exports. Run: pulumi up -s {stack}"
        )
    exported: dict[str, Any] = json.loads(answer.stdout)
    return exported


def _names(stack: str, exported: dict[str, Any], *, takes_registry: bool) -> dict[str, str]:
    serves = "registry_name" if takes_registry and "workspace_name" not in exported else "workspace_name"
    wanted = ("resource_group_name", serves if serves in exported else "workspace_name")
    missing = [name for name in wanted if name not in exported]
    if missing:
        raise UserError(
            f"stack {stack}: outputs: got no {' and no '.join(missing)}, expected an update that exports both, or "
            f"plumbline:resourceGroupName and plumbline:workspaceName in Pulumi.{stack}.yaml. Run: pulumi up -s {stack}"
        )
    return {name: str(exported[name]) for name in wanted}
