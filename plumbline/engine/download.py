"""The third way: the official archive, checked against the release's published checksums."""

import hashlib
import tarfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from plumbline.engine.errors import WayClosed
from plumbline.engine.progress import Progress, heartbeat
from plumbline.engine.release import Release

REACH_SECONDS = 9.0
"""How long the origin may take to answer at all. Where there is no way out, this is the whole cost."""
STALL_SECONDS = 30.0
_CHUNK = 1 << 20


@dataclass
class _Fetched:
    received: int = 0
    expected: int = 0
    fault: str | None = None
    is_done: bool = False
    moved_at: float = field(default_factory=time.monotonic)


def download_engine(
    release: Release,
    staging: Path,
    progress: Progress,
    *,
    origin: str | None = None,
    reach_seconds: float = REACH_SECONDS,
) -> None:
    """Put the programs of the official archive into `staging/bin`.

    The checksum list is fetched first: it is small, so that a machine without a way out learns it in seconds.

    Raises: WayClosed: when the origin does not answer, stalls, or sends something else than it published.
    """
    base = (origin or release.origin).rstrip("/")
    archive_path = release.archive_path()
    listed = staging / "checksums.txt"
    _fetch(f"{base}/{release.checksums_path()}", listed, limit=lambda _: reach_seconds, label=base)
    name = archive_path.rsplit("/", 1)[-1]
    expected = _published_sha256(listed.read_text(encoding="utf-8", errors="replace"), name)
    if expected is None:
        raise WayClosed(f"{base} publishes no checksum for {name}")
    archive = staging / "engine.tar.gz"
    state = _Fetched()
    with heartbeat(
        progress, f"downloading {name}", lambda: f"{state.received >> 20} of {state.expected >> 20} MiB"
    ):
        _fetch(
            f"{base}/{archive_path}",
            archive,
            limit=lambda moved: moved + STALL_SECONDS,
            label=base,
            state=state,
        )
    with archive.open("rb") as file:
        got = hashlib.file_digest(file, "sha256").hexdigest()
    if got != expected:
        raise WayClosed(f"{name} from {base}: got sha256 {got}, expected {expected} as published")
    _unpack(archive, staging / "bin", release)
    archive.unlink()


def _fetch(
    url: str, target: Path, *, limit: Callable[[float], float], label: str, state: _Fetched | None = None
) -> None:
    """Fetch on a thread of its own: a name look-up cannot be timed out, but it can be walked away from."""
    state = state or _Fetched()
    started = time.monotonic()
    worker = threading.Thread(target=_receive, args=(url, target, state), name="download", daemon=True)
    worker.start()
    while worker.is_alive():
        worker.join(0.05)
        deadline = limit(state.moved_at - started)
        if worker.is_alive() and time.monotonic() - started > deadline:
            raise WayClosed(f"{label} did not answer within {deadline:.0f} s")
    if state.fault is not None or not state.is_done:
        raise WayClosed(f"{label} cannot be reached ({state.fault or 'cut off'})")


def _receive(url: str, target: Path, state: _Fetched) -> None:
    try:
        # The scheme is the release file's own: https.
        with urllib.request.urlopen(url, timeout=STALL_SECONDS) as answer, target.open("wb") as file:  # noqa: S310
            state.expected = int(answer.headers.get("Content-Length") or 0)
            while chunk := answer.read(_CHUNK):
                file.write(chunk)
                state.received += len(chunk)
                state.moved_at = time.monotonic()
        if state.expected and state.received != state.expected:
            state.fault = f"cut off after {state.received} of {state.expected} bytes"
            return
        state.is_done = True
    except urllib.error.HTTPError as error:
        state.fault = f"HTTP {error.code}"
    except urllib.error.URLError as error:
        state.fault = str(error.reason)
    except (OSError, ValueError) as error:
        state.fault = str(error) or type(error).__name__


def _published_sha256(text: str, name: str) -> str | None:
    for line in text.splitlines():
        parts = line.split()
        if len(parts) == 2 and parts[1].lstrip("*") == name and len(parts[0]) == 64:
            return parts[0].lower()
    return None


def _unpack(archive: Path, folder: Path, release: Release) -> None:
    wanted = {*release.required, *release.optional}
    try:
        with tarfile.open(archive) as tar:
            for member in tar:
                name = Path(member.name).name
                source = tar.extractfile(member) if member.isfile() and name in wanted else None
                if source is not None:
                    (folder / name).write_bytes(source.read())
                    (folder / name).chmod(0o755)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise WayClosed(f"{archive.name} cannot be unpacked ({error})") from error
    missing = [name for name in release.required if not (folder / name).is_file()]
    if missing:
        raise WayClosed(f"the official archive lacks {', '.join(missing)}")
