// Where a new node would best stand.

import { extent, heightOf, tabAt, WIDTH } from "./geometry.js";
import { COLUMN } from "./layout.js";

const BEGINNING = { x: 40, y: 80 };

// `after` is the node it follows, by `output`, or undefined; `middle` is what is looked at.
export function placeFor(kind, after, output, graph, palette, middle) {
  const bounds = extent(graph, palette);
  if (!bounds) return BEGINNING;
  if (kind.inputs === 0) return { x: bounds.left, y: bounds.top };
  if (!after) return around(kind, middle);
  const from = palette.kind(after.type);
  if (!from.outputs.length) return { x: after.x, y: after.y + heightOf(from) };
  const only = output !== undefined && from.outputs.length === 1;
  return { x: after.x + COLUMN, y: after.y + (only ? tabAt(from, output) - heightOf(kind) / 2 : 0) };
}

// The place of a node whose middle is at this point.
export const around = (kind, { x, y }) => ({ x: x - WIDTH / 2, y: y - heightOf(kind) / 2 });
