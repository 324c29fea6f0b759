"""The last way: the engine built from Go modules whose every version and hash is pinned in `modules/`."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from plumbline.engine.cache import remember_builder
from plumbline.engine.errors import WayClosed
from plumbline.engine.progress import Progress, heartbeat
from plumbline.engine.release import MODULES, GoBuild, GoScript, Release
from plumbline.engine.toolchain import Toolchain, go_toolchain

NEEDED_GIB = 6
"""Free disk that a build asks for: modules and Go's build cache take 3.4 GiB, the binaries 0.2."""

_NEVER_COMPILED = 20
"""Packages that `go list` counts and `go build -v` never names (unsafe and the like); then it links."""

Builder = Callable[[Release, Path, Progress, Mapping[str, str]], str]
"""Puts the release's programs into `staging/bin` and says with what it built them."""


@dataclass
class _Compiler:
    """One run of the go command in the staging folder, with Go's caches of its own there."""

    toolchain: Toolchain
    staging: Path
    progress: Progress
    environ: Mapping[str, str]
    lines: list[str] = field(default_factory=list)

    def environment(self) -> dict[str, str]:
        """The caller's proxy settings (GOPROXY, GOSUMDB, ...) stay; what would change the build does not."""
        kept = {
            key: value
            for key, value in self.environ.items()
            if key not in {"GOOS", "GOARCH", "GOEXPERIMENT", "GOROOT"}
        }
        return {
            **kept,
            "GOMODCACHE": str(self.staging / "go-modules"),
            "GOCACHE": str(self.staging / "go-build"),
            "GOTMPDIR": str(self.staging),
            "GOFLAGS": "-mod=readonly -buildvcs=false -trimpath -modcacherw",
            "GOWORK": "off",
            "GOTOOLCHAIN": "local",
            "CGO_ENABLED": "0",
        }

    def _go_in_staging(self) -> Path:
        """Go under a name in the staging folder: every process of this build names it on its command line."""
        link = self.staging / "go"
        if not link.is_symlink():
            link.symlink_to(self.toolchain.go.resolve())
        return link

    def run(
        self, arguments: Sequence[str], module: str, title: str, state: Callable[[list[str]], str]
    ) -> str:
        """Run go, showing that it is alive; its last words are the reason when it fails."""
        self.lines = []
        with (
            (self.staging / "go.out").open("w+", encoding="utf-8") as out,
            subprocess.Popen(
                [self._go_in_staging(), *arguments],
                cwd=MODULES / module,
                env=self.environment(),
                text=True,
                stdout=out,
                stderr=subprocess.PIPE,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
                errors="replace",
            ) as process,
        ):
            remember_builder(self.staging, process.pid)
            try:
                with heartbeat(self.progress, title, lambda: state(self.lines)):
                    for line in process.stderr or ():
                        self.lines.append(line.rstrip())
                    process.wait()
            finally:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(process.pid, signal.SIGKILL)
            if process.returncode != 0:
                raise WayClosed(f"{title}: go failed: {' / '.join(self.lines[-3:]) or process.returncode}")
            out.seek(0)
            return out.read()


def build_engine(
    release: Release, staging: Path, progress: Progress, environ: Mapping[str, str] = os.environ
) -> str:
    """Compile the release's programs into `staging/bin`; about five minutes on two cores.

    Returns: what built it, as a person reads it.
    Raises: WayClosed: when there is no Go, no room, or the modules cannot be fetched.
    """
    free_gib = shutil.disk_usage(staging).free / 2**30
    if free_gib < NEEDED_GIB:
        raise WayClosed(f"building needs {NEEDED_GIB} GiB of free disk, {staging.parent} has {free_gib:.1f}")
    toolchain = go_toolchain(staging, progress, environ)
    progress(
        f"building the engine {release.version} with Go {toolchain.version} from {toolchain.source}: "
        "about 5 minutes on two cores, once on this machine"
    )
    compiler = _Compiler(toolchain=toolchain, staging=staging, progress=progress, environ=environ)
    # Everything is fetched before anything is compiled: a closed proxy shows in seconds, not minutes.
    totals = {build.program: _fetch(compiler, build) for build in release.go_builds}
    for build in release.go_builds:
        _compile(compiler, build, totals[build.program])
    for script in release.go_scripts:
        _copy_script(compiler, script)
    return f"Go {toolchain.version} from {toolchain.source}"


def _fetch(compiler: _Compiler, build: GoBuild) -> int:
    """Fetch the modules that a program is compiled from, and count its packages.

    `go mod download` would ask for more than a build needs, also for what a proxy does not serve.
    """
    listed = compiler.run(
        ["list", "-deps", build.package], build.module, f"fetching {build.title}", _fetching
    )
    return len(listed.splitlines())


def _compile(compiler: _Compiler, build: GoBuild, total: int) -> None:
    target = compiler.staging / "bin" / build.program
    compiler.run(
        ["build", "-v", "-ldflags", build.ldflags, "-o", str(target), build.package],
        build.module,
        f"compiling {build.title}",
        lambda lines: (
            f"{len(lines)} of {total} packages" if len(lines) < total - _NEVER_COMPILED else "linking"
        ),
    )


def _fetching(lines: list[str]) -> str:
    modules = [line.split()[2] for line in lines if line.startswith("go: downloading ")]
    return f"{len(modules)} modules, now {modules[-1]}" if modules else ""


def _copy_script(compiler: _Compiler, script: GoScript) -> None:
    listed = compiler.run(
        ["list", "-m", "-f", "{{.Dir}}", script.from_module],
        script.module,
        f"finding {script.program}",
        lambda _: "",
    )
    source = Path(listed.strip()) / script.path
    if not source.is_file():
        raise WayClosed(f"{script.from_module} has no {script.path}")
    target = compiler.staging / "bin" / script.program
    shutil.copyfile(source, target)
    target.chmod(0o755)
