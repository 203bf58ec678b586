"""What a call costs, and what it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Array = NDArray[np.float64]


@dataclass(frozen=True)
class CallCosts:
    """What a call costs, and the share of the leavers whom a call keeps, whose value a year is then not lost.

    >>> CallCosts(cost=20.0, share_kept=0.1).threshold(median_value=1000.0)
    0.2
    """

    cost: float
    share_kept: float

    def threshold(self, median_value: float) -> float:
        """Return the risk from which on calling a client of this value pays, within 0 and 1."""
        gain = self.share_kept * median_value
        return min(self.cost / gain, 1.0) if gain > 0 else 1.0

    def pays(self, risk: Array, value: Array) -> NDArray[np.bool_]:
        """Return for which clients (n,) a call pays; NaN is a value that is not known, for which none does.

        >>> import numpy as np
        >>> CallCosts(20.0, 0.1).pays(np.array([0.5, 0.5]), np.array([1000.0, np.nan])).tolist()
        [True, False]
        """
        import numpy as np

        return np.asarray(risk * np.nan_to_num(value) * self.share_kept > self.cost)

    def money(self, called: NDArray[np.bool_], reached: NDArray[np.bool_], value: Array) -> float:
        """Return the value a year that calls would have kept of leavers (n,), less what the calls cost.

        >>> import numpy as np
        >>> everyone, left = np.array([True, True]), np.array([True, False])
        >>> CallCosts(20.0, 0.1).money(everyone, left, np.array([500.0, 900.0]))
        10.0
        """
        import numpy as np

        return float(np.nansum(value[reached]) * self.share_kept - called.sum() * self.cost)
