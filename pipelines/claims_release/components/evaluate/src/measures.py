"""What is measured on the holdout: pure functions of paid and predicted cost."""

from __future__ import annotations

import numpy as np
import pandas as pd

BANDS = 10


def predict(model: dict, rows: pd.DataFrame) -> np.ndarray:
    """Applies the model's numbers to rows of features; the link is a log."""
    score = np.full(len(rows), model["intercept"])
    for feature in model["features"]:
        score += (
            (rows[feature["name"]].to_numpy() - feature["mean"]) / feature["scale"] * feature["coefficient"]
        )
    # A model gone wild must still be measured: 50 is far beyond any cost, and exp() of it is finite.
    return np.exp(np.clip(score, -50, 50))


def rate(baseline: dict, rows: pd.DataFrame) -> np.ndarray:
    """Applies the class rating; a class without a mean of its own gets the overall one."""
    return rows["rating_class"].map(baseline["classes"]).fillna(baseline["overall_mean"]).to_numpy()


def gamma_deviance(paid: np.ndarray, predicted: np.ndarray) -> float:
    """Mean gamma deviance; 0 is perfect."""
    return float(np.mean(2 * (np.log(predicted / paid) + paid / predicted - 1)))


def gini(paid: np.ndarray, predicted: np.ndarray) -> float:
    """Area between the ordered Lorenz curve and the diagonal, doubled; 0 when the order says nothing.

    Rows of equal prediction share their cost, so that a constant model cannot profit from the file's order.
    """
    shared = pd.Series(paid).groupby(predicted).transform("mean").to_numpy()
    ordered = shared[np.argsort(predicted, kind="stable")]
    curve = np.concatenate([[0.0], np.cumsum(ordered) / ordered.sum()])
    return float(1 - np.sum(curve[1:] + curve[:-1]) / len(ordered))


def bands(paid: np.ndarray, predicted: np.ndarray, baseline: np.ndarray) -> pd.DataFrame:
    """Ten bands of equal size by predicted cost, lowest first: rows and means of predicted, paid, baseline."""
    parts = np.array_split(np.argsort(predicted, kind="stable"), BANDS)
    return pd.DataFrame(
        {
            "band": range(1, BANDS + 1),
            "rows": [len(part) for part in parts],
            "predicted": [float(predicted[part].mean()) for part in parts],
            "paid": [float(paid[part].mean()) for part in parts],
            "baseline": [float(baseline[part].mean()) for part in parts],
        }
    )


def by_group(
    paid: np.ndarray, predicted: np.ndarray, groups: pd.DataFrame, judged: dict[str, bool], minimum_rows: int
) -> list[dict]:
    """One entry per group of each attribute, in the attributes' order, groups by name."""
    found = []
    for attribute, counts in judged.items():
        for group in sorted(groups[attribute].unique()):
            mask = (groups[attribute] == group).to_numpy()
            found.append(
                {
                    "attribute": attribute,
                    "group": group,
                    "rows": int(mask.sum()),
                    "paid_mean": float(paid[mask].mean()),
                    "predicted_mean": float(predicted[mask].mean()),
                    "calibration_ratio": float(predicted[mask].sum() / paid[mask].sum()),
                    "mean_absolute_error": float(np.abs(predicted[mask] - paid[mask]).mean()),
                    "gamma_deviance": gamma_deviance(paid[mask], predicted[mask]),
                    "judged": bool(counts and mask.sum() >= minimum_rows),
                }
            )
    return found


def all_metrics(
    paid: np.ndarray, predicted: np.ndarray, baseline: np.ndarray, mean: float, groups: list[dict]
) -> dict[str, float]:
    """The flat table of numbers that thresholds speak of."""
    deviance = gamma_deviance(paid, predicted)
    of_mean = gamma_deviance(paid, np.full(len(paid), mean))
    of_baseline = gamma_deviance(paid, baseline)
    table = bands(paid, predicted, baseline)
    ratio = float(predicted.sum() / paid.sum())
    metrics = {
        "gamma_deviance": deviance,
        "d2_gamma": 1 - deviance / of_mean,
        "deviance_ratio_to_class_rating": deviance / of_baseline,
        "mean_absolute_error": float(np.abs(predicted - paid).mean()),
        "gini": gini(paid, predicted),
        "lift_top_to_bottom": float(table["paid"].iloc[-1] / table["paid"].iloc[0]),
        "calibration_ratio": ratio,
        "calibration_error": abs(ratio - 1),
        "decile_calibration_error": float((table["predicted"] / table["paid"] - 1).abs().mean()),
        "class_rating_gamma_deviance": of_baseline,
        "class_rating_d2_gamma": 1 - of_baseline / of_mean,
        "class_rating_mean_absolute_error": float(np.abs(baseline - paid).mean()),
        "class_rating_gini": gini(paid, baseline),
    }
    for attribute in dict.fromkeys(entry["attribute"] for entry in groups if entry["judged"]):
        metrics[f"group_gap_{attribute}"] = max(
            abs(entry["calibration_ratio"] - 1)
            for entry in groups
            if entry["attribute"] == attribute and entry["judged"]
        )
    return metrics
