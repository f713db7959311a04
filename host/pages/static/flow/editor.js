// The editor: puts board, panel and list of nodes together, and knows what is selected, what is
// being connected and where the focus goes.

import { Banner } from "./banner.js";
import { Board } from "./board.js";
import { bare, button, foreign, make } from "./dom.js";
import { FaultList } from "./faultlist.js";
import { Gestures } from "./gestures.js";
import { leaving } from "./graph.js";
import { listen } from "./keys.js";
import { Panel } from "./panel.js";
import { around, placeFor } from "./placing.js";
import { Route } from "./route.js";
import { Sidebar } from "./sidebar.js";
import { Toolbar } from "./toolbar.js";
import { Workflow } from "./workflow.js";

export class Editor {
  readonly;
  #palette;
  #changed;
  #workflow;
  #selected = null;
  #edge = null; // that may be removed
  #connecting = null; // {from, on}
  #faults;
  #unsure = false; // whether the faults are of an older graph
  #route;
  #warned = false; // that leaving the panel drops what was typed
  #board;
  #panel;
  #sidebar;
  #toolbar;
  #banner = new Banner();
  #list;
  #gestures;
  #status = make("p", { class: "flow-status", role: "status" });

  // Fills `element`. `changed()` hears of each new graph. `route` is null or the nodes that a run
  // passed, in order: [{node, outcome}].
  constructor(element, { palette, graph, faults, route, readonly }, changed) {
    this.readonly = readonly;
    this.#palette = palette;
    this.#changed = changed;
    this.#faults = faults;
    this.#route = route && new Route(route);
    this.#workflow = new Workflow(palette, graph, (words) => this.#step(words));
    this.#draw(element);
    this.#show();
    this.#board.view.startWhenSeen(() => this.#board.bounds);
  }

  get graph() {
    return this.#workflow.graph;
  }

  // Whether the panel holds what was not applied.
  get pending() {
    return this.#panel.pending;
  }

  // Begins anew with this graph.
  load(graph) {
    this.#workflow.load(graph);
    [this.#selected, this.#edge] = [null, null];
    this.#stopConnecting();
    this.#panel.open(null);
    this.#show();
  }

  // `unsure`: nobody could say what is wrong now, so the older faults stand.
  showFaults(faults, unsure = false) {
    this.#faults = faults ?? this.#faults;
    this.#unsure = unsure;
    this.#show();
  }

  // Applies what the panel holds. False if some of it cannot be applied: it then has the focus.
  settle() {
    if (!this.#panel.pending || this.#panel.apply()) return true;
    this.#say("Something typed in the panel cannot be applied: mend it first.");
    return false;
  }

  undo() {
    if (!this.#workflow.history.undoable) this.#say("There is nothing to undo.");
    else this.#turn(() => this.#workflow.undo());
  }

  redo() {
    if (!this.#workflow.history.redoable) this.#say("There is nothing to redo.");
    else this.#turn(() => this.#workflow.redo());
  }

  // Opens the panel of a node, at one of its fields if it is named; while a connection is made,
  // the node is its end. A pointer leaves the focus on the node, keys go on in the panel.
  open(id, { pointer = false, field } = {}) {
    if (this.#connecting) return this.#connect({ ...this.#connecting, to: id });
    if (id !== this.#panel.id && !this.settle()) return;
    [this.#selected, this.#edge, this.#warned] = [id, null, false];
    if (id !== this.#panel.id) this.#panel.open(id, this.#state());
    this.#show();
    this.#board.reveal(id);
    if (pointer) {
      this.#board.focus(id);
      this.#panel.element.scrollIntoView({ block: "nearest" });
    } else {
      this.#panel.focus(field);
    }
  }

  remove(id) {
    const { order } = this.#board;
    const next = order[order.indexOf(id) + 1] ?? order[order.indexOf(id) - 1];
    if (this.#panel.id === id) this.#panel.open(null);
    if (this.#connecting?.from === id) this.#stopConnecting();
    this.#selected = next ?? null;
    this.#workflow.remove(id);
    this.#focus(next);
  }

  nudge(id, dx, dy) {
    const { x, y } = this.#workflow.node(id);
    this.#workflow.move(id, { x: x + dx, y: y + dy }, `move ${id}`);
    this.#board.reveal(id);
  }

  // Begins a connection at a node; asks which output when it has several.
  begin(id, output) {
    const { outputs } = this.#workflow.kind(id);
    const name = this.#workflow.name(id);
    if (!outputs.length) return this.#say(`${name} ends the run: nothing comes after it.`);
    this.#select(id);
    if (output === undefined && outputs.length > 1) {
      this.#say(`Connect ${name}: choose ${outputs.map(bare).join(" or ")}. Escape leaves.`);
      return this.#banner.choose(name, outputs, (chosen) => this.begin(id, chosen), () => this.leave());
    }
    const on = output ?? outputs[0];
    this.#connecting = { from: id, on };
    this.#banner.tell(name, on, () => this.leave());
    this.#say(`Connecting ${name} on ${bare(on)}: go to the node that comes next and press Enter. Escape leaves.`);
    this.#show();
    this.#board.focus(id);
  }

  // Leaves whatever is going on. False if nothing was.
  leave() {
    if (this.#gestures.leave()) this.#say("Put back.");
    else if (this.#banner.shown) this.#leaveConnecting();
    else if (this.#edge) this.#leaveEdge();
    else if (this.#panel.id !== undefined) this.#leavePanel();
    else return false;
    return true;
  }

  #leaveConnecting() {
    this.#stopConnecting();
    this.#show();
    this.#focus(this.#selected);
    this.#say("Not connected.");
  }

  #leaveEdge() {
    const { from } = this.#edge;
    this.#edge = null;
    this.#show();
    this.#focus(from);
  }

  #leavePanel() {
    const { id, pending } = this.#panel;
    if (pending && !this.#warned) {
      this.#warned = true;
      return this.#say("Not applied yet: Update applies what was typed, leaving again drops it.");
    }
    this.#closePanel();
    this.#say(pending ? `Left ${this.#workflow.name(id)} as it was.` : "");
  }

  // What the list of nodes is pressed for: one more, after the selected one or on its own.
  #add(kind, pointer) {
    if (!this.settle()) return;
    const after = this.#workflow.node(this.#selected);
    const outputs = after && kind.inputs !== 0 ? this.#workflow.kind(after.id).outputs : [];
    const free = outputs.find((output) => !leaving(this.graph, after.id, output).length);
    const wanted = placeFor(kind, after, free, this.graph, this.#palette, this.#board.view.centre());
    const id = this.#put(kind, wanted, free && { from: after.id, on: free });
    this.#board.reveal(id);
    if (!pointer) this.open(id); // by keys, the next step is to set it
  }

  #drop(kind, event) {
    const rim = this.#board.surface.getBoundingClientRect();
    const inside = event.clientX > rim.left && event.clientX < rim.right && event.clientY > rim.top && event.clientY < rim.bottom;
    if (!inside) return this.#say("Not added: let go over the board.");
    if (this.settle()) this.#focus(this.#put(kind, around(kind, this.#board.view.at(event))));
  }

  #put(kind, wanted, from) {
    return this.#workflow.add(kind, wanted, from, (id) => {
      this.#panel.open(null);
      [this.#selected, this.#edge] = [id, null];
    });
  }

  #connect(edge) {
    const why = this.#workflow.refusal(edge);
    if (why) return this.#say(why);
    const inPanel = this.#inPanel();
    this.#stopConnecting();
    this.#selected = inPanel ? edge.from : edge.to;
    this.#workflow.connect(edge);
    if (!inPanel) this.#focus(edge.to);
  }

  #cut(edge) {
    const inPanel = this.#inPanel();
    this.#edge = null;
    this.#workflow.cut(edge);
    if (!inPanel) this.#focus(edge.from);
  }

  #tidy() {
    if (!this.graph.nodes.length) return this.#say("There is nothing to tidy yet.");
    this.#workflow.tidy();
    this.#glide((view) => view.fit(this.#board.bounds));
  }

  #turn(step) {
    const inside = this.#board.surface.contains(document.activeElement) || this.#inPanel();
    this.#stopConnecting();
    this.#edge = null;
    step();
    if (inside && document.activeElement === document.body) this.#focus(this.#selected);
  }

  // The workflow took a step.
  #step(words) {
    if (!this.#workflow.node(this.#selected)) this.#selected = null;
    this.#show();
    this.#say(words);
    this.#changed();
  }

  // *Update*.
  #apply() {
    if (this.#panel.apply()) this.#closePanel();
  }

  #closePanel() {
    const { id } = this.#panel;
    this.#panel.open(null);
    this.#show();
    this.#focus(id);
  }

  #select(id) {
    [this.#selected, this.#edge] = [id, null];
    this.#show();
  }

  #choose(edge) {
    this.#edge = edge;
    this.#show();
    this.#board.focusCut();
    this.#say(`The connection from ${this.#workflow.path(edge)}: Delete removes it.`);
  }

  // A press on nothing.
  #ground() {
    if (!this.settle()) return;
    this.#stopConnecting();
    this.#panel.open(null);
    this.#select(null);
    this.#focus(null);
  }

  #stopConnecting() {
    this.#connecting = null;
    this.#banner.hide();
  }

  // To a node, or to the board itself.
  #focus(id) {
    if (id !== null && this.#workflow.node(id)) this.#board.focus(id);
    else this.#board.surface.focus({ preventScroll: true });
  }

  #focused(event) {
    const id = this.#board.idOf(event.target);
    if (id === undefined) return;
    if (id !== this.#selected || this.#edge) this.#select(id);
    if (event.target.matches(":focus-visible")) this.#board.reveal(id);
  }

  #inPanel() {
    return this.#panel.element.contains(document.activeElement);
  }

  #say(words) {
    this.#status.textContent = words;
  }

  #glide(change) {
    this.#board.surface.classList.add("gliding");
    change(this.#board.view);
  }

  #state() {
    return {
      graph: this.graph, selected: this.#selected, edge: this.#edge, connecting: this.#connecting,
      faults: this.#faults, route: this.#route, readonly: this.readonly,
    };
  }

  #show() {
    const state = this.#state();
    this.#board.show(state);
    this.#panel.refresh(state);
    this.#panel.element.parentElement.classList.toggle("opened", this.#panel.id !== undefined);
    this.#sidebar.show(this.graph);
    this.#toolbar.show(this.#workflow.history);
    this.#list.show(this.graph, this.#faults.filter((fault) => !fault.node || this.#workflow.node(fault.node)), this.#unsure);
  }

  #draw(element) {
    const { readonly } = this;
    const edits = { connect: (edge) => this.#connect(edge), cut: (edge) => this.#cut(edge), remove: (id) => this.remove(id), leave: () => this.leave() };
    const say = (words) => this.#say(words);
    this.#toolbar = new Toolbar({
      undo: () => this.undo(), redo: () => this.redo(), tidy: () => this.#tidy(),
      fit: () => this.#glide((view) => view.fit(this.#board.bounds)),
      zoom: (factor) => this.#glide((view) => view.zoomTo(view.zoom * factor)),
      unzoom: () => this.#glide((view) => view.zoomTo(1)),
    }, readonly);
    this.#board = new Board(this.#palette, { ...edits, open: (id, event) => this.open(id, { pointer: event.detail > 0 }) }, (zoom) => this.#toolbar.showZoom(zoom));
    this.#panel = new Panel(this.#palette, {
      ...edits, apply: () => this.#apply(),
      update: (node) => this.#workflow.update(node) || say("Nothing was changed."),
    });
    this.#sidebar = new Sidebar(this.#palette, { add: (kind, event) => this.#add(kind, event.detail > 0), drop: (kind, event) => this.#drop(kind, event), say });
    this.#list = new FaultList(this.#palette, (id, field) => this.open(id, { field }));
    this.#gestures = new Gestures(this.#board, {
      graph: () => this.graph, readonly: () => readonly, refusal: (edge) => this.#workflow.refusal(edge),
      connect: edits.connect, begin: (id, output) => this.begin(id, output), say,
      move: (id, place) => this.#workflow.move(id, place), chooseEdge: (edge) => this.#choose(edge), ground: () => this.#ground(),
    });
    listen(element, this, (target) => this.#board.idOf(target));
    this.#board.surface.addEventListener("focusin", (event) => this.#focused(event));
    this.#board.invite(...this.#invitation());
    const aside = readonly ? [this.#panel.element] : [this.#sidebar.element, this.#panel.element];
    element.replaceChildren(
      this.#toolbar.element,
      make("div", { class: "flow-main" },
        make("div", { class: "flow-window" }, this.#board.surface, this.#banner.element),
        make("div", { class: "flow-aside" }, ...aside)),
      this.#status, this.#list.element,
    );
  }

  // What an empty board says.
  #invitation() {
    if (this.readonly) return [make("p", {}, "This workflow has no nodes.")];
    const { kind } = this.#sidebar.first ?? {};
    if (!kind) return [];
    const press = button("Add ", (event) => this.#add(kind, event.detail > 0), { class: "primary" });
    press.append(foreign(kind.title));
    return [
      make("p", {}, make("strong", {}, "Nothing here yet.")),
      make("p", {}, "Start with a trigger: press ", make("em", {}, foreign(kind.title)), " in the list, or drag it here."),
      press,
    ];
  }
}
