"""What is measured while serving, in Prometheus' terms and across the workers.

With PROMETHEUS_MULTIPROC_DIR in the environment (`risk serve` sets it) each worker keeps its figures in files
there, and any worker can answer for all.
"""

from __future__ import annotations

import os
from pathlib import Path

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from risk_assets.engine.temporary_directories import hold

SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

disable_created_metrics()
registry = CollectorRegistry()

REQUESTS = Counter("risk_requests", "Requests answered", ("method", "route", "status"), registry=registry)
LATENCY = Histogram("risk_request_seconds", "Time to answer", ("route",), buckets=SECONDS, registry=registry)
PREDICTIONS = Counter("risk_predictions", "Clients scored", registry=registry)
LOG_DROPPED = Counter(
    "risk_prediction_log_dropped", "Clients not written to the prediction log", registry=registry
)
ACCESS_DROPPED = Counter("risk_access_log_dropped", "Requests not written to the access log", registry=registry)
LOADS = Counter("risk_model_loads", "Versions loaded, by outcome", ("outcome",), registry=registry)
REFUSED = Gauge(
    "risk_model_refused",
    "1 while the pointer names a version that cannot serve",
    registry=registry,
    multiprocess_mode="livemax",
)
READY = Gauge("risk_model_ready", "Workers that have a model", registry=registry, multiprocess_mode="livesum")


def exposition() -> bytes:
    """Return all figures in Prometheus' text format."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return generate_latest(registry)
    whole = CollectorRegistry()
    Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]).mkdir(mode=0o700, parents=True, exist_ok=True)
    MultiProcessCollector(whole)
    return generate_latest(whole)


def begin_worker() -> None:
    """Open this worker's files now, in a folder that is there: no request then waits for one or fails by it."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if folder:
        hold(Path(folder))  # until the worker ends
    READY.set(0)
    REFUSED.set(0)
    LATENCY.labels("none")
    forget_dead_workers()


def forget_dead_workers() -> None:
    """Leave out the gauges of workers that are gone; what they counted stays."""
    folder = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    pids = {path.stem.rpartition("_")[2] for path in Path(folder).glob("gauge_live*.db")} if folder else set()
    for pid in pids:
        if not Path("/proc", pid).exists():
            mark_process_dead(int(pid))
