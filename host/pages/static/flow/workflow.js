// The workflow that is edited: all that can be done to its graph, each step with its words.

import { bare } from "./dom.js";
import { stringify } from "./exact.js";
import { freePlace, isPlaced } from "./geometry.js";
import {
  connected,
  disconnected,
  freshId,
  nodeOf,
  placed,
  refusal,
  replaced,
  withNode,
  withoutNode,
} from "./graph.js";
import { History } from "./history.js";
import { tidy } from "./layout.js";

export class Workflow {
  history;
  #palette;
  #changed;

  // `changed(words)` hears of each step after it was done.
  constructor(palette, graph, changed) {
    this.#palette = palette;
    this.#changed = changed;
    this.load(graph);
  }

  get graph() {
    return this.history.graph;
  }

  // Begins anew with this graph. Nodes without a place get one.
  load(graph) {
    const free = graph.nodes.filter((node) => !isPlaced(node));
    const places = free.length ? tidy(graph, this.#palette) : new Map();
    const kept = new Map(free.map((node) => [node.id, places.get(node.id)]));
    this.history = new History(placed(graph, kept));
  }

  node(id) {
    return nodeOf(this.graph, id);
  }

  kind(id) {
    return this.#palette.kind(this.node(id).type);
  }

  name(id) {
    return this.#palette.name(this.graph, id);
  }

  // How an edge is called in a sentence.
  path({ from, to, on }) {
    return `${this.name(from)} to ${this.name(to)} on ${bare(on)}`;
  }

  // Why this edge may not be added, as a sentence; "" if it may.
  refusal(edge) {
    return refusal(this.graph, this.#palette, edge);
  }

  undo() {
    const words = this.history.undo();
    this.#changed(`Undone: ${words}`);
  }

  redo() {
    const words = this.history.redo();
    this.#changed(`Done again: ${words}`);
  }

  tidy() {
    this.#step(placed(this.graph, tidy(this.graph, this.#palette)), "Tidied the nodes into columns.");
  }

  // Adds a node at the free place next to `wanted`, and connects it to `from` ({from, on}) if
  // that may be. `added(id)` is told before anybody hears of the change.
  add(kind, wanted, from, added) {
    const id = freshId(this.graph, kind.type);
    const place = freePlace(this.graph, this.#palette, kind, wanted);
    const alone = withNode(this.graph, this.#palette.fresh(kind, id, place));
    const edge = from && { from: from.from, to: id, on: from.on };
    const joined = edge && !refusal(alone, this.#palette, edge);
    const after = joined ? ` after ${this.name(from.from)} on ${bare(from.on)}` : "";
    added(id);
    this.#step(joined ? connected(alone, edge) : alone, `Added ${bare(kind.title)}${after}.`);
    return id;
  }

  connect(edge) {
    this.#step(connected(this.graph, edge), `Connected ${this.path(edge)}.`);
  }

  cut(edge) {
    this.#step(disconnected(this.graph, edge), `Removed the connection from ${this.path(edge)}.`);
  }

  remove(id) {
    this.#step(withoutNode(this.graph, id), `Removed ${this.name(id)}.`);
  }

  // Moves that follow one another with the same `like` are one step.
  move(id, place, like) {
    const node = this.node(id);
    if (place.x === node.x && place.y === node.y) return;
    const words = `Moved ${this.name(id)} to ${place.x}, ${place.y}.`;
    this.#step(placed(this.graph, new Map([[id, place]])), words, like);
  }

  // Puts a node in the place of the one with its id; answers whether it differs.
  update(node) {
    if (stringify(this.node(node.id)) === stringify(node)) return false;
    this.#step(replaced(this.graph, node), `Updated ${this.name(node.id)}.`);
    return true;
  }

  #step(graph, words, like) {
    this.history.add(graph, words, like);
    this.#changed(words);
  }
}
