"""What every step needs of the emulator, in one place."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from plumbline.emulator.executor.assets import Assets
from plumbline.emulator.executor.environments import EnvironmentBuilder
from plumbline.emulator.executor.limits import StepLimits
from plumbline.emulator.executor.process import Nursery
from plumbline.emulator.executor.quota import NodeQuota
from plumbline.emulator.executor.run import Runs
from plumbline.emulator.executor.step_identity import StepIdentities
from plumbline.emulator.executor.storage import Storage

if TYPE_CHECKING:
    from plumbline.emulator.app import Emulator


@dataclass(frozen=True, kw_only=True)
class ExecutorParts:
    """The executor's parts.

    Args:
        folder: Where running steps have their folders.
        landlock: The kernel's version; 0 where steps cannot be held to their paths.
    """

    emulator: Emulator
    runs: Runs
    storage: Storage
    assets: Assets
    identities: StepIdentities
    environments: EnvironmentBuilder
    quota: NodeQuota
    nursery: Nursery
    limits: StepLimits
    folder: Path
    landlock: int
