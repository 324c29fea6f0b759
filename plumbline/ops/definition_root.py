"""Where the paths of definitions start from: a project, else a repository, else where the command was started."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from plumbline.ops.stack_file import project_root

_MARKS = ("Pulumi.yaml", ".git")


def definition_root(folders: Sequence[Path]) -> Path:
    """The folder that all the given ones lie in, and that what they point to may lie in too.

    Definitions are checked before there is a project: whoever tries Plumbline on a repository has none yet.

    Args:
        folders: Folders of definitions, absolute; empty means those of the project.
    Raises: UserError: no folder is given, and there is no project.
    """
    if not folders:
        return project_root()
    common = Path(os.path.commonpath(folders))
    for mark in _MARKS:
        for folder in (common, *common.parents):
            if (folder / mark).exists():
                return folder
    here = Path.cwd()
    return here if common.is_relative_to(here) and common != here else common.parent
