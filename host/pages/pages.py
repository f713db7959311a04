"""All pages as one application: shield, static files, routes, errors."""

from __future__ import annotations

from typing import Final

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from host.pages.account import account_routes
from host.pages.connect import connect_routes
from host.pages.customers import customer_routes
from host.pages.drawing import STATIC
from host.pages.entrance import HOME
from host.pages.errors import HANDLERS
from host.pages.events import event_routes
from host.pages.fields import field_routes
from host.pages.health import health_routes
from host.pages.live import live_routes
from host.pages.message import message_routes
from host.pages.message_actions import message_action_routes
from host.pages.modules import module_routes
from host.pages.overview import overview_routes
from host.pages.people import people_routes
from host.pages.queue import queue_routes
from host.pages.send_all import send_all_routes
from host.pages.shield import Shield
from host.pages.signing_in import signing_in_routes
from host.pages.site import Site
from host.pages.tokens import token_routes
from host.pages.workflow_editor import workflow_editor_routes
from host.pages.workflow_log import workflow_log_routes
from host.pages.workflow_try import workflow_try_routes
from host.pages.workflows import workflow_routes

_YEAR: Final = "public, max-age=31536000, immutable"


class _Files(StaticFiles):
    """Static files; one asked for by its digest never changes."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """The file."""
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = _YEAR if scope["query_string"] else "no-cache"
        return response


def pages(site: Site) -> Starlette:
    """The application of the pages, to be mounted beside the API."""

    async def get_root(request: Request) -> Response:
        return RedirectResponse(HOME, 303)

    return Starlette(
        routes=[
            Route("/", get_root, methods=["GET"]),
            Mount("/static", _Files(directory=STATIC)),
            *signing_in_routes(site),
            *connect_routes(site),
            *module_routes(site),
            *overview_routes(site),
            *field_routes(site),
            *event_routes(site),
            *send_all_routes(site),
            *queue_routes(site),
            *live_routes(site),
            *workflow_routes(site),
            *workflow_editor_routes(site),
            *workflow_try_routes(site),
            *workflow_log_routes(site),
            *customer_routes(site),
            *health_routes(site),
            *people_routes(site),
            *token_routes(site),
            *account_routes(site),
            *message_routes(site),
            *message_action_routes(site),
        ],
        middleware=[Middleware(Shield)],
        exception_handlers=dict(HANDLERS),
    )
