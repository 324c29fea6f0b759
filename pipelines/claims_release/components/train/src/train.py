"""Fits claim severity as an actuary would: a gamma regression with a log link, beside a plain class rating.

The model is written as numbers in JSON, not as a pickle: a reviewer can read it, nothing runs when it is loaded,
and the same data give the same bytes. There is no randomness in the fit; sums are kept on one thread, because
another order of adding gives other last digits.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from sklearn.linear_model import GammaRegressor
from threadpoolctl import threadpool_limits

DIGITS = 10  # Far below any effect, far above the noise of another processor's last bits.
LEAST_ROWS_PER_CLASS = 30  # A smaller class is rated by the overall mean.


def fit(training: pd.DataFrame, names: list[str], alpha: float) -> dict:
    """Returns the model as plain numbers: per feature its mean, scale and coefficient, and the intercept."""
    values = training[names].to_numpy()
    means, scales = values.mean(axis=0), values.std(axis=0)
    scales = np.where(scales > 0, scales, 1.0)
    target = training["claim_cost"].to_numpy()
    regression = GammaRegressor(alpha=alpha, solver="newton-cholesky", max_iter=300)
    regression.fit((values - means) / scales, target)
    return {
        "schema_version": 1,
        "kind": "gamma regression, log link",
        "intercept": round(float(regression.intercept_), DIGITS),
        "features": [
            {
                "name": name,
                "mean": round(float(mean), DIGITS),
                "scale": round(float(scale), DIGITS),
                "coefficient": round(float(coefficient), DIGITS),
            }
            for name, mean, scale, coefficient in zip(names, means, scales, regression.coef_, strict=True)
        ],
        "training": {
            "rows": len(training),
            "mean_claim_cost": round(float(target.mean()), DIGITS),
            "alpha": alpha,
            "iterations": int(regression.n_iter_),
        },
    }


def class_rating(training: pd.DataFrame) -> dict:
    """Returns the baseline: the mean cost of each class of coinsurance and self-rated health."""
    classes = training.groupby("rating_class")["claim_cost"].agg(["mean", "size"])
    classes = classes[classes["size"] >= LEAST_ROWS_PER_CLASS]
    return {
        "schema_version": 1,
        "kind": "class rating by coinsurance and self-rated health",
        "overall_mean": round(float(training["claim_cost"].mean()), DIGITS),
        "classes": {name: round(float(mean), DIGITS) for name, mean in classes["mean"].items()},
    }


def track(parameters: dict, metrics: dict) -> None:
    """Logs to MLflow when there is a tracking server, as in Azure ML; by hand there is none.

    Each step carries these lines itself, because each step's folder is uploaded alone.
    """
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        return
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
    import mlflow

    with mlflow.start_run():
        mlflow.log_params(parameters)
        mlflow.log_metrics(metrics)


def main() -> int:
    """Reads the training folder and writes the model folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--training", type=Path, required=True, help="folder with train.csv and features.json"
    )
    parser.add_argument("--alpha", type=float, required=True, help="ridge penalty on standardised features")
    parser.add_argument("--model", type=Path, required=True, help="folder to write")
    arguments = parser.parse_args()
    names = json.loads((arguments.training / "features.json").read_text(encoding="utf-8"))["features"]
    training = pd.read_csv(arguments.training / "train.csv")

    with threadpool_limits(limits=1):
        model = fit(training, names, arguments.alpha)
    arguments.model.mkdir(parents=True, exist_ok=True)
    for name, content in (("model.json", model), ("baseline.json", class_rating(training))):
        (arguments.model / name).write_text(
            json.dumps(content, indent=2, sort_keys=True) + "\n", encoding="utf-8"
        )
    print(
        f"fitted {len(names)} features on {len(training)} claims in {model['training']['iterations']} iterations"
    )
    track(
        {"alpha": arguments.alpha, "features": len(names), "model": model["kind"]},
        {"training_rows": len(training), "training_mean_claim_cost": model["training"]["mean_claim_cost"]},
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
