"""A real Spark cluster on loopback: a standalone master and worker processes, each a Java process of its own."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

starting_s: Final = 60.0
stopping_s: Final = 15.0
_ADDRESS: Final = re.compile(r"Starting Spark master at (spark://127\.0\.0\.1:\d+)")
_REGISTERED: Final = "Successfully registered with master"
LOOPBACK: Final = {
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.memory": "512m",
    "spark.executor.memory": "600m",
    "spark.scheduler.minRegisteredResourcesRatio": "1.0",
    "spark.sql.shuffle.partitions": "4",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
}


class Cluster:
    """Ports are chosen by the system. Everything stops with the process that started it, by its own process group."""

    def __init__(self, *, workers: int) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="regulars-spark-"))
        self._processes: list[subprocess.Popen[bytes]] = []
        try:
            master = self._start("master", "org.apache.spark.deploy.master.Master", "--host", "127.0.0.1")
            self.address = self._said(master, _ADDRESS)
            names = [f"worker{number}" for number in range(workers)]
            logs = [self._start(name, *_worker(self._folder / name), self.address) for name in names]
            for log in logs:
                self._said(log, re.compile(f"({_REGISTERED})"))
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        for process in reversed(self._processes):
            _signal(process, signal.SIGTERM)
        for process in self._processes:
            with suppress(subprocess.TimeoutExpired):
                process.wait(stopping_s)
            _signal(process, signal.SIGKILL)
            process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, name: str, *command: str) -> Path:
        import pyspark

        home = Path(pyspark.__file__).parent
        log = self._folder / f"{name}.log"
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("SPARK_")},
            "SPARK_HOME": str(home),
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_DAEMON_MEMORY": "256m",
            "SPARK_LOCAL_DIRS": str(self._folder),
        }
        with log.open("wb") as file:
            process = subprocess.Popen(
                [str(home / "bin" / "spark-class"), *command, "--port", "0", "--webui-port", "0"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                cwd=self._folder,
                start_new_session=True,
            )
        self._processes.append(process)
        return log

    def _said(self, log: Path, wanted: re.Pattern[str]) -> str:
        until = time.monotonic() + starting_s
        while time.monotonic() < until:
            text = log.read_text("utf-8", "replace")
            if found := wanted.search(text):
                return found[1]
            if any(process.poll() is not None for process in self._processes):
                break
            time.sleep(0.05)
        raise RuntimeError(f"Spark's {log.stem} did not start:\n{log.read_text('utf-8', 'replace')[-4000:]}")


def _worker(folder: Path) -> list[str]:
    return ["org.apache.spark.deploy.worker.Worker", "--cores", "1", "--memory", "1g", "--host", "127.0.0.1",
            "--work-dir", str(folder)]  # fmt: skip


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    """A worker's executors are of its group."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)


@contextmanager
def cluster(*, workers: int) -> Iterator[Cluster]:
    running = Cluster(workers=workers)
    try:
        yield running
    finally:
        running.stop()


@contextmanager
def session(running: Cluster, settings: Mapping[str, str]) -> Iterator[SparkSession]:
    """This process may have one at a time."""
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(running.address).appName("tests")
    for name, value in {**LOOPBACK, **settings}.items():
        builder = builder.config(name, value)
    started = builder.getOrCreate()
    try:
        yield started
    finally:
        started.stop()
