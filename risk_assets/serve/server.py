"""The server process: Granian with our limits, one worker per core, on the loopback unless keys are set."""

from __future__ import annotations

import contextlib
import gc
import importlib
import ipaddress
import os
import resource
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from risk_assets.domain.access.roles import Role
from risk_assets.engine.temporary_directories import own_folder
from risk_assets.settings import Settings
from risk_assets.settings.loading import ConfigFile
from risk_assets.storage.access.session_secret import session_secret
from risk_assets.storage.layout import Layout

if TYPE_CHECKING:
    from granian.server.common import AbstractServer

    from risk_assets.serve.log_process import LogProcess
    from risk_assets.serve.rsgi_app import RsgiApp

#: Running requests have this long to finish after SIGTERM, in seconds.
STOP_SECONDS = 5
#: A request's headers must be there after this time, and a connection may idle for it; in milliseconds.
HEADER_MILLISECONDS = 10_000
#: Headers of this size are taken; those of twice the size are refused (431) for sure.
HEADER_BYTES = 16 * 1024
#: A request waits for the threads that write the logs no longer than this; Python's own choice is ten times that.
SWITCH_SECONDS = 0.0005
#: New objects after which cycles are looked for: more than there are in a request of ten thousand clients.
COLLECT_AFTER = 100_000
#: Below the data root: the figures of running servers.
FIGURES = ".serving"
#: Connections that one worker takes; more wait in the backlog.
CONNECTIONS = 4096


#: Characters of a key where others can reach the server.
LEAST_KEY = 16
OTHER_PORT = "--port takes another port, --host another address"


class ServeError(ValueError):
    """The server cannot start as it was asked to; the message says why."""


def serve(
    settings: Settings,
    *,
    host: str,
    port: int,
    workers: int | None = None,
    insecure: bool = False,
    config: ConfigFile | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT; running requests finish first. Pages say when `config` has changed since.

    Raises ServeError for an address that others can reach while no key, or one that can be guessed, protects it
    (unless `insecure`), for a key that no request can carry, and for a port that is taken.
    """
    check_address(settings, host, insecure=insecure)
    check_keys(settings, host, insecure=insecure)
    address = _free_address(host, port)
    _raise_file_limit()
    with _figures_folder(settings) as figures:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(figures)
        _load_what_workers_share()
        secret = session_secret(Layout.of(settings))
        _granian(address, port, workers or settings.serve_workers or len(os.sched_getaffinity(0))).serve(
            target_loader=partial(load_front, settings, _hosts(settings, host), secret, _anyone(host), config),
            wrap_loader=False,
        )


def _granian(address: str, port: int, workers: int) -> AbstractServer[Any]:
    from granian.constants import HTTPModes, Interfaces, Loops
    from granian.http import HTTP1Settings
    from granian.server import Server

    from risk_assets.serve.logs import LOGGING

    return Server(
        "risk_assets",
        address=address,
        port=port,
        interface=Interfaces.RSGI,
        workers=workers,
        loop=Loops.uvloop,
        http=HTTPModes.http1,
        websockets=False,
        backpressure=CONNECTIONS,
        backlog=CONNECTIONS,
        http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS, max_buffer_size=HEADER_BYTES),
        workers_kill_timeout=STOP_SECONDS,
        respawn_failed_workers=True,
        log_dictconfig=LOGGING,
    )


def load_front(
    settings: Settings, hosts: frozenset[str], secret: bytes, anyone: Role, config: ConfigFile | None
) -> RsgiApp:
    """Return the application; each worker makes its own."""
    from risk_assets.serve.app import create_app
    from risk_assets.serve.metrics import begin_worker
    from risk_assets.serve.rsgi_app import RsgiApp

    sys.setswitchinterval(SWITCH_SECONDS)
    logs = start_logs(settings)
    begin_worker()
    app = create_app(settings, hosts=hosts, secret=secret, anyone=anyone, config=config)
    rsgi_app = RsgiApp(app, logs)
    gc.set_threshold(COLLECT_AFTER)
    gc.freeze()  # what is loaded by now stays: no collection needs to go through it while requests wait
    return rsgi_app


def start_logs(settings: Settings) -> LogProcess:
    """Start the process that writes a worker's logs."""
    from risk_assets.serve.log_process import LogProcess, Sink
    from risk_assets.serve.logs import ACCESS_LOG, Access, note_access
    from risk_assets.serve.metrics import begin_worker
    from risk_assets.serve.model.prediction_log import PREDICTION_LOG, PredictionWriter
    from risk_assets.storage.drift.predictions import Served

    predictions = PredictionWriter(settings, Layout.of(settings), time.time)
    return LogProcess(
        Sink(ACCESS_LOG, Access, partial(note_access, written=settings.access_log)),
        Sink(PREDICTION_LOG, Served, predictions.write),
        begin=begin_worker,
    )


@contextlib.contextmanager
def _figures_folder(settings: Settings) -> Iterator[Path]:
    """Yield a folder for the workers' figures: below the data root, which nobody tidies, if it can be written."""
    below = settings.data_root / FIGURES
    try:
        below.mkdir(parents=True, exist_ok=True)
        writable = os.access(below, os.W_OK)
    except OSError:
        writable = False
    with own_folder(below if writable else Path(tempfile.gettempdir()), "risk-serve-metrics-") as folder:
        yield folder


def _load_what_workers_share() -> None:
    """Import the application before the workers are forked: once, not once per worker."""
    importlib.import_module("risk_assets.serve.rsgi_app")


def check_address(settings: Settings, host: str, *, insecure: bool) -> None:
    """Refuse an address that others can reach while anyone may ask. Raises ServeError."""
    if not _wants_key(settings) and not insecure and not _is_loopback(host):
        raise ServeError(
            f"{host} can be reached from elsewhere: make keys (`risk keys make`) or set RISK_ASSETS_API_KEYS, "
            "or say --insecure if anyone may ask"
        )


def check_keys(settings: Settings, host: str, *, insecure: bool) -> None:
    """Refuse keys that no request can carry, and short ones where others can try them. Raises ServeError."""
    keys = [key.get_secret_value() for key in settings.api_keys]
    for place, key in enumerate(keys, start=1):
        if not (key.isascii() and key.isprintable()):
            raise ServeError(f"RISK_ASSETS_API_KEYS: key {place} has a character that is not printable ASCII")
        if len(key) < LEAST_KEY and not insecure and not _is_loopback(host):
            raise ServeError(
                f"RISK_ASSETS_API_KEYS: key {place} has {len(key)} characters, which others can guess on {host}: "
                f"take {LEAST_KEY} or more, such as `openssl rand -hex 16` gives"
            )


def _hosts(settings: Settings, host: str) -> frozenset[str]:
    from risk_assets.serve.guards.guard import LOOPBACK_NAMES

    return LOOPBACK_NAMES if _is_loopback(host) and not _wants_key(settings) else frozenset()


def _wants_key(settings: Settings) -> bool:
    return bool(settings.api_keys) or Layout.of(settings).access_keys.exists()


def _anyone(host: str) -> Role:
    """Return what whoever asks without a key may do, where none is needed: all on one's own machine, else read."""
    return "operate" if _is_loopback(host) else "read"


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _free_address(host: str, port: int) -> str:
    """Return the host's IP address once nobody listens there; Granian's workers would share the port with them."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
        with socket.socket(family, kind, protocol) as attempt:
            attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            attempt.bind(address)
    except OSError as error:
        raise ServeError(f"cannot listen on {host}:{port}: {error.strerror}; {OTHER_PORT}") from error
    return str(address[0])


def _raise_file_limit() -> None:
    """Let this process open as many connections as the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < hard:
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
