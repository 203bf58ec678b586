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
    >>> reason_in_short("fee is 138192.98 (usual: 97000): 41 %, with the usual value 14 %")
    'fee is 138,193 (usual: 97,000), else 14 %'
    """
    found = REASON.fullmatch(text)
    return grouped("{fact} (usual: {usual}), else {risk}".format(**found.groupdict()) if found else text)


def grouped(text: str) -> str:
    """Return a text whose long numbers have separators of thousands and no decimals.

    Whole numbers of four digits may be years and are left alone.

    >>> grouped("since 2019: 1234.56 of 97000, 0.25")
    'since 2019: 1,235 of 97,000, 0.25'
    """
    return re.sub(
        r"(?<![\w.,-])-?(?:\d{4,15}\.\d+|\d{5,15})(?!\w|[.,]\d)", lambda found: f"{float(found[0]):,.0f}", text
    )


def histogram_sentence(risks: RiskSummary) -> str:
    """Return what the histogram of risks shows, in a sentence."""
    clients = f"{count(risks.flagged)} of {plural(risks.clients, 'client')}"
    return f"How many clients have which risk: {clients} reach the threshold of {score(risks.threshold)}."
