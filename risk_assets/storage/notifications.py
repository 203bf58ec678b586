"""Where notices go: a log line by default, or any service that apprise knows, named by a URL."""

from __future__ import annotations

import logging

log = logging.getLogger("risk_assets.notices")


class ChannelError(RuntimeError):
    """The channel did not take a notice; the message does not repeat its URL, which may hold a password."""


def send(url: str | None, *, title: str, body: str) -> None:
    """Send one notice. Raises ChannelError when the channel is down or its URL means nothing to apprise."""
    log.warning("%s: %s", title, body)
    if url is None:
        return
    import apprise

    channel = apprise.Apprise()
    if not channel.add(url):
        raise ChannelError("notify_url: not a URL that apprise knows")
    if not channel.notify(title=title, body=body):
        raise ChannelError("notify_url: the channel did not take the notice")


def deliver(url: str, *, title: str, html: str) -> None:
    """Send a page of HTML, which apprise turns into text where a channel shows text alone. Raises ChannelError."""
    import apprise

    channel = apprise.Apprise()
    if not channel.add(url):
        raise ChannelError("not a URL that apprise knows")
    if not channel.notify(title=title, body=html, body_format=apprise.NotifyFormat.HTML):
        raise ChannelError("the channel did not take it")
