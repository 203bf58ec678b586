"""The secret that signs sessions: kept, so that a server that starts again knows its visitors."""

from __future__ import annotations

import os
import secrets

from risk_assets.storage.layout import Layout

LENGTH = 32


def session_secret(layout: Layout) -> bytes:
    """Return the secret, which is made once; where nothing can be written it is a new one each time."""
    path = layout.session_secret
    try:
        layout.deployment.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, secrets.token_bytes(LENGTH))
        finally:
            os.close(descriptor)
    except FileExistsError:
        pass
    except OSError:
        return secrets.token_bytes(LENGTH)
    held = path.read_bytes()
    return held if len(held) == LENGTH else secrets.token_bytes(LENGTH)
