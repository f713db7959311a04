// The board: nodes as buttons, placed by left and top, and edges in one drawing below them.

import { Card } from "./card.js";
import { bare, button, make } from "./dom.js";
import { Edges } from "./edges.js";
import { extent, hits, middle } from "./geometry.js";
import { flowOrder, nodeOf } from "./graph.js";
import { View } from "./view.js";

export class Board {
  surface;
  view;
  #palette;
  #cards = new Map(); // by id of their nodes
  #edges;
  #layer = make("div", {
    class: "flow-nodes",
    role: "group",
    "aria-label": "Nodes, in the order of the flow",
  });
  #empty = make("div", { class: "flow-empty" });
  #cut; // the button on the chosen edge
  #shown = null;

  // `acts`: cut(edge) removes an edge, open(id, {pointer}) opens a node. `zoomed(zoom)` hears.
  constructor(palette, acts, zoomed) {
    this.#palette = palette;
    this.#edges = new Edges(palette);
    this.#cut = button("Remove", () => acts.cut(this.#shown.edge), { class: "flow-cut", hidden: true });
    const world = make("div", { class: "flow-world" }, this.#edges.element, this.#layer, this.#cut);
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
    const { graph, edge, route } = shown;
    const focused = this.#focused();
    const elements = flowOrder(graph, this.#palette).map((id) => this.#card(nodeOf(graph, id)));
    for (const [id, { element }] of this.#cards) {
      if (nodeOf(graph, id)) continue;
      element.remove();
      this.#cards.delete(id);
    }
    // Moving an element takes its focus away, so only a new order moves any.
    if (elements.some((element, at) => this.#layer.children[at] !== element)) this.#layer.append(...elements);
    if (focused && focused !== this.#focused()) this.focus(focused);
    this.#edges.show(graph, edge, route);
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

  // Ids in the order of the flow.
  get order() {
    return [...this.#layer.children].map((element) => element.dataset.node);
  }

  idOf(target) {
    return target.closest?.(".flow-node")?.dataset.node;
  }

  // The edge whose line was pressed.
  edgeOf(target) {
    return this.#edges.at(target);
  }

  focus(id) {
    this.#cards.get(id)?.focus();
  }

  // The button that removes the chosen edge takes the focus.
  focusCut() {
    this.#cut.focus({ preventScroll: true });
  }

  reveal(id) {
    const node = nodeOf(this.#shown.graph, id);
    if (node) this.view.reveal(node, this.#palette.kind(node.type));
  }

  // The node at a point of the board.
  hit(point) {
    const { nodes } = this.#shown.graph;
    return nodes.findLast((node) => hits(node, this.#palette.kind(node.type), point))?.id;
  }

  // Shows a node elsewhere while it is carried.
  carry(id, place) {
    this.#cards.get(id).carry(place);
    const { graph } = this.#shown;
    const nodes = graph.nodes.map((node) => (node.id === id ? { ...node, ...place } : node));
    this.#edges.follow({ ...graph, nodes }, id);
  }

  // Puts what was carried where the graph has it.
  drop() {
    this.show(this.#shown);
  }

  // A loose connection from an output to a point; the node under it says whether it may be.
  pull(from, output, point, target, allowed) {
    this.#edges.pull(nodeOf(this.#shown.graph, from), output, point);
    for (const [id, { element }] of this.#cards) {
      element.classList.toggle("wanted", id === target && allowed);
      element.classList.toggle("refused", id === target && !allowed);
    }
  }

  letGo() {
    this.#edges.letGo();
    for (const { element } of this.#cards.values()) element.classList.remove("wanted", "refused");
  }

  #focused() {
    return this.#layer.contains(document.activeElement) ? this.idOf(document.activeElement) : undefined;
  }

  #card(node) {
    const { selected, connecting, faults, route } = this.#shown;
    if (!this.#cards.has(node.id)) this.#cards.set(node.id, new Card(node.id));
    const card = this.#cards.get(node.id);
    const outcome = route?.outcome(node.id);
    card.show(node, this.#palette.kind(node.type), {
      second: this.#palette.secondLine(node),
      faults: faults.filter((fault) => fault.node === node.id),
      outcome,
      selected: selected === node.id,
      classes: [connecting?.from === node.id && "source", route && (outcome ? "passed" : "not-passed")],
    });
    return card.element;
  }

  #showCut() {
    const { edge, graph } = this.#shown;
    this.#cut.hidden = !edge;
    if (!edge) return;
    const place = middle(...this.#edges.ends(edge, graph));
    this.#cut.style.left = `${place.x}px`;
    this.#cut.style.top = `${place.y}px`;
    const [from, to] = [edge.from, edge.to].map((id) => this.#palette.name(graph, id));
    this.#cut.setAttribute("aria-label", `Remove the connection from ${from} to ${to} on ${bare(edge.on)}`);
  }
}
