// The pieces of the editor and how they stand: tools, board, beside it the list of nodes or the
// panel of one, below it what happened and what is wrong.

import { Banner } from "./banner.js";
import { Board } from "./board.js";
import { button, foreign, make } from "./dom.js";
import { FaultList } from "./faultlist.js";
import { Gestures } from "./gestures.js";
import { listen } from "./keys.js";
import { Panel } from "./panel.js";
import { Sidebar } from "./sidebar.js";
import { Toolbar } from "./toolbar.js";

export class Stage {
  board;
  panel;
  banner = new Banner();
  gestures;
  #acts;
  #sidebar;
  #toolbar;
  #list;
  #opened; // id of the node whose panel is shown
  #listAt = 0; // how far the list of nodes was scrolled
  #aside = make("div", { class: "flow-aside" });
  #status = make("p", { class: "flow-status", role: "status" });

  // Fills `element`. What people do goes to the `acts` of editor.js.
  constructor(element, palette, readonly, acts) {
    this.#acts = acts;
    this.#toolbar = new Toolbar(
      {
        ...acts,
        fit: () => this.fit(),
        zoom: (factor) => this.#glide((view) => view.zoomTo(view.zoom * factor)),
        unzoom: () => this.#glide((view) => view.zoomTo(1)),
      },
      readonly,
    );
    this.board = new Board(palette, acts, (zoom) => this.#toolbar.showZoom(zoom));
    this.panel = new Panel(palette, acts);
    this.#sidebar = new Sidebar(palette, acts);
    this.#list = new FaultList(palette, acts);
    this.gestures = new Gestures(this.board, acts);
    listen(element, acts, (target) => this.board.idOf(target));
    this.board.invite(...this.#invitation(readonly));
    this.#aside.append(...(readonly ? [] : [this.#sidebar.element]), this.panel.element);
    element.replaceChildren(
      this.#toolbar.element,
      make(
        "div",
        { class: "flow-main" },
        make("div", { class: "flow-window" }, this.board.surface, this.banner.element),
        this.#aside,
      ),
      this.#status,
      this.#list.element,
    );
  }

  // Whether the focus is in the panel.
  get inPanel() {
    return this.panel.element.contains(document.activeElement);
  }

  // Whether it is there or on the board.
  get focused() {
    return this.inPanel || this.board.surface.contains(document.activeElement);
  }

  say(words) {
    this.#status.textContent = words;
  }

  // Shows {graph, history, selected, edge, connecting, faults, unsure, route, readonly}.
  show(state) {
    this.board.show(state);
    this.panel.refresh(state);
    this.#showAside();
    this.#sidebar.show(state.graph);
    this.#toolbar.show(state.history);
    this.#list.show(state);
  }

  // Where the list of nodes takes the room of the board, it makes way; answers whether it did.
  foldList() {
    const folded = this.#sidebar.unfolded;
    this.#sidebar.unfold(false);
    if (folded) this.board.surface.scrollIntoView({ block: "nearest" });
    return folded;
  }

  // Scrolls the page to the panel, where it stands below the board.
  showPanel() {
    this.#aside.scrollIntoView({ block: "nearest" });
  }

  // A panel begins at its top; the list of nodes is found again where it was left.
  #showAside() {
    const { id } = this.panel;
    if (id === this.#opened) return;
    if (this.#opened === undefined) this.#listAt = this.#aside.scrollTop;
    this.#opened = id;
    this.#aside.classList.toggle("opened", id !== undefined);
    this.#aside.scrollTop = id === undefined ? this.#listAt : 0;
  }

  fit() {
    this.#glide((view) => view.fit(this.board.bounds));
  }

  #glide(change) {
    this.board.surface.classList.add("gliding");
    change(this.board.view);
  }

  // What an empty board says.
  #invitation(readonly) {
    if (readonly) return [make("p", {}, "This workflow has no nodes.")];
    const kind = this.#sidebar.first;
    if (!kind) return [];
    const press = button("Add ", (event) => this.#acts.add(kind, event.detail > 0), { class: "primary" });
    press.append(foreign(kind.title));
    return [
      make("p", {}, make("strong", {}, "Nothing here yet.")),
      make(
        "p",
        {},
        "Start with a trigger: press ",
        make("em", {}, foreign(kind.title)),
        " in the list, or drag it here.",
      ),
      press,
    ];
  }
}
