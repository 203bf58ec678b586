"""How fast the API serves one client and ten thousand, against MLflow's own server and a bare Flask function.

One simulated model is served three ways: by `risk serve` with everything on (validation, prediction log, access
log, metrics), by `mlflow models serve` in an environment of its own (the same scikit-learn pipeline), and, as the
floor, by a Flask function that parses the same JSON and answers a constant, under the same Granian. `risk serve`
also serves a model with a pair of columns, learnt from the same clients with other outcomes. All run in one go and
take turns under wrk, with one worker each, so the ratios hold on a busy machine too.

    .venv/bin/python benchmarks/serve.py [--rounds 5] [--seconds 5] [--no-mlflow] [--write PAGE.md]
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import platform
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

BIN = Path(sys.executable).parent
FEATURES = ("lastmonth_activity", "lastyear_activity", "number_of_employees")
ROWS = 10_000
SECONDS_TO_START = 120

BARE = """
import json
from flask import Flask, Response, request

app = Flask(__name__)


@app.post("/prediction")
def prediction():
    json.loads(request.get_data())
    return Response(b'{"risk": 0.5}', content_type="application/json")
"""

SAVE_FOR_MLFLOW = """
import sys
import joblib, mlflow.sklearn

mlflow.sklearn.save_model(joblib.load(sys.argv[1]), sys.argv[2], serialization_format="cloudpickle")
"""


@dataclass(frozen=True)
class Contender:
    """A server under test: how to start it, where to ask, and a request for one client."""

    name: str
    command: list[str]
    url: str
    body: bytes
    environment: Mapping[str, str]


@dataclass(frozen=True)
class Load:
    """What wrk measured in one round: requests per second, and the 99th percentile in milliseconds."""

    rate: float
    p99: float


def main() -> None:
    """Measure, print and, if asked to, write a page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--no-mlflow", action="store_true")
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="benchmark-serve-") as folder:
        home = Path(folder)
        config = make_home(home / "plain", pair=False)
        paired = ours(make_home(home / "pair", pair=True), "risk serve, with a pair")
        contenders = [ours(config), paired, bare(home)]
        if not options.no_mlflow:
            contenders.append(mlflow(home, config))
        loads = measure_loads(contenders, rounds=options.rounds, seconds=options.seconds)
        many = measure_many(contenders[0])
        starts = [measure_start(contenders[0]) for _ in range(options.rounds)]
    page = report(loads, many, starts, rounds=options.rounds, seconds=options.seconds)
    print(page)
    if options.write:
        options.write.write_text(page, encoding="utf-8")


def make_home(home: Path, *, pair: bool) -> Path:
    """Train on simulated clients, deploy the model below `home`, and return its config file.

    With `pair`, those leave whose last month and number of employees are both above the median, or both below it,
    nine in ten; of the others one in ten.
    """
    import joblib
    import numpy as np

    from risk_assets.domain.derived import with_derived
    from risk_assets.domain.model.training import train
    from risk_assets.domain.model.training_rows import TrainingRows
    from risk_assets.domain.simulate import simulate
    from risk_assets.settings import load_settings
    from risk_assets.storage.deployment.versions import point_to, publish_version
    from risk_assets.storage.layout import Layout
    from risk_assets.storage.records import write_record

    content = json.loads((Path(__file__).parents[1] / "config.json").read_text())
    home.mkdir()
    config = home / "config.json"
    config.write_text(json.dumps({**content, "data_root": str(home)}))
    settings = load_settings(config)
    layout = Layout.of(settings)
    clients = simulate(4_000, seed=7).frame
    target = clients["exited"].to_numpy()
    if pair:
        above = [clients[name] > clients[name].median() for name in (FEATURES[0], FEATURES[2])]
        likely = np.where(above[0] == above[1], 0.9, 0.1)
        target = (np.random.default_rng(7).random(len(clients)) < likely).astype(target.dtype)
    columns = settings.columns.to_columns()
    features = with_derived(columns, {name: clients[name].to_numpy("float64") for name in FEATURES})
    model = train(TrainingRows(features, target), columns, threshold=None)
    if bool(model.scorecard.pairs) != pair:
        raise RuntimeError(f"the model has the pairs {[each.columns for each in model.scorecard.pairs]}")
    layout.models.mkdir(parents=True)
    joblib.dump(model.pipeline, layout.trainedmodel)
    write_record(layout.scorecard, model.scorecard)
    manifest = publish_version(
        layout,
        {"trainedmodel.pkl": layout.trainedmodel, "scorecard.json": layout.scorecard},
        model_sha256=hashlib.sha256(layout.trainedmodel.read_bytes()).hexdigest(),
        data_version="simulated",
        parent=None,
        features=model.scorecard.features,
        libraries={"scikit-learn": version("scikit-learn")},
        now=datetime.now(UTC),
    )
    point_to(layout, manifest.version)
    return config


def client(number: int) -> dict[str, object]:
    """Return one client as JSON has it."""
    figures = (7 * number % 500, 11 * number % 6000, 13 * number % 900)
    return {"corporation": f"c{number}", **dict(zip(FEATURES, figures, strict=True))}


def ours(config: Path, name: str = "risk serve") -> Contender:
    """`risk serve` as it is by default, with one worker."""
    port = free_port()
    start = "import sys; from risk_assets.cli.serve import serve; serve(sys.argv[2:], obj=sys.argv[1])"
    command = [sys.executable, "-c", start, str(config), "--workers", "1", "--port", str(port)]
    body = json.dumps({"clients": [client(1)]}).encode()
    return Contender(name, command, f"http://127.0.0.1:{port}/prediction", body, {})


def bare(home: Path) -> Contender:
    """Flask alone, by Granian's interface for it and with the one thread it is fastest with."""
    port = free_port()
    (home / "bare.py").write_text(BARE)
    options = ["--interface", "wsgi", "--workers", "1", "--blocking-threads", "1", "--port", str(port)]
    command = [str(BIN / "granian"), *options, "--no-ws", "--log-level", "error", "bare:app"]
    body = json.dumps({"clients": [client(1)]}).encode()
    url = f"http://127.0.0.1:{port}/prediction"
    return Contender("bare Flask", command, url, body, {"PYTHONPATH": str(home)})


def mlflow(home: Path, config: Path) -> Contender:
    """MLflow's server for the same pipeline, in an environment of its own."""
    from risk_assets.domain.derived import derived_value
    from risk_assets.settings import load_settings

    environment = home / "mlflow-environment"
    python = str(environment / "bin" / "python")
    sklearn = f"scikit-learn=={version('scikit-learn')}"
    subprocess.run([BIN / "uv", "venv", "--quiet", "--python", sys.executable, environment], check=True)
    subprocess.run([BIN / "uv", "pip", "install", "--quiet", "--python", python, "mlflow", sklearn], check=True)
    model = home / "mlflow-model"
    subprocess.run(
        [python, "-c", SAVE_FOR_MLFLOW, config.parent / "models" / "trainedmodel.pkl", model], check=True
    )
    port = free_port()
    options = ["--env-manager", "local", "--workers", "1", "--host", "127.0.0.1", "--port", str(port)]
    command = [python, "-m", "mlflow", "models", "serve", "-m", str(model), *options]
    row: dict[str, float | None] = {name: float(str(client(1)[name])) for name in FEATURES}
    columns = load_settings(config).columns.to_columns()
    row |= {column.name: derived_value(column, row) for column in columns.derived}  # its callers compute it
    body = json.dumps({"dataframe_records": [{name: row[name] for name in columns.features}]}).encode()
    url = f"http://127.0.0.1:{port}/invocations"
    return Contender("MLflow", command, url, body, {"PATH": f"{environment / 'bin'}:{os.environ['PATH']}"})


def measure_loads(contenders: list[Contender], *, rounds: int, seconds: int) -> dict[str, list[Load]]:
    """Let wrk ask each server in turn for one client a request, over 4 connections."""
    with contextlib.ExitStack() as running:
        for contender in contenders:
            running.enter_context(started(contender))
            wrk(contender, 2)
        return {
            name: [load for _, load in found]
            for name, found in _by_name(
                [(c.name, wrk(c, seconds)) for _ in range(rounds) for c in contenders]
            ).items()
        }


def _by_name(measured: list[tuple[str, Load]]) -> dict[str, list[tuple[str, Load]]]:
    return {
        name: [one for one in measured if one[0] == name] for name in dict.fromkeys(name for name, _ in measured)
    }


def wrk(contender: Contender, seconds: int) -> Load:
    """Measure one server for some seconds; any answer but 200 is an error."""
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        quoted = contender.body.decode()
        script.write(
            f"wrk.method='POST'\nwrk.headers['Content-Type']='application/json'\nwrk.body=[==[{quoted}]==]\n"
        )
        script.flush()
        command = ["wrk", "-t1", "-c4", f"-d{seconds}s", "--latency", "-s", script.name, contender.url]
        text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    if "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(f"{contender.name}: {text}")
    rate, p99 = re.search(r"Requests/sec:\s+(\S+)", text), re.search(r"99%\s+([\d.]+)(us|ms|s)", text)
    if rate is None or p99 is None:
        raise RuntimeError(f"{contender.name}: {text}")
    return Load(float(rate[1]), float(p99[1]) * {"us": 0.001, "ms": 1.0, "s": 1000.0}[p99[2]])


def measure_many(contender: Contender, repeats: int = 21) -> tuple[float, float]:
    """Return the median times, in ms, of answering 10,000 clients and of parsing their JSON, in turn."""
    body = json.dumps({"clients": [client(number) for number in range(ROWS)]}).encode()
    with started(contender):
        pairs = []
        for _ in range(repeats):
            time.sleep(0.2)  # the log of the request before is written
            pairs.append((timed(lambda: ask(contender.url, body)), timed(lambda: json.loads(body))))
    return statistics.median(first for first, _ in pairs), statistics.median(second for _, second in pairs)


def measure_start(contender: Contender) -> tuple[float, float]:
    """Return the seconds from nothing to the first prediction, and the worker's resident MB afterwards."""
    begun = time.perf_counter()
    with started(contender) as process:
        seconds = time.perf_counter() - begun
        for _ in range(200):
            ask(contender.url, contender.body)
        return seconds, max(map(resident, children(process.pid)))


def children(pid: int) -> list[int]:
    """Return the processes that a process has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def resident(pid: int) -> float:
    """Return the resident memory of a process in MB."""
    found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1000 if found else 0.0


@contextlib.contextmanager
def started(contender: Contender) -> Iterator[subprocess.Popen[bytes]]:
    """Start a server, wait until it answers a request, and stop it with all that it started."""
    process = subprocess.Popen(
        contender.command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, **contender.environment},
        start_new_session=True,
    )
    try:
        wait_for(contender, process)
        yield process
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(30)


def wait_for(contender: Contender, process: subprocess.Popen[bytes]) -> None:
    """Wait for the first good answer."""
    deadline = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(urllib.error.URLError, ConnectionError):
            ask(contender.url, contender.body)
            return
        time.sleep(0.01)
    raise RuntimeError(f"{contender.name} did not start: {contender.command}")


def ask(url: str, body: bytes) -> bytes:
    """Send JSON, return the answer."""
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        content: bytes = answer.read()
        return content


def timed(work: Callable[[], object]) -> float:
    """Return how many milliseconds some work takes."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def report(
    loads: Mapping[str, list[Load]],
    many: tuple[float, float],
    starts: list[tuple[float, float]],
    *,
    rounds: int,
    seconds: int,
) -> str:
    """Return the measurements as a page."""
    introduction = (
        f"By `benchmarks/serve.py` on {os.cpu_count()} cores, Python {platform.python_version()}, "
        f"{datetime.now(UTC):%Y-%m-%d}; load average {os.getloadavg()[0]:.1f} at the end. One client per request, "
        f"4 connections, 1 worker; {rounds} rounds of {seconds} s in turn, medians."
    )
    lines = ["# Serving, measured", "", introduction, ""]
    lines += ["| server | requests per second | 99th percentile, ms |", "|---|---|---|"]
    rate = {name: statistics.median(load.rate for load in found) for name, found in loads.items()}
    p99 = {name: statistics.median(load.p99 for load in found) for name, found in loads.items()}
    lines += [f"| {name} | {rate[name]:,.0f} | {p99[name]:.2f} |" for name in loads]
    lines += ["", "| `risk serve` against | requests per second | 99th percentile |", "|---|---|---|"]
    lines += [
        f"| {name} | × {rate['risk serve'] / rate[name]:.2f} | × {p99['risk serve'] / p99[name]:.3f} |"
        for name in loads
        if name != "risk serve"
    ]
    answer, parse = many
    start, memory = statistics.median(first for first, _ in starts), max(second for _, second in starts)
    parsing = f"{answer / parse:.1f} times the {parse:.1f} ms that the standard library takes to parse it"
    lines += ["", f"- {ROWS:,} clients in one JSON request: {answer:.1f} ms, {parsing} (medians of 21)."]
    lines.append(f"- From nothing to the first prediction: {start:.2f} s (median of {len(starts)}).")
    lines.append(f"- Resident memory of a worker that has served predictions only: {memory:.0f} MB.")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
