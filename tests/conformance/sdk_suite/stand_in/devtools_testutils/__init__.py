"""Stands in for Azure's own `devtools_testutils`, which PyPI does not have: every test is live, nothing is recorded.

Sanitizers clean recordings; without a recording they have nothing to do.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

from devtools_testutils.helpers import is_live as is_live
from devtools_testutils.helpers import is_live_and_not_recording as is_live_and_not_recording


class AzureRecordedTestCase:
    """Base class of the tests."""

    is_live = True
    in_recording = False

    def create_random_name(self, name: str) -> str:
        return f"{name}{secrets.token_hex(4)}"


def _sanitizer(*_arguments: object, **_options: object) -> None:
    pass


def __getattr__(name: str) -> Callable[..., None]:
    if name.endswith(("_sanitizer", "_sanitizers", "_matcher")):
        return _sanitizer
    raise AttributeError(name)
