// Sizes of nodes on the board, and where edges begin and end. Pure numbers, in board pixels.

export const STEP = 10; // nodes stand on this grid
export const WIDTH = 230;
export const TAB = 66; // width of an output's tab, on the right of its node
const LEAST = 72;
const LINE = 30; // an output's tab and the gap below it
const REACH = 14; // how far beside a node one still hits it

export const heightOf = (kind) => Math.max(LEAST, kind.outputs.length * LINE + 12);

export const snapped = (value) => Math.round(value / STEP) * STEP;

export const isPlaced = (node) => Number.isFinite(node.x) && Number.isFinite(node.y);

// Middle of an output's tab, measured from the node's top.
export function tabAt(kind, output) {
  const count = kind.outputs.length;
  const number = Math.max(kind.outputs.indexOf(output), 0);
  return heightOf(kind) / 2 + (number - (count - 1) / 2) * LINE;
}

export const exitOf = (node, kind, output) => ({ x: node.x + WIDTH + TAB, y: node.y + tabAt(kind, output) });

export const entryOf = (node, kind) => ({ x: node.x, y: node.y + heightOf(kind) / 2 });

export function curve(from, to) {
  const pull = Math.max(Math.min(Math.abs(to.x - from.x) / 2, 120), 30) + (to.x < from.x ? 60 : 0);
  return `M${from.x} ${from.y}C${from.x + pull} ${from.y} ${to.x - pull} ${to.y} ${to.x - 12} ${to.y}`;
}

export const arrow = (to) => `M${to.x - 17} ${to.y - 6}L${to.x - 10} ${to.y}L${to.x - 17} ${to.y + 6}`;

export const middle = (from, to) => ({ x: (from.x + to.x) / 2, y: (from.y + to.y) / 2 });

export function hits(node, kind, point) {
  return (
    point.x >= node.x - REACH &&
    point.x <= node.x + WIDTH + REACH &&
    point.y >= node.y - REACH &&
    point.y <= node.y + heightOf(kind) + REACH
  );
}

// The box around all nodes, or null if there are none.
export function extent(graph, palette) {
  if (!graph.nodes.length) return null;
  const of = (pick, value) => pick(...graph.nodes.map(value));
  return {
    left: of(Math.min, (node) => node.x),
    top: of(Math.min, (node) => node.y),
    right: of(Math.max, (node) => node.x + WIDTH + (palette.kind(node.type).outputs.length ? TAB : 0)),
    bottom: of(Math.max, (node) => node.y + heightOf(palette.kind(node.type))),
  };
}

// The free place nearest below `wanted`.
export function freePlace(graph, palette, kind, wanted) {
  const place = { x: snapped(wanted.x), y: snapped(wanted.y) };
  const tall = heightOf(kind) + 2 * STEP;
  const meets = (node) =>
    Math.abs(node.x - place.x) < WIDTH + TAB &&
    node.y < place.y + tall &&
    place.y < node.y + heightOf(palette.kind(node.type)) + 2 * STEP;
  while (graph.nodes.some(meets)) place.y += STEP;
  return place;
}
