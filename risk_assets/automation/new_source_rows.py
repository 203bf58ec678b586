"""The sensor that lands new rows of databases as files, from where they go the way of every file."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import dagster as dg
from pydantic import TypeAdapter

from risk_assets.domain.intake.source_reads import count_failures, due_notifications, landing_summary
from risk_assets.resources.home import Home
from risk_assets.settings import SettingsError, SqlSourceSetting
from risk_assets.storage.intake.database.database import SourceError, first_line, open_engine
from risk_assets.storage.intake.database.landing import land_new_rows
from risk_assets.storage.intake.database.reading import Look
from risk_assets.storage.lock import LockedError
from risk_assets.storage.notifications import ChannelError, send
from risk_assets.storage.remote.store import RemoteError

SECONDS = 30
#: For all sources together; later none is begun, as with STATEMENT_SECONDS a tick must end before Dagster's 60 s.
SECONDS_OF_READING = 20.0


@dataclass(frozen=True)
class _Memory:
    """What is kept from tick to tick: how often a source has failed in a row, and which ones wait to be read."""

    failures: Mapping[str, int] = field(default_factory=dict)
    waiting: tuple[str, ...] = ()


_CURSOR = TypeAdapter(_Memory)


def build(sources: Sequence[SqlSourceSetting]) -> tuple[dg.SensorDefinition, ...]:
    """Return the sensor when there are sources. Raises SettingsError when the driver of one is not installed."""
    for source in sources:
        open_engine(source, None).dispose()
    return (new_source_rows,) if sources else ()


@dg.sensor(
    minimum_interval_seconds=SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Lands what is new in the databases of `sources` as files in the input folder.",
)
def new_source_rows(context: dg.SensorEvaluationContext, home: Home) -> dg.SensorResult:
    """Look at one source after the other, and say of each what was landed or what is wrong."""
    before = _CURSOR.validate_json(context.cursor) if context.cursor else _Memory()
    try:
        sources = home.settings.sources
    except SettingsError as error:
        return dg.SensorResult(skip_reason=str(error))
    began = time.monotonic()
    sentences: list[str] = []
    faults: dict[str, str | None] = {}
    waiting: list[str] = []
    for place, source in enumerate(_in_turn(sources, before.waiting)):
        left = SECONDS_OF_READING - (time.monotonic() - began)
        if left <= 0:
            waiting.append(source.name)
            sentences.append(f"{source.name}: waits for the next look")
            continue
        faults[source.name], sentence = _look(context, home, source, _timer(left / (len(sources) - place)))
        sentences.append(sentence)
    failures = before.failures
    if _tell(context, home, due_notifications(failures, faults)):
        kept = {name: failures[name] for name in waiting if name in failures}
        failures = kept | count_failures(failures, faults)
    reason = "; ".join(sentences) or "no sources are set"
    return dg.SensorResult(
        skip_reason=reason, cursor=_CURSOR.dump_json(_Memory(failures, tuple(waiting))).decode()
    )


def _in_turn(sources: Sequence[SqlSourceSetting], waiting: Sequence[str]) -> list[SqlSourceSetting]:
    """Return the sources, first those that the last tick had no time for, so that none waits forever."""
    places = {name: place for place, name in enumerate(waiting)}
    return sorted(sources, key=lambda source: places.get(source.name, len(places)))


def _look(
    context: dg.SensorEvaluationContext, home: Home, source: SqlSourceSetting, in_time: Callable[[], bool]
) -> tuple[str | None, str]:
    """Land what is new in one source; return the fault, if any, and what to say."""
    settings = home.settings
    password, columns = settings.source_password(source), settings.source_columns(source)
    try:
        look = land_new_rows(source, password, home.mirror, columns, in_time=in_time)
    except (SourceError, SettingsError, RemoteError) as error:
        return str(error), f"FAILED: {error}"
    except LockedError:
        return None, f"{source.name}: another process is reading it"
    except Exception as error:  # whatever is wrong with one source must not stop the others
        context.log.exception("%s: an unforeseen error", source.name)
        told_error = f"{source.name}: {type(error).__name__}: {first_line(error, password)}"
        return told_error, f"FAILED: {told_error}"
    _warn(context, source, look)
    return None, landing_summary(source.name, look.rows, len(look.files), look.reached, complete=look.complete)


def _warn(context: dg.SensorEvaluationContext, source: SqlSourceSetting, look: Look) -> None:
    if look.passed_over:
        rows = f"{look.passed_over:,} rows are passed over"
        context.log.warning("%s: %s, as their %s cannot be followed", source.name, rows, source.cursor)
    if look.shortened:
        missed = "more rows than can be kept lie within look_back: one that comes late may be missed"
        context.log.warning("%s: %s", source.name, missed)
    if look.ahead:
        wait = "rows dated too far ahead wait for their time"
        context.log.warning("%s: %s in %s", source.name, wait, source.cursor)


def _timer(seconds: float) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() < end


def _tell(context: dg.SensorEvaluationContext, home: Home, news: Sequence[str]) -> bool:
    """Send the news, if any; return whether they got through."""
    if not news:
        return True
    try:
        send(home.notify_url, title="risk_assets: databases", body="\n".join(news))
    except ChannelError as error:
        context.log.warning(str(error))
        return False
    return True
