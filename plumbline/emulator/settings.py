"""What one emulator is: where it lives, which cloud, tenant and subscription it plays, where it is reached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

REHEARSAL_CLOUD = "PlumblineRehearsal"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Fixed for the life of a process.

    Args:
        home: Folder of everything this emulator keeps (0700).
        stack: Pulumi stack that it plays for; shown in the metadata, where the fence reads it.
        also_stacks: Further stacks of the same rehearsal, which share this cloud.
        other_subscriptions: Of those the ones in a subscription of their own, each with its GUID.
        cloud: Name in the metadata (azure-ai-ml's AZUREML_CURRENT_CLOUD).
        port: Bound on 127.0.0.1.
        azure_noise: Answers vary as Azure's do; see noises.yaml.
    """

    home: Path
    stack: str
    cloud: str
    tenant_id: str
    subscription_id: str
    location: str
    port: int
    azure_noise: bool = False
    also_stacks: tuple[str, ...] = ()
    other_subscriptions: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_rehearsal(self) -> bool:
        """It plays for a real stack, whose people and applications it cannot know."""
        return self.cloud == REHEARSAL_CLOUD

    @property
    def base_url(self) -> str:
        """Where it is reached: "https://127.0.0.1:PORT", without a trailing slash."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def subscriptions(self) -> tuple[str, ...]:
        """GUID of every subscription, the first stack's first."""
        return tuple(dict.fromkeys([self.subscription_id, *self.other_subscriptions.values()]))

    @property
    def subscription_scope(self) -> str:
        """ARM id of the first stack's subscription."""
        return f"/subscriptions/{self.subscription_id}"

    @property
    def storage_suffix(self) -> str:
        """In URL-userinfo form, so that https://ACCOUNT.blob.SUFFIX/... reaches the emulator without any DNS."""
        return f"emulator@127.0.0.1:{self.port}"

    @property
    def ml_audience(self) -> str:
        """Audience of Azure ML data-plane tokens; azure-ai-ml computes it from the metadata's portal."""
        return "https://ml.azure.local"

    @property
    def ca_path(self) -> Path:
        """The public CA certificate that clients must trust."""
        return self.home / "ca.pem"
