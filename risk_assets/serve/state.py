"""All that the views of one application share."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import cast

from flask import Flask, current_app, g

from risk_assets.domain.columns import Columns
from risk_assets.domain.ranking.risk_summary import RankingOrigin
from risk_assets.serve.client_table import ClientTable
from risk_assets.serve.contact_desk import ContactDesk
from risk_assets.serve.generated import Generated
from risk_assets.serve.guards.guard import Guard
from risk_assets.serve.guards.login_throttle import LoginThrottle
from risk_assets.serve.model.deployment_watcher import DeploymentWatcher
from risk_assets.serve.model.inference import Inference
from risk_assets.serve.model.live import LiveModel, Version
from risk_assets.serve.model.prediction import Predictions
from risk_assets.serve.model.prediction_log import PredictionLog
from risk_assets.settings import Settings
from risk_assets.settings.loading import ConfigFile
from risk_assets.storage.layout import Layout

EXTENSION = "risk_assets"


@dataclass(frozen=True)
class Serving:
    """The settings, and what answers questions by them."""

    settings: Settings
    layout: Layout
    columns: Columns
    live: LiveModel
    log: PredictionLog
    predictions: Predictions
    inference: Inference
    generated: Generated
    clients: ClientTable
    desk: ContactDesk
    guard: Guard
    config: ConfigFile | None
    deployment_watcher: DeploymentWatcher
    login_throttle: LoginThrottle = field(default_factory=LoginThrottle)

    @classmethod
    def of(cls, settings: Settings, guard: Guard, config: ConfigFile | None) -> Serving:
        """Put the parts together."""
        layout, columns = Layout.of(settings), settings.client_columns
        deployment_watcher = DeploymentWatcher(settings, columns)
        deployment_watcher.start()
        live = LiveModel(layout, columns, lambda: deployment_watcher.refused)
        log = PredictionLog(settings, layout, time.time)
        predictions = Predictions(settings, live, log)
        clients = ClientTable(settings, layout)
        return cls(
            settings=settings,
            layout=layout,
            columns=columns,
            live=live,
            log=log,
            predictions=predictions,
            inference=Inference(live, predictions),
            generated=Generated(layout),
            clients=clients,
            desk=ContactDesk(settings, layout, clients),
            guard=guard,
            config=config,
            deployment_watcher=deployment_watcher,
        )

    def close(self) -> None:
        """Write what waits, and let go of the engine."""
        self.log.close()
        self.deployment_watcher.close()
        self.clients.close()
        self.desk.close()


def serving_of(app: Flask) -> Serving:
    """Return what an application serves from."""
    return cast("Serving", app.extensions[EXTENSION])


def serving() -> Serving:
    """Return what the application of this request serves from."""
    return serving_of(current_app)


def find_version() -> Version | None:
    """Return the one version that this request sees, None while nothing is deployed."""
    if "version" not in g:
        g.version = serving().live.find()
    return cast("Version | None", g.version)


def live_version() -> Version:
    """Return the one version that this request sees. Raises RequestError (503) while nothing is deployed."""
    version = find_version()
    if version is None:
        g.version = version = serving().live.current()
    return version


def ranking_origin() -> RankingOrigin | None:
    """Return what the ranking was made with, None of one that does not say. Raises RequestError (503)."""
    return serving().generated.ranking_origin()


def ranking_version() -> str | None:
    """Return the version that the ranking was made with, None of one that does not say."""
    origin = ranking_origin()
    return origin.version if origin else None


def ranking_threshold() -> float | None:
    """Return the risk from which the ranking flags a client, that of the live version where it does not say."""
    origin, version = ranking_origin(), find_version()
    return origin.threshold if origin else version.scorecard.threshold if version else None


def live_name() -> str | None:
    """Return the name of the version that this request sees, if there is one."""
    version = find_version()
    return version.name if version else None
