"""Fifty redeployments under load, every tenth of them damaged: no request fails, no answer mixes two versions."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from risk_assets.domain.model.scorecard import Scorecard
from risk_assets.settings import Settings
from risk_assets.storage.atomic import write_text
from risk_assets.storage.layout import Layout
from risk_assets_tests.serve.deployed import CLIENT, make_settings, point, publish, scorecard_of
from risk_assets_tests.serve.running import Server, running

pytestmark = pytest.mark.slow
REDEPLOYMENTS = 50
DAMAGED = range(5, REDEPLOYMENTS, 10)
CLIENTS: list[dict[str, Any]] = [CLIENT, {**CLIENT, "activity": 80}, {**CLIENT, "industry": "retail"}]


@dataclass
class Load:
    """Asks until it is told to stop; keeps what is wrong and how often each version answered."""

    server: Server
    expected: dict[str, list[float]]
    clients: list[dict[str, Any]]
    stop: threading.Event = field(default_factory=threading.Event)
    wrong: list[str] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)

    def run(self) -> None:
        with self.server.http() as http:
            while not self.stop.is_set():
                try:
                    self._check(http.post("/prediction", json={"clients": self.clients}))
                except httpx.TransportError as error:
                    self.wrong.append(repr(error))

    def _check(self, answer: httpx.Response) -> None:
        if answer.status_code != 200:
            self.wrong.append(answer.text)
            return
        content = answer.json()
        version = content["version"]
        risks = [client["risk"] for client in content["predictions"]]
        if answer.headers["x-model-version"] != version or risks != pytest.approx(
            self.expected[version], abs=1e-9
        ):
            self.wrong.append(f"{answer.headers['x-model-version']} {version} {risks}")
        self.answers[version] = self.answers.get(version, 0) + 1


def risks_of(scorecard: Scorecard, clients: list[dict[str, Any]]) -> list[float]:
    return [scorecard.risk_of({name: client[name] for name in scorecard.features}) for client in clients]


def damage(settings: Settings, version: str, number: int) -> None:
    """Let the pointer name a version of which something is wrong."""
    layout = Layout.of(settings)
    scorecard = layout.versions / version / "scorecard.json"
    harms: list[Callable[[], object]] = [
        lambda: scorecard.write_text(scorecard.read_text().replace("0.4", "0.6")),
        lambda: scorecard.write_text("{"),
        scorecard.unlink,
        lambda: (scorecard.parent / "manifest.json").write_text("{}"),
        lambda: scorecard.parent.rename(layout.versions / "v9999-00000000"),
    ]
    harms[number // 10 % len(harms)]()
    write_text(layout.current, version + "\n")


def test_redeployments_under_load_lose_and_mix_nothing(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    versions = {number: publish(settings, scorecard_of(number)).version for number in range(REDEPLOYMENTS + 1)}
    point(settings, versions[0])
    with running(settings, workers=2) as server:
        loads = [
            Load(server, {versions[n]: risks_of(scorecard_of(n), clients) for n in versions}, clients)
            for clients in (CLIENTS[:1], CLIENTS)
        ]
        threads = [threading.Thread(target=load.run) for load in loads]
        for thread in threads:
            thread.start()
        for number in range(1, REDEPLOYMENTS + 1):
            if number in DAMAGED:
                damage(settings, versions[number], number)
            else:
                point(settings, versions[number])
            time.sleep(0.15)
        for load in loads:
            load.stop.set()
        for thread in threads:
            thread.join(30)

    served = set().union(*(load.answers for load in loads))
    assert [load.wrong for load in loads] == [[], []]
    assert not served & {versions[number] for number in DAMAGED}
    assert len(served) > REDEPLOYMENTS / 2
    assert versions[REDEPLOYMENTS] in served
