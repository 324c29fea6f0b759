"""Protects the guide to definitions: what it shows loads as it stands."""

from __future__ import annotations

import re
from pathlib import Path

from plumbline.assets import load_ml_pipelines

GUIDE = Path(__file__).parents[2] / "docs" / "guides" / "writing-definitions.md"
_FILE = re.compile(r"```yaml\n# (\S+\.yml)\n(.*?)```", re.DOTALL)


def test_the_small_pipeline_of_the_guide_loads(tmp_path: Path) -> None:
    for name, text in _FILE.findall(GUIDE.read_text("utf-8")):
        file = tmp_path / "spend" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    for name in ("components/train/src/train.py", "data/rows/rows.csv"):
        file = tmp_path / "spend" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("a\n")
    (loaded,) = load_ml_pipelines([tmp_path / "spend"], root=tmp_path)
    assert [asset.name for asset in loaded.assets] == ["spend", "spend_rows", "spend_train"]
    assert loaded.schedule is not None
    assert loaded.warnings == ()
