"""Draws lift, calibration and residuals, and writes the numbers behind each picture beside it.

plots.json names every picture with its data, kind and axes, so that a report can draw it again, as SVG for one.
"""

from __future__ import annotations

import json
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pandas as pd

mpl.use("Agg")
import matplotlib.pyplot as plt  # the backend must be chosen first: a node has no screen

RESIDUAL_QUANTILES = (10, 25, 50, 75, 90)
MARKS = {"predicted": "o-", "paid": "s-", "baseline": "^--", "perfect": "k:"}


def residual_table(paid: np.ndarray, predicted: np.ndarray, bands: int) -> pd.DataFrame:
    """Quantiles of the gamma deviance residual in each band of predicted cost."""
    deviance = 2 * (np.log(predicted / paid) + paid / predicted - 1)
    residual = np.sign(paid - predicted) * np.sqrt(np.maximum(deviance, 0))
    parts = np.array_split(np.argsort(predicted, kind="stable"), bands)
    table = pd.DataFrame({"predicted": [float(predicted[part].mean()) for part in parts]})
    for quantile in RESIDUAL_QUANTILES:
        table[f"p{quantile}"] = [float(np.percentile(residual[part], quantile)) for part in parts]
    return table


def write_pictures(folder: Path, bands: pd.DataFrame, paid: np.ndarray, predicted: np.ndarray) -> list[Path]:
    """Writes three pictures, their CSV files and plots.json; returns the pictures' paths."""
    plots = [
        {
            "name": "lift",
            "title": "Mean claim cost by band of predicted cost",
            "kind": "line",
            "x": "band",
            "y": ["predicted", "paid", "baseline"],
            "x_label": "band, lowest predicted first",
            "y_label": "US dollars",
        },
        {
            "name": "calibration",
            "title": "Paid against predicted",
            "kind": "line",
            "x": "predicted",
            "y": ["paid", "perfect"],
            "x_label": "predicted, US dollars",
            "y_label": "paid, US dollars",
        },
        {
            "name": "residuals",
            "title": "Deviance residuals by predicted cost",
            "kind": "line",
            "x": "predicted",
            "y": [f"p{quantile}" for quantile in RESIDUAL_QUANTILES],
            "x_label": "predicted, US dollars",
            "y_label": "deviance residual (quantiles)",
        },
    ]
    tables = {
        "lift": bands,
        "calibration": bands[["predicted", "paid", "rows"]].assign(perfect=bands["predicted"]),
        "residuals": residual_table(paid, predicted, len(bands)),
    }
    for plot in plots:
        plot["data"], plot["picture"] = f"{plot['name']}.csv", f"{plot['name']}.png"
        table = tables[plot["name"]]
        table.to_csv(folder / plot["data"], index=False, float_format="%.6f", lineterminator="\n")
        figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
        for column in plot["y"]:
            axes.plot(table[plot["x"]], table[column], MARKS.get(column, "o-"), label=column)
        axes.set(title=plot["title"], xlabel=plot["x_label"], ylabel=plot["y_label"])
        axes.grid(alpha=0.3)
        axes.legend()
        # Without the library's version in the file the same numbers give the same bytes.
        figure.savefig(folder / plot["picture"], dpi=100, metadata={"Software": None})
        plt.close(figure)
    (folder / "plots.json").write_text(json.dumps(plots, indent=2) + "\n", encoding="utf-8")
    return [folder / plot["picture"] for plot in plots]
