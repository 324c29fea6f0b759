"""Virtual machine sizes and core quotas: what a cluster may be made of, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from plumbline.emulator.routing import Call, Reply
from plumbline.emulator.services.machine_learning.asset_place import PROVIDER

_TABLE = Path(__file__).with_name("vm_sizes.yaml")


@dataclass(frozen=True, kw_only=True)
class VmSize:
    """One row of the table. Names compare without regard to case, as Azure's do (STANDARD_DS3_V2)."""

    name: str
    family: str
    cores: int
    gpus: int
    memory_gib: float
    disk_gib: int
    price: float


@dataclass(frozen=True, kw_only=True)
class VmFamily:
    """Cores that nodes of one family may have at once, over all clusters of the subscription."""

    name: str
    localized: str
    limit: int


def vm_size(name: str) -> VmSize | None:
    """The size of that name, or None."""
    return _sizes().get(name.lower())


def families() -> tuple[VmFamily, ...]:
    """All families with their limits, in the order of the table."""
    return tuple(VmFamily(**row) for row in _table()["families"])


def family_limit(name: str) -> int:
    """How many cores of a family may be in use; 0 for one that is not in the table."""
    return next((family.limit for family in families() if family.name.lower() == name.lower()), 0)


def list_usages(call: Call) -> Reply:
    """GET .../locations/{location}/usages: cores in use and allowed, per family."""
    in_use = _cores_in_use(call)
    base = f"/subscriptions/{call.params['subscription']}/providers/{PROVIDER}/locations/{call.params['location']}"
    value = [
        {
            "id": f"{base}/usages/{family.name}",
            "type": f"{PROVIDER}/vmFamily/usages",
            "unit": "Count",
            "amlWorkspaceLocation": call.params["location"],
            "currentValue": in_use.get(family.name, 0),
            "limit": family.limit,
            "name": {"value": family.name, "localizedValue": family.localized},
        }
        for family in families()
    ]
    return Reply(json={"value": value})


def list_vm_sizes(call: Call) -> Reply:
    """GET .../locations/{location}/vmSizes."""
    value = [
        {
            "name": size.name,
            "family": size.family,
            "vCPUs": size.cores,
            "gpus": size.gpus,
            "osVhdSizeMB": 1047552,
            "maxResourceVolumeMB": size.disk_gib * 1024,
            "memoryGB": size.memory_gib,
            "lowPriorityCapable": True,
            "premiumIO": True,
            "supportedComputeTypes": ["AmlCompute", "ComputeInstance"],
            "estimatedVMPrices": {
                "billingCurrency": "USD",
                "unitOfMeasure": "OneHour",
                "values": [{"retailPrice": size.price, "osType": "Linux", "vmTier": "Standard"}],
            },
        }
        for size in _sizes().values()
    ]
    return Reply(json={"value": value})


def list_quotas(call: Call) -> Reply:
    """GET .../locations/{location}/quotas: limits per family."""
    base = f"/subscriptions/{call.params['subscription']}/providers/{PROVIDER}/locations/{call.params['location']}"
    value = [
        {
            "id": f"{base}/quotas/{family.name}",
            "type": f"{PROVIDER}/vmFamily/dedicatedCores/quotas",
            "unit": "Count",
            "amlWorkspaceLocation": call.params["location"],
            "limit": family.limit,
            "name": {"value": family.name, "localizedValue": family.localized},
        }
        for family in families()
    ]
    return Reply(json={"value": value})


def _cores_in_use(call: Call) -> dict[str, int]:
    """Cores per family, as the executor counts them; none when nothing executes here."""
    counted = getattr(call.emulator.executor, "cores_in_use", None)
    return dict(counted()) if counted is not None else {}


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = yaml.load(_TABLE.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return table


@cache
def _sizes() -> dict[str, VmSize]:
    return {row["name"].lower(): VmSize(**row) for row in _table()["sizes"]}
