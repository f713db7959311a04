// The buttons above the board, and what the keys do.

import { button, make } from "./dom.js";

const KEYS = [
  ["Tab", "goes from node to node, in the order of the flow"],
  ["Enter", "opens a node; Escape leaves it"],
  ["Arrows", "move a node by 10, with Shift by 50"],
  ["C", "connects: then Enter on the node that comes next"],
  ["Delete", "removes a node"],
  ["Ctrl+Z", "undoes, Ctrl+Shift+Z redoes"],
  ["Ctrl+wheel", "zooms, the wheel and dragging move the board"],
];
const KEYS_TO_READ = KEYS.filter(([key]) => ["Tab", "Enter", "Ctrl+wheel"].includes(key));
const FACTOR = 1.25; // of one step of the zoom

// What hangs over the board goes when somebody goes elsewhere.
function leftKeys({ currentTarget, relatedTarget }) {
  if (!currentTarget.contains(relatedTarget)) currentTarget.open = false;
}

function escapedKeys(event) {
  if (event.key !== "Escape" || !event.currentTarget.open) return;
  event.preventDefault();
  event.currentTarget.open = false;
}

export class Toolbar {
  element;
  #undo;
  #redo;
  #zoom;

  // `acts`: undo(), redo(), tidy(), fit(), zoom(factor) and unzoom().
  constructor(acts, readonly) {
    this.#undo = button("Undo", acts.undo, { title: "Ctrl+Z" });
    this.#redo = button("Redo", acts.redo, { title: "Ctrl+Shift+Z" });
    this.#zoom = button("100 %", acts.unzoom, { class: "flow-zoom", title: "Back to 100 %" });
    const change = [this.#undo, this.#redo, button("Tidy", acts.tidy, { title: "Put the nodes in columns" })];
    this.element = make(
      "div",
      { class: "flow-tools", role: "group", "aria-label": "Board" },
      ...(readonly ? [] : change),
      button("Fit", acts.fit, { title: "Show the whole workflow" }),
      make(
        "span",
        { class: "flow-zooming" },
        button("−", () => acts.zoom(1 / FACTOR), { "aria-label": "Zoom out" }),
        this.#zoom,
        button("+", () => acts.zoom(FACTOR), { "aria-label": "Zoom in" }),
      ),
      make(
        "details",
        { class: "flow-keys", on: { focusout: leftKeys, keydown: escapedKeys } },
        make("summary", {}, "Keys"),
        make(
          "dl",
          {},
          ...(readonly ? KEYS_TO_READ : KEYS).flatMap(([key, does]) => [
            make("dt", {}, make("kbd", {}, key)),
            make("dd", {}, does),
          ]),
        ),
      ),
    );
  }

  show(history) {
    // A disabled button loses the focus; one that says so keeps it.
    this.#undo.setAttribute("aria-disabled", String(!history.undoable));
    this.#redo.setAttribute("aria-disabled", String(!history.redoable));
  }

  showZoom(zoom) {
    const words = `${Math.round(zoom * 100)} %`;
    this.#zoom.textContent = words;
    this.#zoom.setAttribute("aria-label", `Zoom ${words}, back to 100 %`);
  }
}
