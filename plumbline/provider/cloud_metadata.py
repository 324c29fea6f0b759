"""The cloud's metadata as azure-ai-ml asks for it. Two of its faults (1.35.2) are mended, in this module alone.

1. It asks without a second try, already while it is imported, then for every client and upload, and calls a cloud whose
   metadata it did not get "unknown": a lost answer in the middle of a submission becomes a wrong name.
2. It swallows the cause.

Both may go once `_azure_environments._get_clouds_by_metadata_url` asks again and raises what it met.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from types import ModuleType
from typing import Any
from urllib.parse import urlsplit

from plumbline.azure.patience import patience
from plumbline.fence import is_loopback

_MODULE = "azure.ai.ml._azure_environments"
_LOCK = threading.Lock()
# Address -> the document behind it. A cloud's metadata does not change while a process runs.
_known: dict[str, Any] = {}


def know_cloud_metadata() -> None:
    """Read the metadata that this process's environment names, and let azure-ai-ml use what was read.

    Call it before azure-ai-ml is imported; with a public cloud's environment it does nothing.
    Raises: azure.core.exceptions.AzureError: no answer.
    """
    url = os.environ.get("ARM_CLOUD_METADATA_URL")
    if not url:
        return
    with _LOCK:
        if url in _known:
            return
        _known[url] = _read(url)
        if _MODULE in sys.modules:
            _mend(sys.modules[_MODULE])
        elif not any(isinstance(finder, _Mender) for finder in sys.meta_path):
            sys.meta_path.insert(0, _Mender())


def _read(url: str) -> Any:
    from azure.core import PipelineClient
    from azure.core.pipeline.policies import RetryPolicy
    from azure.core.rest import HttpRequest

    policies = [RetryPolicy(**patience(local=is_loopback(urlsplit(url).hostname or "")))]
    client: Any = PipelineClient(base_url=url, policies=policies)
    with client:
        answer = client.send_request(HttpRequest("GET", url))
        answer.raise_for_status()
        return answer.json()


def _mend(module: Any) -> None:
    asked = getattr(module, "_plumbline_asked", None) or module._get_clouds_by_metadata_url  # noqa: SLF001
    module._plumbline_asked = asked  # noqa: SLF001

    def clouds(metadata_url: str) -> Any:
        if metadata_url not in _known:
            return asked(metadata_url)
        return module._convert_arm_to_cli(_known[metadata_url])  # noqa: SLF001

    module._get_clouds_by_metadata_url = clouds  # noqa: SLF001


class _Mender(MetaPathFinder):
    """Mends the module right after it is executed: others ask it while azure-ai-ml is still being imported."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """The module's own spec, its execution followed by ours; None for every other module."""
        spec = PathFinder.find_spec(fullname, path) if fullname == _MODULE else None
        if spec is None or spec.loader is None:
            return None
        execute = spec.loader.exec_module

        def exec_module(module: ModuleType) -> None:
            execute(module)
            _mend(module)

        spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec
