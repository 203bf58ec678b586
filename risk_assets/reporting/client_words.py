"""What is said of clients and their risks, in short."""

from __future__ import annotations

import re

from risk_assets.domain.ranking.risk_summary import RiskSummary
from risk_assets.reporting.wording import count, plural, score

#: The parts of a reason: what is so of a client, the parts of a derived column, the usual value, and the risks.
REASON = re.compile(
    r"(?P<fact>.+?) \((?:[^()]*; )?usual: (?P<usual>[^()]*)\): [^:]* %, with the usual values? (?P<risk>.* %)"
)


def reason_in_short(text: str) -> str:
    """Return a reason for a list that tells the risk already: without it and without the parts of derived columns.

    >>> reason_in_short("trend is 0.06 (last 1; usual: 1.02): 92.4 %, with the usual values 40 %")
    'trend is 0.06 (usual: 1.02), else 40 %'
    >>> reason_in_short("fee is 138,193 EUR (usual: 97,000): 41 %, with the usual value 14 %")
    'fee is 138,193 EUR (usual: 97,000), else 14 %'
    """
    found = REASON.fullmatch(text)
    return "{fact} (usual: {usual}), else {risk}".format(**found.groupdict()) if found else text


def histogram_sentence(risks: RiskSummary) -> str:
    """Return what the histogram of risks shows, in a sentence."""
    clients = f"{count(risks.flagged)} of {plural(risks.clients, 'client')}"
    return f"How many clients have which risk: {clients} reach the threshold of {score(risks.threshold)}."
