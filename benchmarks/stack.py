"""The HTTP stack under everything measured here: the host's own, without its access log."""

from __future__ import annotations

import socket
import sys

import uvicorn
from starlette.types import ASGIApp

from host.interpreter import calm_collector


def serve(app: ASGIApp) -> None:
    """Serve on a free loopback port until SIGTERM, saying `ready http://HOST:PORT` on stderr."""
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    calm_collector()  # as the host does
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        lifespan="off",
        access_log=False,
        proxy_headers=False,
        log_level="warning",
    )
    # Connections made from here on wait in the backlog until the loop runs.
    print(f"ready http://127.0.0.1:{listening.getsockname()[1]}", file=sys.stderr, flush=True)
    uvicorn.Server(config).run(sockets=[listening])
