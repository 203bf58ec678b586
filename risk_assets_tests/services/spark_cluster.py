"""A Spark standalone cluster of one's own: a master and two workers, processes of the installed pyspark.

python -m risk_assets_tests.services.spark_cluster     starts one, prints its URL, and ends it on Ctrl-C
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from risk_assets_tests.services.ports import free_port

SECONDS = 600
REGISTERED = re.compile("Registering worker")
#: A Java that starts quickly, for work of a moment.
QUICK = {
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    "spark.executor.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
}
#: What keeps a small cluster small; the driver listens on 127.0.0.1, as everything else does.
SMALL = {
    **QUICK,
    "spark.sql.shuffle.partitions": "2",
    "spark.executor.memory": "512m",
    "spark.executor.cores": "1",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}


@dataclass
class SparkCluster:
    """A master and its workers, each the leader of a process group that holds its executors too."""

    folder: Path
    port: int
    master: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    @property
    def url(self) -> str:
        """The master's URL."""
        return f"spark://127.0.0.1:{self.port}"

    @property
    def engine(self) -> Mapping[str, object]:
        """The setting `engine` for this cluster."""
        return {"kind": "spark", "master": self.url, "options": SMALL}

    def start(self, workers: int = 2) -> None:
        """Start the master, then the workers, and wait until it knows them."""
        self.master = self._launch("master.Master", "--port", str(self.port))
        for _ in range(workers):
            self.add_worker()
        self._wait(workers)

    def add_worker(self) -> None:
        """Start a worker of one core."""
        folder = self.folder / f"work{len(self.workers)}"
        limits = ("--cores", "1", "--memory", "1g", "--port", "0", "--work-dir", str(folder))
        self.workers.append(self._launch("worker.Worker", *limits, self.url))

    def kill_worker(self) -> None:
        """Kill the first worker with its executors, as a machine that loses power would end."""
        worker = self.workers.pop(0)
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()

    def stop(self) -> None:
        """End everything that was started."""
        for process in [*self.workers, self.master]:
            if process is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
        for process in [*self.workers, self.master]:
            if process is not None:
                process.wait(timeout=SECONDS)

    def _launch(self, role: str, *options: str) -> subprocess.Popen[bytes]:
        name = f"org.apache.spark.deploy.{role}"
        found = importlib.util.find_spec("pyspark")
        assert found is not None
        assert found.origin is not None
        home = Path(found.origin).parent
        environment = {
            **os.environ,
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_LOCAL_DIRS": str(self.folder / "local"),
            "SPARK_DAEMON_MEMORY": "256m",
        }
        command = [str(home / "bin" / "spark-class"), name, "--host", "127.0.0.1", "--webui-port", "0", *options]
        with self._log.open("ab") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, env=environment, start_new_session=True)

    @property
    def _log(self) -> Path:
        return self.folder / "cluster.log"

    def _wait(self, workers: int) -> None:
        deadline = time.monotonic() + SECONDS
        while len(REGISTERED.findall(self._log.read_text())) < workers:
            if time.monotonic() > deadline:
                raise TimeoutError(f"the workers did not come:\n{self._log.read_text()}")
            time.sleep(0.2)


@contextlib.contextmanager
def running_cluster(workers: int = 2) -> Iterator[SparkCluster]:
    """Start a cluster in a temporary folder and end it afterwards."""
    with tempfile.TemporaryDirectory(prefix="spark-cluster-", ignore_cleanup_errors=True) as folder:
        cluster = SparkCluster(Path(folder), free_port())
        try:
            cluster.start(workers)
            yield cluster
        finally:
            cluster.stop()


if __name__ == "__main__":
    with running_cluster() as cluster:
        print(cluster.url)
        with contextlib.suppress(KeyboardInterrupt):
            signal.pause()
