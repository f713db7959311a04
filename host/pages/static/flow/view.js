// Which part of the board is seen, and how large.

import { heightOf, TAB, WIDTH } from "./geometry.js";

const LEAST = 0.25;
const MOST = 2;
const READABLE = 0.75; // no smaller at the start
const MARGIN = 24; // px between what is shown and the rim
const KEPT = 80; // px of the nodes that stay in sight

export class View {
  zoom = 1;
  #x = 0;
  #y = 0;
  #surface;
  #world;
  #changed;

  // `surface` is the window onto `world`; `changed` hears of each new zoom.
  constructor(surface, world, changed) {
    this.#surface = surface;
    this.#world = world;
    this.#changed = changed;
    this.#show();
  }

  // Board pixels of a point of the window.
  at({ clientX, clientY }) {
    const rim = this.#surface.getBoundingClientRect();
    return {
      x: (clientX - rim.left - this.#surface.clientLeft - this.#x) / this.zoom,
      y: (clientY - rim.top - this.#surface.clientTop - this.#y) / this.zoom,
    };
  }

  centre() {
    const { clientWidth, clientHeight } = this.#surface;
    return { x: (clientWidth / 2 - this.#x) / this.zoom, y: (clientHeight / 2 - this.#y) / this.zoom };
  }

  // Moves what is seen by so many screen pixels; answers whether it moved. Within `bounds` (board
  // pixels around all nodes, or null) something of them stays in sight.
  pan(dx, dy, bounds) {
    const before = [this.#x, this.#y];
    this.#x = this.#held(this.#x + dx, bounds?.left, bounds?.right, this.#surface.clientWidth);
    this.#y = this.#held(this.#y + dy, bounds?.top, bounds?.bottom, this.#surface.clientHeight);
    this.#show();
    return this.#x !== before[0] || this.#y !== before[1];
  }

  #held(value, low = 0, high = 0, room) {
    return Math.min(Math.max(value, KEPT - high * this.zoom), room - KEPT - low * this.zoom);
  }

  // As the wheel does it: no further than to the rim of what there is, so that the page scrolls on.
  scroll(dx, dy, bounds) {
    const { clientWidth, clientHeight } = this.#surface;
    const x = this.#rolled(this.#x, dx, bounds.left, bounds.right, clientWidth);
    const y = this.#rolled(this.#y, dy, bounds.top, bounds.bottom, clientHeight);
    const moved = x !== this.#x || y !== this.#y;
    [this.#x, this.#y] = [x, y];
    this.#show();
    return moved;
  }

  #rolled(now, by, low, high, room) {
    const first = MARGIN - low * this.zoom; // the near rim is in sight
    const last = room - MARGIN - high * this.zoom; // the far rim is in sight
    return by > 0 ? Math.max(now, Math.min(now + by, first)) : Math.min(now, Math.max(now + by, last));
  }

  // Zooms; the point of the window under `fixed` (client pixels, else the middle) stays there.
  zoomTo(zoom, fixed) {
    const rim = this.#surface.getBoundingClientRect();
    const at = fixed ?? { clientX: rim.left + rim.width / 2, clientY: rim.top + rim.height / 2 };
    const point = this.at(at);
    this.zoom = Math.min(Math.max(zoom, LEAST), MOST);
    const now = this.at(at);
    this.#x += (now.x - point.x) * this.zoom;
    this.#y += (now.y - point.y) * this.zoom;
    this.#show();
  }

  fit(bounds) {
    this.#fit(bounds, LEAST);
  }

  // Shows the beginning of the workflow, in a size that can be read, as soon as there is room:
  // a hidden board has no size. `bounds()` are those of that moment.
  startWhenSeen(bounds) {
    const seen = new ResizeObserver(() => {
      if (!this.#surface.clientWidth) return;
      seen.disconnect();
      this.#fit(bounds(), READABLE);
    });
    seen.observe(this.#surface);
  }

  #fit(bounds, least) {
    if (!bounds) {
      [this.zoom, this.#x, this.#y] = [1, 0, 0];
      this.#show();
      return;
    }
    const { clientWidth, clientHeight } = this.#surface;
    const [wide, tall] = [bounds.right - bounds.left, bounds.bottom - bounds.top];
    const zoom = Math.min((clientWidth - 2 * MARGIN) / wide, (clientHeight - 2 * MARGIN) / tall);
    this.zoom = Math.min(Math.max(zoom, least), 1);
    this.#x = Math.max((clientWidth - wide * this.zoom) / 2, MARGIN) - bounds.left * this.zoom;
    this.#y = Math.max((clientHeight - tall * this.zoom) / 2, MARGIN) - bounds.top * this.zoom;
    this.#show();
  }

  // Brings a node into sight, moving no more than needed.
  reveal(node, kind) {
    const { clientWidth, clientHeight } = this.#surface;
    const into = (start, size, room) => {
      const before = MARGIN - start;
      const after = room - MARGIN - start - size;
      return before > 0 ? before : Math.max(Math.min(after, 0), before);
    };
    this.#x += into(this.#x + node.x * this.zoom, (WIDTH + TAB) * this.zoom, clientWidth);
    this.#y += into(this.#y + node.y * this.zoom, heightOf(kind) * this.zoom, clientHeight);
    this.#show();
  }

  #show() {
    this.#world.style.transform = `translate(${this.#x}px, ${this.#y}px) scale(${this.zoom})`;
    const dots = 20 * this.zoom * (this.zoom < 0.5 ? 2 : 1);
    this.#surface.style.backgroundSize = `${dots}px ${dots}px`;
    this.#surface.style.backgroundPosition = `${this.#x}px ${this.#y}px`;
    this.#changed(this.zoom);
  }
}
