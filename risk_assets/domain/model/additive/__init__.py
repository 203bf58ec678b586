"""The penalised additive model: its terms, its fit, its pairs and how sure it is (Wood 2017)."""

from __future__ import annotations

from risk_assets.domain.model.additive.model import AdditiveModel
from risk_assets.domain.model.additive.training import fit_additive

__all__ = ["AdditiveModel", "fit_additive"]
