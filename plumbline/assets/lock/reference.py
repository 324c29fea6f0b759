"""`python -m plumbline.assets.lock.reference [--check]`: writes the JSON Schema of a lock."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from plumbline.assets.lock.document import Lock

SCHEMA_FILE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "lock.schema.json"


def schema() -> dict[str, Any]:
    """A JSON Schema (draft 2020-12) of `stacks/locks/<stack>.yaml`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Lock.model_json_schema(),
    }


def main(words: list[str]) -> int:
    """Write the file, or with --check say whether it is up to date."""
    text = json.dumps(schema(), indent=2) + "\n"
    if words == ["--check"]:
        if SCHEMA_FILE.exists() and SCHEMA_FILE.read_text("utf-8") == text:
            return 0
        print(f"{SCHEMA_FILE.name}: got an old schema, expected that of locks. Run: make pages")
        return 1
    SCHEMA_FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
