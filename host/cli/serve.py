"""`serve` and `work`: the running host."""

from __future__ import annotations

import signal
import sys
from typing import Annotated

import anyio
import typer

from host.accounts import Accounts
from host.app import host
from host.cli.context import environment, run, say
from host.interpreter import calm_collector
from host.logs import set_up_logs
from host.server import Server, tell_ready

INTERRUPTED = 130


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8080,
    no_delivery: Annotated[
        bool, typer.Option("--no-delivery", help="Take events, deliver nothing.")
    ] = False,
) -> None:
    """Run the host: API and delivery, until SIGTERM or Ctrl-C."""
    set_up_logs()
    if run(lambda: _serve(host, port, delivers=not no_delivery)):
        raise typer.Exit(INTERRUPTED)


async def _serve(address: str, port: int, *, delivers: bool) -> bool:
    async with host(environment(), delivers=delivers) as running:
        calm_collector()
        link = await Accounts(running.bench.store).set_up_token()

        def ready(url: str) -> None:
            tell_ready(url)
            if link is not None:
                say(f"nobody can sign in yet; set up: {url}/link/{link.reveal()}")

        server = Server(running.application(), address, port, on_ready=ready)
        await server.run_until_signal()
        return server.interrupted


def work() -> None:
    """Deliver only, without API: for more processes on one database."""
    set_up_logs()
    if run(_work):
        raise typer.Exit(INTERRUPTED)


async def _work() -> bool:
    async with host(environment()) as running, running.running():
        calm_collector()
        say("delivering")
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for number in signals:
                print("finishing", file=sys.stderr)
                return number == signal.SIGINT
    return False
