"""A run against an emulator that is started for it: the same checks, over the wire, with a second login of its own."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from plumbline.fence import live_cloud
from tests.emulator_process import SUBSCRIPTION, EmulatorProcess
from tests.verify_azure.checks.token import EXPIRED
from tests.verify_azure.subject import SECOND_ID, SECOND_SECRET


@contextmanager
def emulated_subscription() -> Iterator[str]:
    """The subscription's id; this process's environment leads to the emulator meanwhile.

    Where the shell leads to an emulator already, that one is asked.
    """
    live = live_cloud(os.environ)
    if live.is_emulated:
        yield str(live.subscription_id)
        return
    with EmulatorProcess(azure_noise=True) as emulator:
        emulator.make_owner()  # as whoever runs the checks in Azure is
        second = json.loads((emulator.home / "principals.json").read_text(encoding="utf-8"))["pipeline"]
        logins = {
            SECOND_ID: second["client_id"],
            SECOND_SECRET: second["client_secret"],
            EXPIRED: emulator.token(lifetime_seconds=-60),
        }
        with patch.dict(os.environ, emulator.environment() | logins, clear=True):
            yield SUBSCRIPTION
