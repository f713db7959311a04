"""A connection is tried: its module asks the destination, and sends no data."""

from __future__ import annotations

from collections.abc import Callable

from host.configuration import ConnectionConfig
from host.configure.change import missing_secrets
from host.errors import (
    CannotTell,
    Fault,
    FixSettings,
    InvalidConfiguration,
    PluginFault,
    RefusedSettings,
)
from host.http import DestinationPolicy, Http
from host.registry import Module


class Trying:
    """Asks destinations."""

    def __init__(self, policy: DestinationPolicy, http: Callable[..., Http]) -> None:
        self._policy = policy
        self._http = http

    async def ask(self, config: ConnectionConfig, module: Module) -> str:
        """What the far side calls the account.

        Raises InvalidConfiguration by setting (RefusedSettings: the destination said so), or
        CannotTell.
        """
        path = f"connections.{config.id}"
        if module.manifest is None or not module.ready:
            text = f"the module {module.name} is {module.state}: {module.reason}"
            raise InvalidConfiguration([Fault(path=f"{path}.module", message=text)])
        if missing := missing_secrets(config, module.manifest):
            raise InvalidConfiguration(tuple(missing.values()))
        try:
            async with self._http(self._policy, timeout=config.delivery.timeout) as http:
                return await module.connect(config.settings_for(module.manifest), http)
        except FixSettings as error:
            faults = [
                Fault(path=f"{path}.settings.{name}", message=text)
                for name, text in error.fields.items()
            ]
            whole = Fault(path=path, message=str(error))
            raise RefusedSettings(faults or [whole], str(error)) from None
        except PluginFault as error:
            raise CannotTell(str(error)) from None
