"""The schedule that sends the call list to managers, where the settings say when."""

import subprocess
import sys

import dagster as dg

from risk_assets.domain.contacts.digest import DigestTimes

#: A channel that is down is tried again so often, after so many seconds, and longer each time.
RETRIES, SECONDS = 6, 60


@dg.op(
    name="send_digest",
    retry_policy=dg.RetryPolicy(max_retries=RETRIES, delay=SECONDS, backoff=dg.Backoff.EXPONENTIAL),
)
def _send_digest(context: dg.OpExecutionContext) -> None:
    """Send what is due by the command, which is a client of the ranking and of contacts, as the server is."""
    done = subprocess.run(
        [sys.executable, "-m", "risk_assets.cli", "digest"], capture_output=True, text=True, check=False
    )
    context.log.info(done.stdout)
    if done.returncode:
        raise dg.Failure(done.stderr.strip()[-2000:])


@dg.job(description="Send each manager the call list, once per period.")
def send_digest() -> None:
    """Send the digest."""
    _send_digest()


def build(times: str | None) -> list[dg.ScheduleDefinition]:
    """Return the schedule, none where no times are set."""
    if times is None:
        return []
    cron = DigestTimes.parse(times).cron
    running = dg.DefaultScheduleStatus.RUNNING
    return [dg.ScheduleDefinition(job=send_digest, cron_schedule=cron, default_status=running)]
