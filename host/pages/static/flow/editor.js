// The editor: what people do on the stage becomes steps of the workflow. It knows what is selected,
// what is being connected and where the focus goes.

import { bare } from "./dom.js";
import { leaving } from "./graph.js";
import { around, placeFor } from "./placing.js";
import { Route } from "./route.js";
import { Stage } from "./stage.js";
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
  #stage;

  // Fills `element`. `changed()` hears of each new graph. `route` is null or the nodes that a run
  // passed, in order: [{node, outcome}].
  constructor(element, { palette, graph, faults, route, readonly }, changed) {
    this.readonly = readonly;
    this.#palette = palette;
    this.#changed = changed;
    this.#faults = faults;
    this.#route = route && new Route(route);
    this.#workflow = new Workflow(palette, graph, (words) => this.#step(words));
    this.#stage = new Stage(element, palette, readonly, this.#acts());
    this.#board.surface.addEventListener("focusin", (event) => this.#focused(event));
    this.#show();
    this.#board.view.startWhenSeen(() => this.#board.bounds);
  }

  get graph() {
    return this.#workflow.graph;
  }

  get #board() {
    return this.#stage.board;
  }

  get #panel() {
    return this.#stage.panel;
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

  #undo() {
    if (!this.#workflow.history.undoable) this.#say("There is nothing to undo.");
    else this.#turn(() => this.#workflow.undo());
  }

  #redo() {
    if (!this.#workflow.history.redoable) this.#say("There is nothing to redo.");
    else this.#turn(() => this.#workflow.redo());
  }

  // Opens the panel of a node, at one of its fields if it is named; while a connection is made,
  // the node is its end. A pointer leaves the focus on the node, keys go on in the panel.
  #open(id, { pointer = false, field } = {}) {
    if (this.#connecting) return this.#connect({ ...this.#connecting, to: id });
    if (id !== this.#panel.id && !this.settle()) return;
    [this.#selected, this.#edge, this.#warned] = [id, null, false];
    if (id !== this.#panel.id) this.#panel.open(id, this.#state());
    this.#show();
    this.#board.reveal(id);
    if (pointer) {
      this.#board.focus(id);
      this.#stage.showPanel();
    } else {
      this.#panel.focus(field);
    }
  }

  #remove(id) {
    const { order } = this.#board;
    const next = order[order.indexOf(id) + 1] ?? order[order.indexOf(id) - 1];
    if (this.#panel.id === id) this.#panel.open(null);
    if (this.#connecting?.from === id) this.#stopConnecting();
    this.#selected = next ?? null;
    this.#workflow.remove(id);
    this.#focus(next);
  }

  #nudge(id, dx, dy) {
    const { x, y } = this.#workflow.node(id);
    this.#workflow.move(id, { x: x + dx, y: y + dy }, `move ${id}`);
    this.#board.reveal(id);
  }

  // Begins a connection at a node; asks which output when it has several.
  #begin(id, output) {
    const { outputs } = this.#workflow.kind(id);
    const name = this.#workflow.name(id);
    if (!outputs.length) return this.#say(`${name} ends the run: nothing comes after it.`);
    this.#select(id);
    if (output === undefined && outputs.length > 1) {
      this.#say(`Connect ${name}: choose ${outputs.map(bare).join(" or ")}. Escape leaves.`);
      return this.#stage.banner.choose(
        name,
        outputs,
        (chosen) => this.#begin(id, chosen),
        () => this.#leave(),
      );
    }
    const on = output ?? outputs[0];
    this.#connecting = { from: id, on };
    this.#stage.banner.tell(name, on, () => this.#leave());
    this.#say(
      `Connecting ${name} on ${bare(on)}: go to the node that comes next and press Enter. Escape leaves.`,
    );
    this.#show();
    this.#board.focus(id);
  }

  // Leaves whatever is going on. False if nothing was.
  #leave() {
    if (this.#stage.gestures.leave()) this.#say("Put back.");
    else if (this.#stage.banner.shown) this.#leaveConnecting();
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

  // What the list of nodes is pressed for: one more, after the selected one or on its own. While
  // a connection is made, the new node is its end.
  #add(kind, pointer) {
    if (!this.settle()) return;
    const after = this.#workflow.node(this.#connecting?.from ?? this.#selected);
    const outputs = after && kind.inputs !== 0 ? this.#workflow.kind(after.id).outputs : [];
    const free =
      this.#connecting?.on ?? outputs.find((output) => !leaving(this.graph, after.id, output).length);
    this.#stopConnecting();
    const wanted = placeFor(kind, after, free, this.graph, this.#palette, this.#board.view.centre());
    const id = this.#put(kind, wanted, free && { from: after.id, on: free });
    this.#board.reveal(id);
    const folded = this.#stage.foldList();
    if (!pointer)
      this.#open(id); // by keys, the next step is to set it
    else if (folded) this.#focus(id);
  }

  #drop(kind, event) {
    const rim = this.#board.surface.getBoundingClientRect();
    const inside =
      event.clientX > rim.left &&
      event.clientX < rim.right &&
      event.clientY > rim.top &&
      event.clientY < rim.bottom;
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
    const inPanel = this.#stage.inPanel;
    this.#stopConnecting();
    this.#selected = inPanel ? edge.from : edge.to;
    this.#workflow.connect(edge);
    if (!inPanel) this.#focus(edge.to);
  }

  #cut(edge) {
    const inPanel = this.#stage.inPanel;
    this.#edge = null;
    this.#workflow.cut(edge);
    if (!inPanel) this.#focus(edge.from);
  }

  #tidy() {
    if (!this.graph.nodes.length) return this.#say("There is nothing to tidy yet.");
    this.#workflow.tidy();
    this.#stage.fit();
  }

  #turn(step) {
    const inside = this.#stage.focused;
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
    this.#stage.banner.hide();
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

  #say(words) {
    this.#stage.say(words);
  }

  #show() {
    this.#stage.show(this.#state());
  }

  #state() {
    const { graph, history } = this.#workflow;
    return {
      graph,
      history,
      selected: this.#selected,
      edge: this.#edge,
      connecting: this.#connecting,
      faults: this.#faults,
      unsure: this.#unsure,
      route: this.#route,
      readonly: this.readonly,
    };
  }

  // What the pieces of the stage may ask for.
  #acts() {
    return {
      readonly: this.readonly,
      graph: () => this.graph,
      refusal: (edge) => this.#workflow.refusal(edge),
      say: (words) => this.#say(words),
      undo: () => this.#undo(),
      redo: () => this.#redo(),
      tidy: () => this.#tidy(),
      add: (kind, pointer) => this.#add(kind, pointer),
      drop: (kind, event) => this.#drop(kind, event),
      open: (id, how) => this.#open(id, how),
      apply: () => this.#apply(),
      update: (node) => this.#workflow.update(node) || this.#say("Nothing was changed."),
      move: (id, place) => this.#workflow.move(id, place),
      nudge: (id, dx, dy) => this.#nudge(id, dx, dy),
      remove: (id) => this.#remove(id),
      begin: (id, output) => this.#begin(id, output),
      connect: (edge) => this.#connect(edge),
      choose: (edge) => this.#choose(edge),
      cut: (edge) => this.#cut(edge),
      ground: () => this.#ground(),
      leave: () => this.#leave(),
    };
  }
}
