// The board: nodes as buttons, placed by left and top, and edges in one drawing below them.

import { draw, foreign, make, bare } from "./dom.js";
import { arrow, curve, entryOf, exitOf, extent, heightOf, hits, middle, TAB, tabAt, WIDTH } from "./geometry.js";
import { glyph } from "./glyphs.js";
import { flowOrder, nodeOf, same } from "./graph.js";
import { View } from "./view.js";

const tone = (output) => (["success", "failure"].includes(output) ? output : "other");

export const faultWords = (faults) => {
  const several = (level, word) => {
    const count = faults.filter((fault) => (fault.level === "warning") === (level === "warning")).length;
    return count ? [`${count} ${word}${count > 1 ? "s" : ""}`] : [];
  };
  return [...several("fault", "fault"), ...several("warning", "warning")];
};

export class Board {
  #palette;
  #nodes = new Map(); // id → {element, card, told}
  #edges = new Map(); // key → {group, edge}
  #layer = make("div", { class: "flow-nodes", role: "group", "aria-label": "Nodes, in the order of the flow" });
  #svg = draw("svg", { class: "flow-edges", "aria-hidden": "true", focusable: "false" });
  #wire = draw("path", { class: "flow-wire" });
  #empty = make("div", { class: "flow-empty" });
  #cut;
  #shown = null;

  // `acts.cut(edge)` removes an edge, `acts.open(id, {pointer})` opens a node.
  constructor(palette, acts, zoomed) {
    this.#palette = palette;
    this.#cut = make("button", { type: "button", class: "flow-cut", hidden: true, on: { click: () => acts.cut(this.#shown.edge) } }, "Remove");
    const world = make("div", { class: "flow-world" }, this.#svg, this.#layer, this.#cut);
    this.surface = make("div", { class: "flow-board", tabindex: "-1" }, world, this.#empty);
    this.view = new View(this.surface, world, zoomed);
    this.#layer.addEventListener("click", (event) => {
      const id = this.idOf(event.target);
      if (id !== undefined) acts.open(id, { pointer: event.detail > 0 });
    });
  }

  // `shown`: {graph, selected, edge, connecting, faults, route}, as editor.js keeps it.
  show(shown) {
    this.#shown = shown;
    const focused = this.#focused();
    const { graph } = shown;
    const order = flowOrder(graph, this.#palette);
    const elements = order.map((id) => this.#node(nodeOf(graph, id)));
    for (const [id, { element }] of this.#nodes) {
      if (nodeOf(graph, id)) continue;
      element.remove();
      this.#nodes.delete(id);
    }
    // Moving an element takes its focus away, so only a new order moves any.
    if (elements.some((element, at) => this.#layer.children[at] !== element)) this.#layer.append(...elements);
    if (focused && focused !== this.#focused()) this.focus(focused);
    this.#showEdges();
    this.#showCut();
    this.surface.classList.toggle("connecting", Boolean(shown.connecting));
    this.#empty.hidden = graph.nodes.length > 0;
  }

  // What stands on an empty board.
  invite(...content) {
    this.#empty.replaceChildren(...content);
  }

  get bounds() {
    return extent(this.#shown.graph, this.#palette);
  }

  get order() {
    return [...this.#layer.children].map((element) => element.dataset.node);
  }

  idOf(target) {
    return target.closest?.(".flow-node")?.dataset.node;
  }

  focus(id) {
    this.#nodes.get(id)?.card.focus({ preventScroll: true });
  }

  reveal(id) {
    const node = nodeOf(this.#shown.graph, id);
    if (node) this.view.reveal(node, this.#palette.kind(node.type));
  }

  // The node at a point of the board.
  hit(point) {
    const hit = this.#shown.graph.nodes.filter((node) => hits(node, this.#palette.kind(node.type), point));
    return hit.at(-1)?.id;
  }

  // The edge whose line was pressed.
  edgeOf(target) {
    const group = target.closest?.(".flow-edge");
    return [...this.#edges.values()].find((one) => one.group === group)?.edge;
  }

  // Shows a node elsewhere while it is carried.
  carry(id, place) {
    const { element } = this.#nodes.get(id);
    element.style.left = `${place.x}px`;
    element.style.top = `${place.y}px`;
    element.classList.add("carried");
    const graph = { ...this.#shown.graph, nodes: this.#shown.graph.nodes.map((node) => (node.id === id ? { ...node, ...place } : node)) };
    for (const { group, edge } of this.#edges.values()) {
      if (edge.from === id || edge.to === id) this.#route(group, edge, graph);
    }
  }

  // Puts everything where the graph has it.
  drop() {
    for (const one of this.#nodes.values()) one.told = "";
    this.show(this.#shown);
  }

  // A loose connection from an output to a point; the node under it says whether it may be.
  pull(from, output, point, target, allowed) {
    const node = nodeOf(this.#shown.graph, from);
    this.#wire.setAttribute("d", curve(exitOf(node, this.#palette.kind(node.type), output), point));
    this.#wire.setAttribute("class", `flow-wire ${tone(output)}`);
    if (!this.#wire.isConnected) this.#svg.append(this.#wire);
    for (const [id, { element }] of this.#nodes) {
      element.classList.toggle("wanted", id === target && allowed);
      element.classList.toggle("refused", id === target && !allowed);
    }
  }

  letGo() {
    this.#wire.remove();
    for (const { element } of this.#nodes.values()) element.classList.remove("wanted", "refused");
  }

  #focused() {
    return this.#layer.contains(document.activeElement) ? this.idOf(document.activeElement) : undefined;
  }

  #node(node) {
    const { selected, connecting, faults, route } = this.#shown;
    const kind = this.#palette.kind(node.type);
    const own = faults.filter((fault) => fault.node === node.id);
    const second = this.#palette.secondLine(node);
    const outcome = route?.outcome(node.id);
    const name = [kind.title, second, outcome && `passed with ${outcome}`, ...faultWords(own)].filter(Boolean).map(bare).join(", ");
    let known = this.#nodes.get(node.id);
    if (!known) {
      const card = make("button", { type: "button", class: "flow-card" });
      known = { element: make("div", { "data-node": node.id }, card), card, told: "" };
      this.#nodes.set(node.id, known);
    }
    const { element, card } = known;
    const classes = ["flow-node", `hue-${kind.colour}`];
    if (selected === node.id) classes.push("selected");
    if (connecting?.from === node.id) classes.push("source");
    if (route) classes.push(outcome ? "passed" : "not-passed");
    if (own.length) classes.push(faultLevel(own));
    element.className = classes.join(" ");
    if (selected === node.id) card.setAttribute("aria-current", "true");
    else card.removeAttribute("aria-current");
    const told = JSON.stringify([node.x, node.y, node.type, name, second]);
    if (known.told === told) return element;
    known.told = told;
    element.style.left = `${node.x}px`;
    element.style.top = `${node.y}px`;
    element.style.width = `${WIDTH}px`;
    element.style.height = `${heightOf(kind)}px`;
    card.setAttribute("aria-label", name);
    card.title = name;
    card.replaceChildren(
      make("span", { class: "flow-icon" }, glyph(kind)),
      make("span", { class: "flow-words" },
        make("span", { class: "flow-title" }, foreign(kind.title)),
        second ? make("span", { class: "flow-second" }, foreign(second)) : null),
    );
    // The card stays where it is: taken out and put back it would lose the focus, or a click.
    while (card.nextSibling) card.nextSibling.remove();
    card.after(...this.#marks(kind, own, outcome));
    return element;
  }

  // What stands around the card, for the eye and the pointer.
  #marks(kind, faults, outcome) {
    const hidden = { "aria-hidden": "true" };
    const marks = [];
    if (kind.inputs !== 0) marks.push(make("span", { class: "flow-in", ...hidden }));
    for (const output of kind.outputs) {
      const tab = make("span", { class: `flow-out ${tone(output)}`, "data-output": output, ...hidden }, make("span", {}, foreign(output)));
      tab.style.left = "100%";
      tab.style.top = `${tabAt(kind, output)}px`;
      tab.style.width = `${TAB}px`;
      marks.push(tab);
    }
    if (faults.length) marks.push(make("span", { class: `flow-badge ${faultLevel(faults)}`, ...hidden }, `! ${faults.length}`));
    if (outcome) marks.push(make("span", { class: `flow-outcome ${outcomeTone(outcome)}`, ...hidden }, foreign(outcome)));
    return marks;
  }

  #showEdges() {
    const { graph, edge: chosen, route } = this.#shown;
    const drawn = new Set();
    for (const edge of graph.edges) {
      if (!nodeOf(graph, edge.from) || !nodeOf(graph, edge.to)) continue;
      const key = JSON.stringify([edge.from, edge.on, edge.to]);
      drawn.add(key);
      let known = this.#edges.get(key);
      if (!known) {
        known = { group: draw("g", {}, ...["flow-reach", "flow-line", "flow-arrow"].map((name) => draw("path", { class: name }))), edge };
        this.#edges.set(key, known);
        this.#svg.append(known.group);
      }
      const classes = ["flow-edge", tone(edge.on)];
      if (chosen && same(chosen, edge)) classes.push("chosen");
      if (route) classes.push(route.took(edge) ? "taken" : "not-taken");
      known.group.setAttribute("class", classes.join(" "));
      this.#route(known.group, edge, graph);
    }
    for (const [key, { group }] of this.#edges) {
      if (drawn.has(key)) continue;
      group.remove();
      this.#edges.delete(key);
    }
  }

  #ends(edge, graph) {
    const [from, to] = [nodeOf(graph, edge.from), nodeOf(graph, edge.to)];
    return [exitOf(from, this.#palette.kind(from.type), edge.on), entryOf(to, this.#palette.kind(to.type))];
  }

  #route(group, edge, graph) {
    const [from, to] = this.#ends(edge, graph);
    const [reach, line, head] = group.children;
    const path = curve(from, to);
    reach.setAttribute("d", path);
    line.setAttribute("d", path);
    head.setAttribute("d", arrow(to));
  }

  #showCut() {
    const { edge, graph } = this.#shown;
    this.#cut.hidden = !edge;
    if (!edge) return;
    const place = middle(...this.#ends(edge, graph));
    this.#cut.style.left = `${place.x}px`;
    this.#cut.style.top = `${place.y}px`;
    this.#cut.setAttribute("aria-label", `Remove the connection from ${this.#palette.name(graph, edge.from)} to ${this.#palette.name(graph, edge.to)} on ${bare(edge.on)}`);
  }

  // The button that removes the chosen edge takes the focus.
  focusCut() {
    this.#cut.focus({ preventScroll: true });
  }
}

const faultLevel = (faults) => (faults.every((fault) => fault.level === "warning") ? "at-warning" : "at-fault");

const OUTCOMES = { success: "success", failure: "failure", error: "failure", waiting: "waiting" };
const outcomeTone = (outcome) => OUTCOMES[outcome] ?? "other";
