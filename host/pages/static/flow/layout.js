// Tidy: each node in the column after the last one that leads to it, its branches side by side.

import { flowOrder } from "./graph.js";
import { heightOf, snapped, STEP, TAB, tabAt, WIDTH } from "./geometry.js";

export const COLUMN = WIDTH + TAB + 64;
const GAP = 3 * STEP; // between two nodes of a column
const APART = 6 * STEP; // between parts that nothing connects
const MARGIN = 4 * STEP;
const SWEEPS = 4;

// A Map of ids to {x, y} for every node of the graph.
export function tidy(graph, palette) {
  const places = new Map();
  let top = MARGIN;
  for (const part of parts(graph, flowOrder(graph, palette))) {
    const ys = rows(part, graph, palette);
    const least = Math.min(...ys.values());
    for (const [id, y] of ys)
      places.set(id, { x: MARGIN + part.depth.get(id) * COLUMN, y: snapped(y - least + top) });
    top = Math.max(...part.ids.map((id) => places.get(id).y + tall(graph, palette, id))) + APART;
  }
  return places;
}

const tall = (graph, palette, id) => heightOf(palette.kind(graph.nodes.find((node) => node.id === id).type));

// Groups of nodes that hang together, each with the column of its nodes.
function parts(graph, order) {
  const number = new Map(order.map((id, at) => [id, at]));
  const edges = graph.edges.filter((edge) => number.has(edge.from) && number.has(edge.to));
  const near = new Map(order.map((id) => [id, []]));
  for (const edge of edges) {
    near.get(edge.from).push(edge.to);
    near.get(edge.to).push(edge.from);
  }
  const left = new Set(order);
  const found = [];
  for (const start of order) {
    if (!left.has(start)) continue;
    const ids = [];
    const ahead = [start];
    while (ahead.length) {
      const id = ahead.pop();
      if (!left.delete(id)) continue;
      ids.push(id);
      ahead.push(...near.get(id));
    }
    ids.sort((one, other) => number.get(one) - number.get(other));
    found.push({ ids, edges: edges.filter((edge) => ids.includes(edge.from)), depth: depths(ids, edges) });
  }
  return found;
}

// The longest way to each node. A circle, which only a draft from elsewhere has, ends the growing.
function depths(ids, edges) {
  const depth = new Map(ids.map((id) => [id, 0]));
  const inside = edges.filter((edge) => depth.has(edge.from));
  for (let round = 0, grew = true; grew && round < ids.length; round += 1) {
    grew = false;
    for (const { from, to } of inside) {
      if (depth.get(to) > depth.get(from)) continue;
      depth.set(to, depth.get(from) + 1);
      grew = true;
    }
  }
  return depth;
}

// The top of each node: near the middle of what leads to it, and in turn of what it leads to.
function rows({ ids, edges, depth }, graph, palette) {
  const kinds = new Map(graph.nodes.map((node) => [node.id, palette.kind(node.type)]));
  const columns = [];
  for (const id of ids) (columns[depth.get(id)] ??= []).push(id);
  const shape = columns.filter(Boolean);
  const ys = new Map();
  for (const column of shape) stack(column, ys, kinds, () => undefined);
  const exit = (edge) => ys.get(edge.from) + tabAt(kinds.get(edge.from), edge.on);
  const mean = (values) =>
    values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : undefined;
  const half = (id) => heightOf(kinds.get(id)) / 2;
  const fromBefore = (id) =>
    mean(edges.filter((edge) => edge.to === id).map((edge) => exit(edge) - half(id)));
  const fromAfter = (id) =>
    mean(
      edges
        .filter((edge) => edge.from === id)
        .map((edge) => ys.get(edge.to) + half(edge.to) - tabAt(kinds.get(id), edge.on)),
    );
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    for (const column of shape) stack(column, ys, kinds, fromBefore);
    if (sweep < SWEEPS - 1) for (const column of [...shape].reverse()) stack(column, ys, kinds, fromAfter);
  }
  return ys;
}

// Puts a column's nodes one below the other, in the order and as near as can be to where each
// wants to be; those that push one another share the way.
function stack(column, ys, kinds, wish) {
  const wanted = new Map(column.map((id) => [id, wish(id) ?? ys.get(id) ?? 0]));
  column.sort((one, other) => wanted.get(one) - wanted.get(other));
  const blocks = [];
  for (const id of column) {
    let block = { ids: [id], sum: wanted.get(id), tall: heightOf(kinds.get(id)) + GAP };
    while (blocks.length && top(blocks.at(-1)) + blocks.at(-1).tall > top(block)) {
      const above = blocks.pop();
      const count = block.ids.length;
      block = {
        ids: [...above.ids, ...block.ids],
        sum: above.sum + block.sum - count * above.tall,
        tall: above.tall + block.tall,
      };
    }
    blocks.push(block);
  }
  for (const block of blocks) {
    let y = top(block);
    for (const id of block.ids) {
      ys.set(id, y);
      y += heightOf(kinds.get(id)) + GAP;
    }
  }
}

const top = (block) => block.sum / block.ids.length;
