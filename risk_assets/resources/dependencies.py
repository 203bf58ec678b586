"""Questions about outdated and vulnerable packages, asked beside a run."""

import dagster as dg
from pydantic import PrivateAttr

from risk_assets.resources.home import Home
from risk_assets.storage.dependencies import DependencyCheck


class Dependencies(dg.ConfigurableResource):
    """Asks for outdated and vulnerable packages while the run is under way, since the answers take seconds."""

    home: dg.ResourceDependency[Home]
    _check: DependencyCheck | None = PrivateAttr(default=None)

    def setup_for_execution(self, context: dg.InitResourceContext) -> None:
        """Start the questions in the background."""
        del context
        settings = self.home.settings
        if settings.dependency_check:
            self._check = DependencyCheck.start(timeout=settings.dependency_timeout_seconds)

    def teardown_after_execution(self, context: dg.InitResourceContext) -> None:
        """End questions that nobody waits for any more."""
        del context
        if self._check is not None:
            self._check.stop()

    @property
    def check(self) -> DependencyCheck | None:
        """The questions under way; None when the settings turn them off."""
        return self._check
