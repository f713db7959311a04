// A graph is {nodes: [{id, type, x, y, …}], edges: [{from, to, on}]} and never changes: each
// operation answers a new one. What it does not know of nodes and edges it keeps.

import { parse, stringify } from "./exact.js";

// Reads the text of a graph. Throws an Error when it is none.
export function read(text) {
  const found = text.trim() ? parse(text) : {};
  const { nodes = [], edges = [] } = found ?? {};
  if (!Array.isArray(nodes) || !Array.isArray(edges)) throw new TypeError("no lists");
  const ids = new Set(nodes.map((node) => node?.id));
  if (ids.size < nodes.length) throw new TypeError("two nodes with one id");
  if (!nodes.every((node) => isText(node?.id) && isText(node.type)))
    throw new TypeError("a node without id or type");
  if (!edges.every((edge) => isText(edge?.from) && isText(edge.to) && isText(edge.on)))
    throw new TypeError("an edge without ends");
  return { ...found, nodes, edges };
}

export const write = (graph) => stringify(graph);

const isText = (value) => typeof value === "string" && value !== "";

export const nodeOf = (graph, id) => graph.nodes.find((node) => node.id === id);

export const same = (one, other) => one.from === other.from && one.to === other.to && one.on === other.on;

export const leaving = (graph, id, output) =>
  graph.edges.filter((edge) => edge.from === id && (output === undefined || edge.on === output));

// Initials of the type and the first free number: `wait` → w1, `event_filter` → ef1.
export function freshId(graph, type) {
  const initials =
    type
      .split(/[^a-zA-Z0-9]+/)
      .map((word) => word.charAt(0))
      .join("")
      .toLowerCase() || "n";
  const taken = new Set(graph.nodes.map((node) => node.id));
  let number = 1;
  while (taken.has(`${initials}${number}`)) number += 1;
  return `${initials}${number}`;
}

export const withNode = (graph, node) => ({ ...graph, nodes: [...graph.nodes, node] });

export const withoutNode = (graph, id) => ({
  ...graph,
  nodes: graph.nodes.filter((node) => node.id !== id),
  edges: graph.edges.filter((edge) => edge.from !== id && edge.to !== id),
});

// Puts another node in the place of the one with its id.
export const replaced = (graph, node) => ({
  ...graph,
  nodes: graph.nodes.map((one) => (one.id === node.id ? node : one)),
});

// `places` maps ids to {x, y}.
export const placed = (graph, places) => ({
  ...graph,
  nodes: graph.nodes.map((node) => (places.has(node.id) ? { ...node, ...places.get(node.id) } : node)),
});

export const connected = (graph, edge) => ({ ...graph, edges: [...graph.edges, edge] });

export const disconnected = (graph, edge) => ({
  ...graph,
  edges: graph.edges.filter((one) => !same(one, edge)),
});

// How many nodes and edges differ between two graphs.
export function differences(one, other) {
  const pieces = (graph) => new Set([...graph.nodes, ...graph.edges].map(stringify));
  const keys = (graph) =>
    new Map([
      ...graph.nodes.map((node) => [node.id, node]),
      ...graph.edges.map((edge) => [JSON.stringify([edge.from, edge.on, edge.to]), edge]),
    ]);
  const [before, after] = [keys(one), keys(other)];
  const known = pieces(one);
  const gone = [...before.keys()].filter((key) => !after.has(key)).length;
  return gone + [...after.values()].filter((piece) => !known.has(stringify(piece))).length;
}

// Whether somebody who stands at `from` can come to `to`.
export function leads(graph, from, to) {
  const seen = new Set();
  const ahead = [from];
  while (ahead.length) {
    const here = ahead.pop();
    if (here === to) return true;
    if (seen.has(here)) continue;
    seen.add(here);
    for (const edge of leaving(graph, here)) ahead.push(edge.to);
  }
  return false;
}

// Why this edge may not be added, as a sentence; "" if it may.
export function refusal(graph, palette, edge) {
  const name = (id) => palette.name(graph, id);
  const target = nodeOf(graph, edge.to);
  if (edge.from === edge.to) return `${name(edge.from)} cannot go on to itself.`;
  if (palette.kind(target.type).inputs === 0)
    return `Nothing can lead into ${name(edge.to)}: a trigger starts the workflow.`;
  if (graph.edges.some((one) => same(one, edge)))
    return `${name(edge.from)} already goes on to ${name(edge.to)} on ${edge.on}.`;
  if (leads(graph, edge.to, edge.from))
    return `That would go in a circle: ${name(edge.to)} already leads to ${name(edge.from)}.`;
  if (graph.edges.length >= palette.limits.edges)
    return `A workflow has at most ${palette.limits.edges} connections.`;
  return "";
}

// Ids in the order in which somebody walks through: triggers first, each branch to its end,
// success before failure; then what hangs on no trigger.
export function flowOrder(graph, palette) {
  const order = new Set();
  const known = new Map(graph.nodes.map((node) => [node.id, node]));
  const targets = new Set(graph.edges.map((edge) => edge.to));
  const from = byStart(graph.edges);
  const rank = (node) => (palette.kind(node.type).inputs === 0 ? 0 : targets.has(node.id) ? 2 : 1);
  const starts = [...graph.nodes].sort((one, other) => rank(one) - rank(other) || byPlace(one, other));
  for (const start of starts) {
    const ahead = [start.id];
    while (ahead.length) {
      const id = ahead.pop();
      if (order.has(id) || !known.has(id)) continue;
      order.add(id);
      const outputs = palette.kind(known.get(id).type).outputs;
      const next = [...(from.get(id) ?? [])].sort(
        (one, other) =>
          outputs.indexOf(one.on) - outputs.indexOf(other.on) ||
          byPlace(known.get(one.to), known.get(other.to)),
      );
      for (const edge of next.reverse()) ahead.push(edge.to);
    }
  }
  return [...order];
}

function byStart(edges) {
  const groups = new Map();
  for (const edge of edges) groups.set(edge.from, [...(groups.get(edge.from) ?? []), edge]);
  return groups;
}

const byPlace = (one, other) => (one?.y ?? 0) - (other?.y ?? 0) || (one?.x ?? 0) - (other?.x ?? 0);
