// The edges in one drawing, hidden from who listens: the panel tells them.

import { draw } from "./dom.js";
import { arrow, curve, entryOf, exitOf } from "./geometry.js";
import { nodeOf, same } from "./graph.js";
import { toneOf } from "./tones.js";

const PATHS = ["flow-reach", "flow-line", "flow-arrow"]; // the first is what a pointer hits

export class Edges {
  element = draw("svg", { class: "flow-edges", "aria-hidden": "true", focusable: "false" });
  #palette;
  #drawn = new Map(); // key → {group, edge}
  #wire = draw("path");

  constructor(palette) {
    this.#palette = palette;
  }

  // `chosen` is an edge or null, `route` the way of a run or null.
  show(graph, chosen, route) {
    const here = new Set();
    for (const edge of graph.edges) {
      if (!nodeOf(graph, edge.from) || !nodeOf(graph, edge.to)) continue;
      const key = JSON.stringify([edge.from, edge.on, edge.to]);
      here.add(key);
      if (!this.#drawn.has(key)) this.#draw(key, edge);
      const { group } = this.#drawn.get(key);
      const classes = ["flow-edge", toneOf(edge.on)];
      if (chosen && same(chosen, edge)) classes.push("chosen");
      if (route) classes.push(route.took(edge) ? "taken" : "not-taken");
      group.setAttribute("class", classes.join(" "));
      this.#lay(group, edge, graph);
    }
    for (const [key, { group }] of this.#drawn) {
      if (here.has(key)) continue;
      group.remove();
      this.#drawn.delete(key);
    }
  }

  // Lays those of one node anew while it is carried.
  follow(graph, id) {
    for (const { group, edge } of this.#drawn.values()) {
      if (edge.from === id || edge.to === id) this.#lay(group, edge, graph);
    }
  }

  // Where an edge begins and ends.
  ends(edge, graph) {
    const [from, to] = [nodeOf(graph, edge.from), nodeOf(graph, edge.to)];
    return [exitOf(from, this.#palette.kind(from.type), edge.on), entryOf(to, this.#palette.kind(to.type))];
  }

  // The edge whose line was pressed.
  at(target) {
    const group = target.closest?.(".flow-edge");
    return [...this.#drawn.values()].find((one) => one.group === group)?.edge;
  }

  // A loose end from an output of a node to a point.
  pull(node, output, point) {
    this.#wire.setAttribute("d", curve(exitOf(node, this.#palette.kind(node.type), output), point));
    this.#wire.setAttribute("class", `flow-wire ${toneOf(output)}`);
    if (!this.#wire.isConnected) this.element.append(this.#wire);
  }

  letGo() {
    this.#wire.remove();
  }

  #draw(key, edge) {
    const group = draw("g", {}, ...PATHS.map((name) => draw("path", { class: name })));
    this.#drawn.set(key, { group, edge });
    this.element.append(group);
  }

  #lay(group, edge, graph) {
    const [from, to] = this.ends(edge, graph);
    const [reach, line, head] = group.children;
    reach.setAttribute("d", curve(from, to));
    line.setAttribute("d", curve(from, to));
    head.setAttribute("d", arrow(to));
  }
}
