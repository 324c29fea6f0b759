"""The one step of the build that pyproject.toml cannot say: the template goes into the wheel."""

import sys
from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

sys.path.insert(0, str(Path(__file__).parent))


class WithTemplate(build_py):
    """Builds the packages, then lays the template out beside them."""

    def run(self) -> None:
        super().run()
        if not self.editable_mode:
            from distribution.template.build import build_template

            build_template(Path(self.build_lib) / "plumbline" / "template")


setup(cmdclass={"build_py": WithTemplate})
