"""The state of the declared dependencies, asked of uv and pip-audit in the background and bounded in time."""

from __future__ import annotations

import importlib.metadata
import json
import re
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from risk_assets.domain.diagnostics import Dependency, DependencyReport

LOCK = Path(__file__).parents[2] / "requirements.lock"
COMPLETE = "complete"
ERROR_WORD = re.compile(r"^error:(\S+:)?\s*", re.IGNORECASE)
#: Characters of a tool's own words that are passed on.
LONGEST_PROBLEM = 200


@dataclass(frozen=True)
class DependencyCheck:
    """Two questions under way: which dependencies are outdated (uv) and which are vulnerable (pip-audit)."""

    outdated: _Question
    audit: _Question
    deadline: float

    @classmethod
    def start(
        cls, *, timeout: float, commands: tuple[Sequence[str], Sequence[str]] | None = None
    ) -> DependencyCheck:
        """Start both; after `timeout` seconds the answers count as unavailable."""
        outdated, audit = commands or _commands()
        pins = "\n".join(f"{name}=={version}" for name, version in declared().items())
        return cls(_Question.ask(outdated, ""), _Question.ask(audit, pins), time.monotonic() + timeout)

    def collect(self) -> DependencyReport:
        """Wait for the answers, until the deadline at most, and put them together."""
        latest, outdated_status = _latest(self.outdated.answer(self.deadline))
        found, audit_status = _advisories(self.audit.answer(self.deadline))
        return _report(latest, found, outdated_status, audit_status)

    def stop(self) -> None:
        """End what is still running."""
        self.outdated.stop()
        self.audit.stop()


def not_asked() -> DependencyReport:
    """Return what is known without asking anybody."""
    reason = "unavailable: turned off by dependency_check"
    return _report(None, {}, reason, reason)


def declared() -> dict[str, str]:
    """Return the installed version of every declared dependency, by name."""
    from packaging.requirements import Requirement

    requirements = (Requirement(line) for line in importlib.metadata.requires("risk_assets") or [])
    core = (line for line in requirements if line.marker is None or line.marker.evaluate({"extra": ""}))
    names = sorted(_normal(line.name) for line in core)
    return {name: importlib.metadata.version(name) for name in names}


def locked(lock: Path = LOCK) -> dict[str, str]:
    """Return the versions pinned in requirements.lock, by name; none where the project was installed without."""
    from packaging.requirements import Requirement

    if not lock.exists():
        return {}
    lines = (line.removesuffix("\\") for line in lock.read_text(encoding="utf-8").splitlines() if "==" in line)
    pins = (Requirement(line) for line in lines if not line.startswith((" ", "#")))
    applicable = (pin for pin in pins if pin.marker is None or pin.marker.evaluate())
    return {_normal(pin.name): next(iter(pin.specifier)).version for pin in applicable}


@dataclass(frozen=True)
class _Question:
    """A tool that was started, with the file that collects what it prints."""

    process: subprocess.Popen[bytes] | None
    folder: tempfile.TemporaryDirectory[str]
    problem: str = ""

    @classmethod
    def ask(cls, command: Sequence[str], text: str) -> _Question:
        folder = tempfile.TemporaryDirectory(prefix="risk_assets-")
        path = Path(folder.name)
        (path / "input.txt").write_text(text, encoding="utf-8")
        try:
            with (path / "out").open("wb") as out, (path / "err").open("wb") as err:
                process = subprocess.Popen(command, cwd=path, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        except OSError as error:
            return cls(None, folder, f"{command[0]}: {error.strerror}")
        return cls(process, folder)

    def answer(self, deadline: float) -> tuple[bytes, str]:
        """Return what the tool printed and, where it gave no answer, why."""
        try:
            return self._read(deadline)
        finally:
            self.stop()

    def _read(self, deadline: float) -> tuple[bytes, str]:
        if self.process is None:
            return b"", self.problem
        try:
            self.process.wait(max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            return b"", "no answer in the time allowed (dependency_timeout_seconds)"
        path = Path(self.folder.name)
        return (path / "out").read_bytes(), _problem((path / "err").read_text(errors="replace"))

    def stop(self) -> None:
        """End the tool if it still runs, and remove its folder."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.folder.cleanup()


def _commands() -> tuple[Sequence[str], Sequence[str]]:
    scripts = Path(sysconfig.get_path("scripts"))
    uv = (str(scripts / "uv"), "pip", "list", "--outdated", "--format", "json", "--python", sys.executable)
    audit = (str(scripts / "pip-audit"), "-r", "input.txt", "--no-deps", "--disable-pip")
    return uv, (*audit, "--format", "json", "--progress-spinner", "off")


def _latest(answer: tuple[bytes, str]) -> tuple[dict[str, str] | None, str]:
    out, problem = answer
    try:
        return {_normal(row["name"]): str(row["latest_version"]) for row in json.loads(out)}, COMPLETE
    except (ValueError, TypeError, KeyError):
        return None, f"unavailable: {problem or 'uv gave no list'}"


def _advisories(answer: tuple[bytes, str]) -> tuple[dict[str, tuple[str, ...]], str]:
    out, problem = answer
    try:
        rows = json.loads(out)["dependencies"]
        found = {_normal(row["name"]): tuple(str(each["id"]) for each in row.get("vulns", ())) for row in rows}
        skipped = [row["skip_reason"] for row in rows if row.get("skip_reason")]
    except (ValueError, TypeError, KeyError, AttributeError):
        return {}, f"unavailable: {problem or 'pip-audit gave no list'}"
    if not skipped:
        return found, COMPLETE
    return found, f"unavailable: {len(skipped)} of {len(rows)} could not be audited ({skipped[0]})"


def _report(
    latest: Mapping[str, str] | None,
    found: Mapping[str, tuple[str, ...]],
    outdated_status: str,
    audit_status: str,
) -> DependencyReport:
    pins = locked()
    rows = tuple(
        Dependency(
            name=name,
            installed=version,
            locked=pins.get(name),
            latest=None if latest is None else latest.get(name, version),
            vulnerabilities=found.get(name, ()),
        )
        for name, version in declared().items()
    )
    return DependencyReport(outdated_status, audit_status, rows)


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _problem(text: str) -> str:
    """Return the line of a tool's log that tells its error, else the last one that is no hint."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    others = [line for line in lines if not line.lower().startswith("hint")]
    telling = errors[:1] or others[-1:]
    return ERROR_WORD.sub("", telling[0])[:LONGEST_PROBLEM] if telling else ""
