"""The workflow editor in a browser: by pointer, by keys, by its panel."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Dialog, Locator, Page, Route, expect

from tests.browser.canvas_page import CanvasServer, canvas_server, chain, node
from tests.browser.looks import Theme, axe_violations, overflow, resize, wear
from tests.browser.watch import Guard, Watched

HOSTILE = "<img src=x onerror=alert(1)> \u202eevil \u05d0\u05d1\u05d2 " + "long-" * 60
EXACT = 12345678901234567890
SMALL = chain(
    node("t", "event_trigger", event="point_add", x=40, y=80),
    node("ef1", "event_filter", rows=[{"attribute": "points", "operator": "is", "value": 5}]),
    node("mc1", "marketing_communication", connection="first", event="points_email"),
    node("i1", "interrupt"),
    edges=[("t", "success", "ef1"), ("ef1", "success", "mc1"), ("ef1", "failure", "i1")],
)


class Canvas:
    """The editor as a person uses it."""

    def __init__(self, page: Page, server: CanvasServer) -> None:
        self.page = page
        self.server = server
        self.status = page.get_by_role("status")
        self.board = page.locator(".flow-board")
        self.panel = page.locator(".flow-panel")

    def open(self, graph: dict[str, Any] | None = None) -> Canvas:
        """Go to the page, which holds this graph."""
        if graph is not None:
            self.server.graph = graph
        self.page.goto(self.server.url)
        expect(self.page.locator("flow-canvas.drawn")).to_be_visible()
        return self

    @property
    def graph(self) -> dict[str, Any]:
        """The value of the field, read."""
        value = self.page.locator("flow-canvas").evaluate("canvas => canvas.value")
        graph: dict[str, Any] = json.loads(value)
        return graph

    @property
    def dirty(self) -> bool:
        """Whether the editor holds what leaving would lose."""
        return bool(self.page.locator("flow-canvas").evaluate("canvas => canvas.dirty"))

    def edges(self) -> list[tuple[str, str, str]]:
        """(from, output, to) of every edge."""
        return [(one["from"], one["on"], one["to"]) for one in self.graph["edges"]]

    def fields(self, id_: str) -> dict[str, Any]:
        """A node as it is in the graph."""
        (found,) = (one for one in self.graph["nodes"] if one["id"] == id_)
        return dict(found)

    def card(self, id_: str) -> Locator:
        """The button of a node."""
        return self.page.locator(f'.flow-node[data-node="{id_}"] .flow-card')

    def item(self, title: str) -> Locator:
        """An entry of the list of nodes."""
        return self.page.locator(".flow-list").get_by_role("button", name=title, exact=True)

    def drag(self, what: Locator, x: float, y: float) -> None:
        """Take something by its middle and let it go at this point of the window."""
        what.hover()
        self.page.mouse.down()
        self.page.mouse.move(x - 20, y - 20, steps=3)
        self.page.mouse.move(x, y, steps=3)
        self.page.mouse.up()

    def pull(self, id_: str, output: str, to: str) -> None:
        """Drag from an output to a node."""
        box = self.card(to).bounding_box()
        assert box is not None
        tab = self.page.locator(f'.flow-node[data-node="{id_}"] [data-output="{output}"]')
        self.drag(tab, box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)

    def press(self, *keys: str) -> None:
        """Press keys, one after the other."""
        for key in keys:
            self.page.keyboard.press(key)

    def update(self) -> None:
        """Apply what stands in the panel."""
        self.panel.get_by_role("button", name="Update").click()


@pytest.fixture(scope="module")
def server() -> Iterator[CanvasServer]:
    """The page of the editor, for all tests of this file."""
    with canvas_server() as running:
        yield running


@pytest.fixture
def watch(again: Watched) -> Watched:
    """One page for all tests of this file."""
    return again


@pytest.fixture
def canvas(page: Page, guard: Guard, server: CanvasServer) -> Canvas:
    """The editor, not opened yet."""
    server.forget()
    guard.allow(server.url)
    return Canvas(page, server)


def test_a_graph_is_built_by_dragging(canvas: Canvas) -> None:
    canvas.open()
    board = canvas.board.bounding_box()
    assert board is not None
    left, top = board["x"], board["y"]

    canvas.drag(canvas.item("Event"), left + 140, top + 100)
    canvas.drag(canvas.item("Wait"), left + 560, top + 100)
    canvas.drag(canvas.item("Interrupt"), left + 560, top + 300)
    canvas.pull("et1", "success", "w1")
    canvas.pull("w1", "success", "i1")
    before = canvas.fields("i1")
    canvas.drag(canvas.card("i1"), left + 300, top + 400)

    assert canvas.edges() == [("et1", "success", "w1"), ("w1", "success", "i1")]
    assert canvas.fields("w1")["unit"] == "days"
    after = canvas.fields("i1")
    assert (after["x"], after["y"]) != (before["x"], before["y"])
    assert after["x"] % 10 == after["y"] % 10 == 0
    expect(canvas.panel).to_be_hidden()


def test_a_click_adds_after_the_selected_node(canvas: Canvas) -> None:
    canvas.open()

    for title in ("Event", "Event attribute filter", "Interrupt"):
        canvas.item(title).click()
    canvas.card("ef1").click()
    canvas.press("Escape")
    canvas.item("Wait").click()

    assert canvas.edges() == [
        ("et1", "success", "ef1"),
        ("ef1", "success", "i1"),
        ("ef1", "failure", "w1"),
    ]
    places = {(one["x"], one["y"]) for one in canvas.graph["nodes"]}
    assert len(places) == 4
    expect(canvas.status).to_have_text("Added Wait after Event attribute filter on failure.")


def test_a_whole_workflow_is_built_with_the_keyboard_alone(canvas: Canvas) -> None:
    canvas.open()
    page = canvas.page

    canvas.item("Event").focus()
    canvas.press("Enter")
    expect(page.get_by_label("Event type")).to_be_focused()
    page.keyboard.type("point_add")
    canvas.press("Enter")
    expect(canvas.card("et1")).to_be_focused()
    expect(canvas.card("et1")).to_have_accessible_name("Event, point_add")
    canvas.item("Event attribute filter").focus()
    canvas.press("Enter", "Escape")
    expect(canvas.card("ef1")).to_be_focused()
    canvas.item("Interrupt").focus()
    canvas.press("Enter", "Escape")
    canvas.press("Shift+Tab")
    expect(canvas.card("ef1")).to_be_focused()
    canvas.press("ArrowDown", "Shift+ArrowRight", "c", "f", "Tab", "Enter")
    expect(canvas.card("i1")).to_be_focused()
    expect(canvas.status).to_have_text("Connected Event attribute filter to Interrupt on failure.")
    canvas.press("Delete")
    expect(canvas.card("ef1")).to_be_focused()
    canvas.press("Control+z", "Control+z", "Control+Shift+Z")

    assert canvas.edges() == [
        ("et1", "success", "ef1"),
        ("ef1", "success", "i1"),
        ("ef1", "failure", "i1"),
    ]


def test_tab_follows_the_flow_arrows_move_and_undo_takes_the_way_back(canvas: Canvas) -> None:
    canvas.open(SMALL)

    canvas.card("i1").focus()
    for id_ in ("mc1", "ef1", "t"):
        canvas.press("Shift+Tab")
        expect(canvas.card(id_)).to_be_focused()
    canvas.press("ArrowRight", "ArrowRight", "ArrowDown")
    moved = canvas.fields("t")
    canvas.press("Control+z")

    assert (moved["x"], moved["y"]) == (60, 90)
    assert (canvas.fields("t")["x"], canvas.fields("t")["y"]) == (40, 80)
    expect(canvas.card("t")).to_be_focused()
    assert not canvas.dirty


def test_every_kind_of_field_is_set_in_the_panel(canvas: Canvas) -> None:
    canvas.open(
        chain(
            node("w1", "wait"),
            node("cf1", "customer_filter"),
            node("mc1", "marketing_communication"),
        )
    )
    panel = canvas.panel

    canvas.card("w1").click()
    panel.get_by_label("How long").fill("3")
    panel.get_by_label("Unit").select_option("hours")
    canvas.update()
    expect(canvas.card("w1")).to_be_focused()
    expect(canvas.card("w1")).to_have_accessible_name("Wait, 3 Hours")

    canvas.card("cf1").click()
    panel.get_by_label("Passes when").select_option("any")
    panel.get_by_role("button", name="Add condition").click()
    first = panel.get_by_role("group", name="Condition 1")
    expect(first.get_by_label("Attribute")).to_be_focused()
    canvas.page.keyboard.type("country")
    first.get_by_label("Operator").select_option("in_list")
    first.get_by_label("Values, one per line").fill("NL\n\n HU, or so \n")
    panel.get_by_role("button", name="Add condition").click()
    second = panel.get_by_role("group", name="Condition 2")
    second.get_by_label("Attribute").fill("tier")
    second.get_by_label("Operator").select_option("is_empty")
    canvas.update()

    canvas.card("mc1").click()
    panel.get_by_label("Connection").select_option("first")
    panel.get_by_label("External event", exact=False).first.fill("points_email")
    panel.get_by_label("External event type").select_option("transaction")
    for number, (key, type_, value) in enumerate(
        [("text", "Text", "12"), ("number", "Number", "12345678901234567890")], 1
    ):
        panel.get_by_role("button", name="Add row").click()
        row = panel.get_by_role("group", name=f"Row {number}", exact=True)
        row.get_by_label("Key").fill(key)
        row.get_by_label("As").select_option(type_)
        row.get_by_label("Value").locator("visible=true").fill(value)
    panel.get_by_role("button", name="Add row").click()
    row = panel.get_by_role("group", name="Row 3")
    row.get_by_label("Key").fill("flag")
    row.get_by_label("As").select_option("Yes/No")
    row.get_by_label("Value").locator("visible=true").select_option("No")
    panel.get_by_role("button", name="Add row").click()
    row = panel.get_by_role("group", name="Row 4")
    row.get_by_label("Key").fill("points")
    row.get_by_label("Field to insert").select_option("Event · Points")
    row.get_by_role("button", name="Insert").click()
    canvas.update()

    assert canvas.fields("w1")["amount"] == 3
    assert canvas.fields("w1")["unit"] == "hours"
    assert canvas.fields("cf1")["match"] == "any"
    assert canvas.fields("cf1")["rows"] == [
        {"attribute": "country", "operator": "in_list", "value": ["NL", "HU, or so"]},
        {"attribute": "tier", "operator": "is_empty"},
    ]
    sent = canvas.fields("mc1")
    assert (sent["connection"], sent["event"], sent["event_type"]) == (
        "first",
        "points_email",
        "transaction",
    )
    assert list(sent["payload"].items()) == [
        ("text", "12"),
        ("number", EXACT),
        ("flag", False),
        ("points", "{{ event.data.points }}"),
    ]


def test_a_node_says_in_words_what_it_is_set_to(canvas: Canvas) -> None:
    canvas.open(
        chain(
            node("w1", "wait", amount=3),
            node("w2", "wait", unit="hours"),
            node("sd1", "sync_data", connection="first"),
            node("sd2", "sync_data"),
        )
    )

    names = {"w1": "Wait, 3 Days", "w2": "Wait, Not set yet"}
    names |= {"sd1": "Sync data, First", "sd2": "Sync data, Not set yet"}
    for id_, name in names.items():
        expect(canvas.card(id_)).to_have_accessible_name(name)


def test_what_cannot_be_applied_is_said_where_it_was_typed(canvas: Canvas) -> None:
    payload = {"a": 1, "b": "two"}
    canvas.open(chain(node("mc1", "marketing_communication", payload=payload), node("w1", "wait")))
    panel = canvas.panel

    canvas.card("mc1").click()
    panel.get_by_role("group", name="Row 1").get_by_label("Value").first.fill("many")
    panel.get_by_role("group", name="Row 2").get_by_label("Key").fill("a")
    canvas.update()
    expect(panel).to_contain_text("Type a number")
    expect(panel).to_contain_text("This key is already there")
    expect(panel.get_by_role("group", name="Row 1").get_by_label("Value").first).to_be_focused()
    assert canvas.fields("mc1")["payload"] == payload
    panel.get_by_role("group", name="Row 1").get_by_label("Value").first.fill("1.50")
    panel.get_by_role("group", name="Row 2").get_by_role("button", name="Remove").click()
    canvas.update()
    assert canvas.fields("mc1")["payload"] == {"a": 1.5}

    canvas.card("w1").click()
    panel.get_by_label("How long").fill("0")
    canvas.update()
    expect(panel).to_contain_text("Type a whole number from 1 to 43,200.")
    panel.get_by_label("How long").fill("")
    canvas.update()
    expect(panel).to_be_hidden()


def test_a_choice_hangs_on_another_and_keeps_what_is_not_known(canvas: Canvas) -> None:
    canvas.open(
        chain(node("mc1", "marketing_communication", connection="gone", event_type="strange"))
    )
    panel = canvas.panel

    canvas.card("mc1").click()
    expect(panel.get_by_label("Connection").locator("option:checked")).to_have_text(
        "gone (not known)"
    )
    kinds = panel.get_by_label("External event type").locator("option")
    panel.get_by_label("Connection").select_option("second")
    expect(kinds).to_have_text(["Choose…", "Other", "strange (not known)"])
    canvas.update()

    assert canvas.fields("mc1")["event_type"] == "strange"
    assert canvas.fields("mc1")["connection"] == "second"


def test_what_nobody_edited_is_kept_as_it_was(canvas: Canvas) -> None:
    rows = [{"attribute": "points", "operator": "in_list", "value": [5, True], "note": "mine"}]
    payload = {"big": EXACT, "list": [1, {"two": 2}], "nothing": None, "kept": "x"}
    canvas.open(
        chain(
            node("ef1", "event_filter", rows=rows, colour="red"),
            node("mc1", "marketing_communication", payload=payload, event=7),
        )
    )
    panel = canvas.panel

    canvas.card("ef1").click()
    panel.get_by_label("Values, one per line").fill("5\ntrue\n6")
    canvas.update()
    canvas.card("mc1").click()
    panel.get_by_role("group", name="Row 4").get_by_label("Value").first.fill("y")
    canvas.update()

    assert canvas.fields("ef1")["rows"] == [rows[0] | {"value": [5, True, "6"]}]
    assert canvas.fields("ef1")["colour"] == "red"
    assert canvas.fields("mc1")["payload"] == payload | {"kept": "y"}
    assert canvas.fields("mc1")["event"] == 7


def test_an_edit_that_was_not_applied_is_not_lost_by_chance(canvas: Canvas) -> None:
    canvas.open(SMALL)
    panel = canvas.panel

    canvas.card("t").click()
    panel.get_by_label("Event type").fill("checkout")
    canvas.press("Escape")
    expect(canvas.status).to_contain_text("Not applied yet")
    expect(panel).to_be_visible()
    assert canvas.dirty
    canvas.press("Escape")
    expect(canvas.card("t")).to_be_focused()
    assert canvas.fields("t")["event"] == "point_add"

    canvas.press("Enter")
    panel.get_by_label("Event type").fill("checkout")
    canvas.page.get_by_role("button", name="Save").click()
    expect(canvas.page).to_have_title("Saved")
    saved = json.loads(canvas.server.saved[0])
    assert saved["nodes"][0]["event"] == "checkout"


def test_the_panel_tells_and_changes_what_comes_next(canvas: Canvas) -> None:
    canvas.open(SMALL)
    panel = canvas.panel

    canvas.card("mc1").click()
    next_ = panel.get_by_label("Next node on failure")
    assert next_.locator("option:not([disabled])").all_text_contents() == [
        "Choose a node…",
        "Interrupt",
    ]
    expect(next_.locator("option[disabled]")).to_have_text(re.compile("would go in a circle"))
    next_.select_option("i1")
    panel.get_by_role("button", name="Add on failure").click()
    expect(next_).to_be_focused()
    assert ("mc1", "failure", "i1") in canvas.edges()
    panel.get_by_role("button", name="Remove Interrupt on failure").click()

    assert ("mc1", "failure", "i1") not in canvas.edges()
    expect(panel).to_be_visible()


def test_a_removed_node_comes_back_with_its_edges(canvas: Canvas) -> None:
    canvas.open(SMALL)

    canvas.card("ef1").focus()
    canvas.press("Delete")
    assert canvas.edges() == []
    expect(canvas.card("mc1")).to_be_focused()
    canvas.page.get_by_role("button", name="Undo").click()
    assert len(canvas.edges()) == 3
    expect(canvas.status).to_have_text("Undone: Removed Event attribute filter.")
    canvas.page.get_by_role("button", name="Redo").click()

    assert canvas.edges() == []


def test_an_edge_is_pressed_and_removed(canvas: Canvas) -> None:
    canvas.open(
        chain(
            node("t", "event_trigger", x=40, y=80),
            node("w1", "wait", x=500, y=80),
            edges=[("t", "success", "w1")],
        )
    )
    target = canvas.card("w1").bounding_box()
    assert target is not None

    canvas.page.mouse.click(target["x"] - 40, target["y"] + target["height"] / 2)
    cut = canvas.page.get_by_role("button", name="Remove the connection from Event to Wait")
    expect(cut).to_be_focused()
    canvas.press("Delete")

    assert canvas.edges() == []
    expect(canvas.card("t")).to_be_focused()


def test_what_cannot_be_is_refused_with_words(canvas: Canvas) -> None:
    canvas.open(SMALL)
    board = canvas.board.bounding_box()
    assert board is not None

    expect(canvas.item("Event")).to_be_disabled()
    canvas.item("Event").click(force=True)
    expect(canvas.status).to_have_text("Event: Only one in a workflow.")
    loose = canvas.page.locator('.flow-node[data-node="mc1"] [data-output="failure"]')
    canvas.drag(loose, board["x"] + 60, board["y"] + board["height"] - 40)
    expect(canvas.status).to_contain_text("let go over the node")
    canvas.card("mc1").focus()
    canvas.press("c", "s", "Shift+Tab", "Enter")
    expect(canvas.status).to_contain_text("That would go in a circle")
    canvas.card("t").focus()
    canvas.press("Enter")
    expect(canvas.status).to_contain_text("a trigger starts the workflow")
    canvas.card("mc1").focus()
    canvas.press("Enter")
    expect(canvas.status).to_contain_text("cannot go on to itself")
    canvas.press("Escape")
    expect(canvas.status).to_have_text("Not connected.")
    canvas.pull("ef1", "success", "mc1")
    expect(canvas.status).to_contain_text("already goes on to")

    assert len(canvas.edges()) == 3
    assert len(canvas.graph["nodes"]) == 4
    assert not canvas.dirty


def test_faults_stand_on_nodes_at_fields_and_in_a_list(canvas: Canvas) -> None:
    canvas.server.faults = [
        {"node": "mc1", "field": "event_type", "level": "fault", "message": "Choose a type."},
        {"node": "mc1", "field": "", "level": "warning", "message": "Sent twice."},
        {"node": "", "field": "", "level": "fault", "message": "Something is amiss."},
    ]
    canvas.open(SMALL)

    expect(canvas.card("mc1")).to_have_accessible_name(
        "Trigger marketing communication, points_email, 1 fault, 1 warning"
    )
    expect(canvas.page.get_by_role("heading", name="2 faults, 1 warning")).to_be_visible()
    expect(canvas.page.get_by_text("Something is amiss.")).to_be_visible()
    canvas.page.get_by_role("button", name="Choose a type.").click()

    type_ = canvas.panel.get_by_label("External event type")
    expect(type_).to_be_focused()
    expect(type_).to_have_attribute("aria-invalid", "true")
    expect(type_).to_have_accessible_description("Choose a type.")


def test_each_change_is_checked_once_it_rests(canvas: Canvas) -> None:
    canvas.server.answer = [{"node": "i1", "field": "", "level": "fault", "message": "Not so."}]
    canvas.open(SMALL)

    canvas.card("i1").focus()
    canvas.press("ArrowRight", "ArrowRight", "ArrowRight")
    expect(canvas.card("i1")).to_have_accessible_name("Interrupt, 1 fault")
    canvas.server.answer = []
    canvas.press("ArrowRight")
    expect(canvas.card("i1")).to_have_accessible_name("Interrupt")

    assert [one["nodes"] for one in canvas.server.checked][-1] == canvas.graph["nodes"]
    assert len(canvas.server.checked) == 2


def test_the_answer_to_an_older_graph_is_not_shown(canvas: Canvas) -> None:
    newer = {"node": "i1", "field": "", "level": "fault", "message": "Newer."}
    asked: list[Route] = []

    def answer_the_second(route: Route) -> None:
        asked.append(route)
        if len(asked) == 2:
            route.fulfill(json={"faults": [newer]})

    canvas.page.route("**/check", answer_the_second)
    canvas.open(SMALL)

    canvas.card("i1").focus()
    with canvas.page.expect_request("**/check"):
        canvas.press("ArrowRight")
    canvas.press("ArrowDown")
    expect(canvas.page.get_by_text("Newer.")).to_be_visible()

    assert asked[0].request.failure == "net::ERR_ABORTED"


def test_a_check_that_fails_keeps_what_was_found(canvas: Canvas, guard: Guard) -> None:
    guard.excuse("500")
    canvas.server.faults = [{"node": "i1", "field": "", "level": "fault", "message": "Older."}]
    canvas.open(SMALL)
    canvas.page.route("**/check", lambda route: route.fulfill(status=500))

    canvas.card("i1").focus()
    canvas.press("ArrowRight")

    expect(canvas.page.get_by_text("could not be checked just now")).to_be_visible()
    expect(canvas.page.get_by_text("Older.")).to_be_visible()
    canvas.page.unroute("**/check")
    canvas.press("ArrowRight")
    expect(canvas.page.get_by_text("could not be checked just now")).to_be_hidden()


def test_a_route_is_only_read(canvas: Canvas) -> None:
    canvas.server.route = [
        {"node": "t", "outcome": "success"},
        {"node": "ef1", "outcome": "failure"},
        {"node": "i1", "outcome": "stopped"},
    ]
    canvas.open(SMALL)

    expect(canvas.card("ef1")).to_have_accessible_name(
        re.compile("^Event attribute filter, .*passed with failure$")
    )
    expect(canvas.card("mc1")).to_have_accessible_name(
        "Trigger marketing communication, points_email"
    )
    expect(canvas.page.locator(".flow-edge.taken")).to_have_count(2)
    expect(canvas.page.locator(".flow-list")).to_have_count(0)
    box = canvas.board.bounding_box()
    assert box is not None
    canvas.drag(canvas.card("i1"), box["x"] + 300, box["y"] + 300)
    canvas.card("ef1").focus()
    canvas.press("Enter", "ArrowRight", "Delete", "Control+z")
    expect(canvas.panel).to_contain_text("Points is 5")
    expect(canvas.panel.get_by_role("textbox")).to_have_count(0)
    canvas.press("Escape")

    assert len(canvas.graph["nodes"]) == 4
    assert not canvas.dirty


def test_the_value_goes_with_the_form_and_a_reset_takes_it_back(canvas: Canvas) -> None:
    canvas.open(SMALL | {"comment": "kept"})
    first = canvas.graph
    changes = (
        "canvas => { window.heard = 0; canvas.form.addEventListener('change', () => heard++) }"
    )
    canvas.page.locator("flow-canvas").evaluate(changes)

    canvas.item("Wait").click()
    assert canvas.dirty
    assert canvas.page.evaluate("heard") == 1
    canvas.page.get_by_role("button", name="Discard").click()
    assert canvas.graph == first
    assert not canvas.dirty
    canvas.card("i1").focus()
    canvas.press("Delete")
    wanted = canvas.graph
    canvas.page.get_by_role("button", name="Save").click()
    expect(canvas.page).to_have_title("Saved")

    assert json.loads(canvas.server.saved[0]) == wanted
    assert wanted["comment"] == "kept"
    assert len(canvas.server.saved) == 1


def test_leaving_with_changes_asks_first(canvas: Canvas) -> None:
    canvas.open(SMALL)
    asked: list[str] = []

    def accept(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    canvas.page.once("dialog", accept)

    canvas.page.reload()
    canvas.item("Wait").click()
    canvas.page.reload()

    assert asked == ["beforeunload"]


def test_nodes_without_a_place_get_one_and_tidy_puts_all_in_columns(canvas: Canvas) -> None:
    canvas.open(SMALL)
    assert all(isinstance(one["x"], int) for one in canvas.graph["nodes"])
    assert not canvas.dirty

    canvas.card("i1").focus()
    canvas.press(*["ArrowLeft"] * 3)
    canvas.page.get_by_role("button", name="Tidy").click()

    xs = [canvas.fields(id_)["x"] for id_ in ("t", "ef1", "mc1", "i1")]
    assert xs[0] < xs[1] < xs[2] == xs[3]
    assert canvas.fields("mc1")["y"] < canvas.fields("i1")["y"]


def test_the_board_is_panned_and_zoomed(canvas: Canvas) -> None:
    canvas.open(SMALL)
    zoom = canvas.page.get_by_role("button", name="back to 100 %")
    board = canvas.board.bounding_box()
    before = canvas.card("t").bounding_box()
    assert board is not None and before is not None

    zoom.click()
    expect(zoom).to_have_text("100 %")
    for _ in range(12):
        canvas.page.get_by_role("button", name="Zoom in").click()
    expect(zoom).to_have_text("200 %")
    canvas.page.mouse.move(board["x"] + 100, board["y"] + 100)
    canvas.page.keyboard.down("Control")
    canvas.page.mouse.wheel(0, 4000)
    canvas.page.keyboard.up("Control")
    expect(zoom).to_have_text("25 %")
    canvas.page.get_by_role("button", name="Fit").click()
    canvas.page.mouse.move(board["x"] + 30, board["y"] + 30)
    start = canvas.card("t").bounding_box()
    canvas.page.mouse.down()
    canvas.page.mouse.move(board["x"] + 130, board["y"] + 90, steps=4)
    canvas.page.mouse.up()
    end = canvas.card("t").bounding_box()

    assert start is not None and end is not None
    assert (round(end["x"] - start["x"]), round(end["y"] - start["y"])) == (100, 60)


def test_hostile_text_is_only_text(canvas: Canvas) -> None:
    canvas.server.faults = [
        {"node": "t", "field": "event", "level": "fault", "message": HOSTILE},
        {"node": "", "field": "", "level": "warning", "message": HOSTILE},
    ]
    canvas.open(
        chain(
            node("t", "event_trigger", event=HOSTILE),
            node(HOSTILE, HOSTILE, __proto__=HOSTILE),
            node("mc1", "marketing_communication", payload={HOSTILE: HOSTILE, "__proto__": 1}),
            edges=[("t", "success", HOSTILE), (HOSTILE, "failure", "gone"), ("t", "<b>", "mc1")],
        )
    )
    first = canvas.graph

    for card in (canvas.card("t"), canvas.page.locator(".flow-card").nth(1), canvas.card("mc1")):
        card.focus()
        canvas.press("Enter")
        expect(canvas.panel).to_be_visible()
        assert not overflow(canvas.page)
    canvas.panel.get_by_role("group", name="Row 1").get_by_label("Value").first.fill("x")
    canvas.update()

    assert canvas.page.locator("flow-canvas img, flow-canvas b").count() == 0
    assert canvas.fields("mc1")["payload"] == {HOSTILE: "x", "__proto__": 1}
    assert canvas.graph["edges"] == first["edges"]


def test_text_that_is_no_graph_stays_to_be_mended(canvas: Canvas) -> None:
    canvas.server.graph = '{"nodes": [{"id": "t"'
    canvas.page.goto(canvas.server.url)

    expect(canvas.page.get_by_role("alert")).to_contain_text("no graph")
    canvas.page.get_by_label("Graph").fill('{"nodes": []}')
    canvas.page.get_by_role("button", name="Save").click()
    expect(canvas.page).to_have_title("Saved")

    assert canvas.server.saved == ['{"nodes": []}']


def test_the_list_is_searched(canvas: Canvas) -> None:
    canvas.open()

    canvas.page.get_by_role("searchbox", name="Find a node").fill("filter")
    expect(canvas.status).to_have_text("2 nodes found.")
    expect(canvas.item("Wait")).to_be_hidden()
    canvas.press("Enter")
    expect(canvas.item("Event attribute filter")).to_be_focused()
    canvas.page.get_by_role("searchbox").fill("nothing of the kind")

    expect(canvas.page.get_by_text("No node is called that.")).to_be_visible()


def test_a_hundred_nodes_stay_usable(canvas: Canvas) -> None:
    nodes = [node("t", "event_trigger"), *(node(f"ef{n}", "event_filter") for n in range(1, 100))]
    edges = [("t", "success", "ef1")]
    for number in range(2, 100):
        edges.append((f"ef{number // 2}", "failure" if number % 2 else "success", f"ef{number}"))
    canvas.open(chain(*nodes, edges=edges))

    canvas.page.get_by_role("button", name="Fit").click()
    canvas.card("ef99").focus()
    canvas.press("ArrowDown", "c", "s")
    canvas.card("ef98").focus()
    canvas.press("Enter")
    canvas.item("Wait").click(force=True)

    expect(canvas.status).to_have_text("Wait: A workflow has at most 100 nodes.")
    assert ("ef99", "success", "ef98") in canvas.edges()


def test_a_finger_adds_connects_and_pans(canvas: Canvas) -> None:
    canvas.open(chain(node("t", "event_trigger", x=40, y=80), node("w1", "wait", x=40, y=220)))

    canvas.page.locator('.flow-node[data-node="t"] [data-output="success"]').click()
    expect(canvas.page.get_by_role("group", name="Which node comes next")).to_contain_text(
        "choose the node that comes next"
    )
    canvas.card("w1").click()

    assert canvas.edges() == [("t", "success", "w1")]


def test_what_is_added_while_connecting_is_its_end(canvas: Canvas) -> None:
    canvas.open(SMALL)

    canvas.card("mc1").focus()
    canvas.press("c", "f")
    canvas.item("Wait").click()

    assert ("mc1", "failure", "w1") in canvas.edges()
    expect(canvas.page.get_by_role("group", name="Which node comes next")).to_be_hidden()


def test_a_narrow_list_makes_way_for_what_was_added(canvas: Canvas) -> None:
    resize(canvas.page, 390)
    canvas.open(SMALL)
    more = canvas.page.get_by_role("button", name="Add a node")

    expect(canvas.item("Wait")).to_be_hidden()
    more.click()
    canvas.item("Wait").click()

    expect(canvas.card("w1")).to_be_focused()
    expect(canvas.card("w1")).to_be_in_viewport()
    expect(more).to_have_attribute("aria-expanded", "false")


@pytest.mark.parametrize(("theme", "width"), (("light", 1280), ("dark", 320)))
def test_everybody_can_use_it(canvas: Canvas, theme: Theme, width: int) -> None:
    wear(canvas.page, theme)
    resize(canvas.page, width)
    canvas.server.faults = [
        {"node": "mc1", "field": "event_type", "level": "fault", "message": "Choose a type."},
        {"node": "ef1", "field": "rows", "level": "warning", "message": "Never seen."},
    ]
    canvas.open(SMALL)
    if width < 1280:
        canvas.page.get_by_role("button", name="Add a node").click()

    assert axe_violations(canvas.page) == []
    assert overflow(canvas.page) == []
    canvas.card("ef1").focus()
    canvas.press("c")
    assert axe_violations(canvas.page) == []
    canvas.press("Escape")
    canvas.card("mc1").focus()
    canvas.press("Enter")
    canvas.panel.get_by_role("button", name="Add row").click()

    assert axe_violations(canvas.page) == []
    assert overflow(canvas.page) == []


def test_an_empty_board_and_a_route_are_for_everybody(canvas: Canvas) -> None:
    wear(canvas.page, "dark")
    resize(canvas.page, 390)
    canvas.open()
    assert axe_violations(canvas.page) == []
    assert overflow(canvas.page) == []
    canvas.page.get_by_role("button", name="Add Event").click()
    expect(canvas.card("et1")).to_be_visible()
    canvas.page.get_by_role("button", name="Discard").click()
    canvas.server.route = [
        {"node": "t", "outcome": "success"},
        {"node": "ef1", "outcome": "waiting"},
    ]
    canvas.open(SMALL)
    canvas.card("ef1").focus()
    canvas.press("Enter")

    assert axe_violations(canvas.page) == []
    assert overflow(canvas.page) == []
