"""Makes features from validated claims, keeps protected attributes apart, and splits by contract.

The unit is one member's year with a claim; its history is that member's year before. A contract lies wholly in
training or wholly in the holdout, by a hash of its number: the split is the same on every machine and does not
move when rows are added.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import yaml

TABLE = Path(__file__).with_name("features.yml")
SPLIT_SALT = "claims_release"
MOST_ADMISSIONS = 3  # Beyond that a handful of members would steer the coefficient.


def in_holdout(contract: int, share: float) -> bool:
    """Tells by the contract's number alone whether it is held out."""
    digest = hashlib.sha256(f"{SPLIT_SALT}:{contract}".encode()).digest()
    return int.from_bytes(digest[:4], "big") / 2**32 < share


def make_features(claims: pd.DataFrame) -> pd.DataFrame:
    """Returns one row of features per row of claims, which must be sorted by person and year."""
    last = claims.groupby("person").shift(1)
    known = last["year"] == claims["year"] - 1  # A gap year leaves no history.
    spend = last["medical_spend"].where(known, 0.0)
    features = pd.DataFrame(index=claims.index)
    features["coinsurance_log"] = np.log1p(claims["coinsurance_percent"])
    features["individual_deductible"] = claims["individual_deductible"]
    features["family_size_log"] = np.log(claims["family_size"])
    for name in ("eligible_share", "physical_limitation", "chronic_disease_index", "mental_health_index"):
        features[name] = claims[name]
    for word in ("good", "fair", "poor"):
        features[f"health_{word}"] = claims["self_rated_health"] == word
    for year in (2, 3, 4, 5):
        features[f"year_{year}"] = claims["year"] == year
    features["history_known"] = known
    features["history_spend_log"] = np.log1p(spend)
    features["history_free"] = known & (spend == 0)
    features["history_visits_log"] = np.log1p(last["physician_visits"].where(known, 0.0))
    features["history_admissions"] = last["admissions"].where(known, 0.0).clip(upper=MOST_ADMISSIONS)
    return features.astype("float64")


def make_groups(claims: pd.DataFrame) -> pd.DataFrame:
    """Returns the protected attributes as words, for the evaluation by group."""
    groups = pd.DataFrame(index=claims.index)
    groups["sex"] = claims["female"].map({0: "male", 1: "female"})
    # The source imputed a share where the household's head gave no answer.
    groups["race"] = claims["race_black_share"].map({0.0: "not black", 1.0: "black"}).fillna("not recorded")
    groups["age"] = pd.cut(
        claims["age"],
        [-1, 17.999, 29.999, 44.999, 200],
        labels=["under 18", "18 to 29", "30 to 44", "45 and over"],
    ).astype(str)
    income = claims["household_income"]
    third, two_thirds = income.quantile([1 / 3, 2 / 3])
    groups["income"] = np.select([income <= third, income <= two_thirds], ["low", "middle"], "high")
    return groups


def write(frame: pd.DataFrame, path: Path) -> None:
    """Writes a CSV that is the same to the byte wherever it is written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(path, index=False, float_format="%.6f", lineterminator="\n")


def main() -> int:
    """Reads validated claims and writes training, holdout and groups."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--claims", type=Path, required=True, help="folder with claims.csv")
    parser.add_argument("--holdout-share", type=float, required=True, help="share of contracts held out")
    parser.add_argument("--large-loss-cap", type=float, required=True, help="a year's cost counts up to this")
    parser.add_argument("--training", type=Path, required=True, help="folder to write")
    parser.add_argument("--holdout", type=Path, required=True, help="folder to write")
    parser.add_argument("--groups", type=Path, required=True, help="folder to write")
    arguments = parser.parse_args()
    table = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    claims = pd.read_csv(arguments.claims / "claims.csv").sort_values(["person", "year"], ignore_index=True)

    features = make_features(claims)
    forbidden = (set(table["protected"]) | set(table["left_out"])) & set(features)
    if forbidden or list(features) != list(table["features"]):
        print(
            f"features.py: got columns {sorted(set(features) ^ set(table['features'])) + sorted(forbidden)} that "
            "features.yml does not allow, expected exactly its list. Next step: change the table, with a reason, "
            "or the script.",
            file=sys.stderr,
        )
        return 1
    rows = pd.DataFrame(
        {
            "row": claims["person"].astype(str) + "-" + claims["year"].astype(str),
            "claim_cost": claims["medical_spend"].clip(upper=arguments.large_loss_cap),
            # For the class rating, which has no weights: the two columns of the table as they are.
            "rating_class": claims["coinsurance_percent"].astype(str) + " % " + claims["self_rated_health"],
        }
    )
    rows = pd.concat([rows, features], axis=1)
    has_claim = claims["medical_spend"] > 0
    held = claims["contract"].map(lambda contract: in_holdout(contract, arguments.holdout_share))
    training, holdout = rows[has_claim & ~held], rows[has_claim & held]

    write(training, arguments.training / "train.csv")
    write(holdout, arguments.holdout / "holdout.csv")
    groups = make_groups(claims).assign(row=rows["row"])[["row", *table["groups"]]]
    write(groups[has_claim & held], arguments.groups / "groups.csv")
    judged = {name: row["judged"] for name, row in table["groups"].items()}
    (arguments.groups / "groups.json").write_text(json.dumps(judged, indent=2) + "\n", encoding="utf-8")
    spend = claims["medical_spend"]
    described = {
        "schema_version": 1,
        "features": list(table["features"]),
        "protected": list(table["protected"]),
        "left_out": list(table["left_out"]),
        "large_loss_cap": arguments.large_loss_cap,
        "spend_share_above_cap": round(
            float((spend - spend.clip(upper=arguments.large_loss_cap)).sum() / spend.sum()), 6
        ),
        "training_rows": len(training),
        "holdout_rows": len(holdout),
        "contracts": {
            "training": int(claims.loc[~held, "contract"].nunique()),
            "holdout": int(claims.loc[held, "contract"].nunique()),
        },
    }
    text = json.dumps(described, indent=2) + "\n"
    (arguments.training / "features.json").write_text(text, encoding="utf-8")
    print(text, end="")
    return 0


if __name__ == "__main__":
    sys.exit(main())
