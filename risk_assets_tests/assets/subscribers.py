"""Clients of a made-up telephone company: many columns of words, labels Yes and No, some numbers missing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

ROWS = 900
CATEGORIES = {
    "contract": ("monthly", "one year", "two years"),
    "internet": ("fibre", "cable", "none"),
    "payment": ("bank transfer", "credit card", "cheque, by post", "é-facture"),
    "paperless": ("Yes", "No"),
    "partner": ("Yes", "No"),
    "support": ("Yes", "No", "no internet"),
    "streaming": ("Yes", "No", "no internet"),
    "region": tuple(f"region {number}" for number in range(12)),
}
SUBSCRIBERS = {
    "id": "customer",
    "target": "churned",
    "positive": "Yes",
    "numeric": ["tenure", "monthly charges", "total charges"],
    "categorical": list(CATEGORIES),
}


def write_subscribers(file: Path, *, first_id: int = 0) -> None:
    """Write ROWS clients who leave more often the shorter their contract and their time with the company are.

    They are the same for every `first_id`, under other names.
    """
    rng = np.random.default_rng(7)
    tenure = rng.integers(0, 72, ROWS)
    charges = np.round(rng.uniform(20, 110, ROWS), 2)
    frame = pd.DataFrame({name: rng.choice(values, ROWS) for name, values in CATEGORIES.items()})
    log_odds = 1.5 * (frame["contract"] == "monthly") - tenure / 30 + 0.02 * (charges - 65)
    leaves = rng.random(ROWS) < 1 / (1 + np.exp(-log_odds))
    frame.insert(0, "customer", [f"{number:04}-XY" for number in range(first_id, first_id + ROWS)])
    frame["tenure"], frame["monthly charges"] = tenure, charges
    frame["total charges"] = [f"{total:.2f}" if total else " " for total in tenure * charges]
    frame.loc[rng.random(ROWS) < 0.03, "support"] = ""
    frame["churned"] = np.where(leaves, "Yes", "No")
    frame.to_csv(file, index=False)
