"""The frame of every page of a workflow: its name, state, tabs and switches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from host.configure import WorkflowView
from host.pages.drawing import draw
from host.pages.site import Site

TABS: Final = (
    ("", "Editor"),
    ("/try", "Run with a sample"),
    ("/log", "Log"),
    ("/running", "Running workflows"),
    ("/versions", "Versions"),
)
"""The pages of a workflow: path below it, and words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkflowFrame:
    """What surrounds a page of one workflow."""

    view: WorkflowView

    @property
    def path(self) -> str:
        """The address under which the workflow's pages lie."""
        return f"/workflows/{self.view.row.id}"


async def find_workflow_frame(site: Site, request: Request) -> WorkflowFrame:
    """The frame of the workflow that the address names. Raises NotFound."""
    return WorkflowFrame(view=await site.workflows.find(request.path_params["id"]))


async def draw_workflow(
    site: Site,
    request: Request,
    template: str,
    frame: WorkflowFrame,
    *,
    tab: str,
    status: int = 200,
    **context: Any,
) -> Response:
    """A page of a workflow; `tab` is the path of its tab below the workflow."""
    return await draw(
        site,
        request,
        template,
        status=status,
        frame=frame,
        view=frame.view,
        row=frame.view.row,
        tabs=TABS,
        tab=tab,
        active="/workflows",
        **context,
    )
