"""Refuses claims data that breaks its rules (rules.yml), and passes on exactly the bytes that it has checked.

All problems are found before it ends, each as one line on stderr; the report is written either way.
Exit codes: 0 the data may be used, 1 it may not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import sys
from pathlib import Path

import pandas as pd
import yaml

RULES = Path(__file__).with_name("rules.yml")
LARGE_LOSS = 5000  # For the sanity of the target only; the features step has its own, a parameter.


def column_problems(claims: pd.DataFrame, rules: dict) -> list[str]:
    """Checks presence, type, missing values and bounds of each column on its own."""
    problems = [
        f"column {name}: got nothing, expected a column of that name" for name in rules if name not in claims
    ]
    problems += [
        f"column {name}: got an unknown column, expected only those of rules.yml"
        for name in claims.columns
        if name not in rules
    ]
    for name, rule in rules.items():
        if name not in claims:
            continue
        values = claims[name]
        missing = values == ""
        if missing.any():
            problems.append(
                f"column {name}: got {int(missing.sum())} missing values, expected none "
                f"(first at line {line(missing)})"
            )
        values = values[~missing]
        if rule["type"] == "word":
            bad = ~values.isin(rule["words"])
            expected = f"one of {', '.join(rule['words'])}"
        else:
            numbers = pd.to_numeric(values, errors="coerce")
            low, high = rule["min"], rule.get("max", float("inf"))
            bad = ~numbers.between(low, high)  # True for what is no number, too.
            expected = f"a number in {low}..{high}"
            if rule["type"] == "integer":
                bad |= numbers % 1 != 0
                expected = f"a whole number in {low}..{high}"
        if bad.any():
            problems.append(
                f"column {name}: got {values[bad].iloc[0]!r} and {int(bad.sum())} bad values in all, "
                f"expected {expected} (first at line {line(bad)})"
            )
    return problems


def line(bad: pd.Series) -> int:
    """The CSV's line of the first row that is bad; the header is line 1."""
    return int(bad[bad].index[0]) + 2


def row_problems(claims: pd.DataFrame, rules: dict) -> list[str]:
    """Checks what only the rows together can tell: their number, duplicates, contracts."""
    problems = []
    if len(claims) < rules["minimum_rows"]:
        problems.append(f"rows: got {len(claims)}, expected at least {rules['minimum_rows']}")
    double = claims.duplicated(rules["unique"])
    if double.any():
        problems.append(
            f"rows: got {int(double.sum())} duplicates, expected each {' and '.join(rules['unique'])} "
            f"once (first at line {line(double)})"
        )
    contracts = claims[["person", "contract"]].drop_duplicates()
    split = contracts.loc[contracts.duplicated("person"), "person"]
    if rules["one_contract_per_person"] and len(split):
        problems.append(
            f"rows: got {split.nunique()} persons in several contracts, expected one contract each "
            f"(first is person {split.iloc[0]})"
        )
    return problems


def target_problems(claims: pd.DataFrame, rules: dict) -> tuple[list[str], dict[str, float]]:
    """Checks that the target as a whole still looks like the one that the thresholds were set for."""
    spend = pd.to_numeric(claims["medical_spend"]).clip(upper=LARGE_LOSS)
    yearly = spend.groupby(pd.to_numeric(claims["year"])).mean()
    found = {
        "share_with_claim": float((spend > 0).mean()),
        "mean_claim_capped_5000": float(spend[spend > 0].mean()),
        "largest_change_of_yearly_mean": float((yearly / yearly.shift(1) - 1).abs().max(skipna=True)),
    }
    found = {name: round(value, 6) for name, value in found.items()}
    problems = [
        f"target {name}: got {value}, expected {rules[name]['min']}..{rules[name]['max']}"
        for name, value in found.items()
        if not rules[name]["min"] <= value <= rules[name]["max"]
    ]
    return problems, found


def main() -> int:
    """Reads the claims, checks them, writes the report, and copies the file when it is good."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--claims", type=Path, required=True, help="folder with claims.csv")
    parser.add_argument("--validated", type=Path, required=True, help="folder to copy claims.csv to")
    parser.add_argument("--report", type=Path, required=True, help="JSON file to write")
    arguments = parser.parse_args()
    rules = yaml.safe_load(RULES.read_text(encoding="utf-8"))
    source = arguments.claims / "claims.csv"
    if not source.is_file():
        print(
            f"claims.csv: got no such file in {arguments.claims}, expected it there. "
            "Next step: check the data asset's path.",
            file=sys.stderr,
        )
        return 1
    # As text, so that an empty cell and a word among numbers can be told apart and named.
    claims = pd.read_csv(source, dtype=str, keep_default_na=False)
    problems = column_problems(claims, rules["columns"])
    target: dict[str, float] = {}
    if not problems:
        problems = row_problems(claims, rules)
        more, target = target_problems(claims, rules["target"])
        problems += more
    report = {
        "schema_version": 1,
        "pass": not problems,
        "rows": len(claims),
        "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
        "target": target,
        "problems": problems,
    }
    arguments.report.parent.mkdir(parents=True, exist_ok=True)
    arguments.report.write_text(json.dumps(report, indent=2, sort_keys=True) + "\n", encoding="utf-8")
    if problems:
        for problem in problems:
            print(f"claims.csv: {problem}", file=sys.stderr)
        print(
            f"Validation failed with {len(problems)} problem(s). Next step: correct the data and register it "
            "as a new version; nothing was trained.",
            file=sys.stderr,
        )
        return 1
    arguments.validated.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, arguments.validated / "claims.csv")
    print(f"{len(claims)} rows are valid; {json.dumps(target)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
