// What a pointer does on the board: carry a node, pull a connection, pan, pinch, wheel.

import { snapped } from "./geometry.js";
import { nodeOf } from "./graph.js";

const STILL = 5; // px that a press may stray and still be a press
const WHEEL = 0.0018; // zoom for each px of the wheel
const LINES = 16; // px of a line, where a wheel counts in lines

export class Gestures {
  #board;
  #acts;
  #pointers = new Map(); // id → latest event, of those that pan or pinch
  #doing = null; // {kind, …} of the first pointer
  #swallow = false;

  // `acts`: graph() as it is, readonly; move(id, place), refusal(edge), connect(edge),
  // begin(id, output), choose(edge), ground() for a press on nothing, say(words).
  constructor(board, acts) {
    this.#board = board;
    this.#acts = acts;
    const { surface } = board;
    surface.addEventListener("pointerdown", (event) => this.#down(event));
    surface.addEventListener("pointermove", (event) => this.#move(event));
    surface.addEventListener("pointerup", (event) => this.#up(event));
    surface.addEventListener("pointercancel", (event) => this.#cancel(event));
    surface.addEventListener("click", (event) => this.#click(event), true);
    surface.addEventListener("wheel", (event) => this.#wheel(event), { passive: false });
    surface.addEventListener("dragstart", (event) => event.preventDefault());
  }

  // Leaves what is being carried or pulled; answers whether there was anything.
  leave() {
    const left = ["carry", "pull"].includes(this.#doing?.kind);
    if (left) {
      this.#swallow = this.#doing.moved;
      this.#end();
    }
    return left;
  }

  #down(event) {
    if (event.button > 1 || event.target.closest("button:not(.flow-card)")) return;
    this.#swallow = false;
    this.#board.surface.classList.remove("gliding");
    if (this.#doing?.kind === "pan") {
      this.#pointers.set(event.pointerId, event);
      if (this.#pointers.size === 2) this.#doing.kind = "pinch";
      return;
    }
    if (this.#doing) return;
    this.#doing = this.#begun(event);
    const holder = event.target.closest(".flow-card, .flow-out") ?? this.#board.surface;
    holder.setPointerCapture(event.pointerId);
  }

  #begun(event) {
    const id = this.#board.idOf(event.target);
    const tab = event.target.closest(".flow-out");
    const base = { pointer: event.pointerId, start: event, id, moved: false };
    if (id !== undefined && event.button === 0 && !this.#acts.readonly) {
      if (tab) return { ...base, kind: "pull", output: tab.dataset.output };
      const node = nodeOf(this.#acts.graph(), id);
      return { ...base, kind: "carry", from: { x: node.x, y: node.y }, grip: this.#board.view.at(event) };
    }
    this.#pointers.set(event.pointerId, event);
    return { ...base, kind: "pan", edge: this.#board.edgeOf(event.target) };
  }

  #move(event) {
    const doing = this.#doing;
    if (!doing) return;
    if (doing.kind === "pinch") return this.#pinch(event);
    if (event.pointerId !== doing.pointer) return;
    const strayed = Math.hypot(event.clientX - doing.start.clientX, event.clientY - doing.start.clientY);
    if (!doing.moved && strayed < STILL) return;
    doing.moved = true;
    if (doing.kind === "carry") {
      const point = this.#board.view.at(event);
      doing.place = {
        x: snapped(doing.from.x + point.x - doing.grip.x),
        y: snapped(doing.from.y + point.y - doing.grip.y),
      };
      this.#board.carry(doing.id, doing.place);
    } else if (doing.kind === "pull") {
      const point = this.#board.view.at(event);
      const target = this.#board.hit(point);
      const allowed =
        target !== undefined && !this.#acts.refusal({ from: doing.id, to: target, on: doing.output });
      this.#board.pull(doing.id, doing.output, point, target, allowed);
    } else {
      const last = this.#pointers.get(event.pointerId);
      this.#board.view.pan(event.clientX - last.clientX, event.clientY - last.clientY, this.#board.bounds);
      this.#board.surface.classList.add("panning");
      this.#pointers.set(event.pointerId, event);
    }
  }

  #pinch(event) {
    if (!this.#pointers.has(event.pointerId)) return;
    const apart = () => {
      const [one, other] = [...this.#pointers.values()];
      return Math.max(Math.hypot(one.clientX - other.clientX, one.clientY - other.clientY), 1);
    };
    const before = apart();
    this.#pointers.set(event.pointerId, event);
    const [one, other] = [...this.#pointers.values()];
    const fixed = { clientX: (one.clientX + other.clientX) / 2, clientY: (one.clientY + other.clientY) / 2 };
    this.#board.view.zoomTo(this.#board.view.zoom * (apart() / before), fixed);
  }

  #up(event) {
    const doing = this.#doing;
    if (!doing || (doing.kind !== "pinch" && event.pointerId !== doing.pointer)) return;
    if (doing.kind === "pinch" && !this.#pointers.has(event.pointerId)) return;
    this.#swallow = doing.moved || doing.kind === "pinch";
    this.#end();
    if (doing.kind === "carry" && doing.moved) {
      this.#acts.move(doing.id, doing.place);
    } else if (doing.kind === "pull") {
      if (doing.moved) this.#connect(doing, this.#board.view.at(event));
      else this.#acts.begin(doing.id, doing.output);
    } else if (doing.kind === "pan" && !doing.moved && doing.id === undefined) {
      if (doing.edge && !this.#acts.readonly) this.#acts.choose(doing.edge);
      else this.#acts.ground();
    }
  }

  #connect(doing, point) {
    const to = this.#board.hit(point);
    if (to === undefined) this.#acts.say("Not connected: let go over the node that comes next.");
    else this.#acts.connect({ from: doing.id, to, on: doing.output });
  }

  #cancel(event) {
    if (this.#doing && (event.pointerId === this.#doing.pointer || this.#pointers.has(event.pointerId)))
      this.#end();
  }

  #end() {
    const { kind, moved } = this.#doing;
    this.#doing = null;
    this.#pointers.clear();
    this.#board.surface.classList.remove("panning");
    if (kind === "pull") this.#board.letGo();
    if (kind === "carry" && moved) this.#board.drop();
  }

  // The click that ends a drag opens nothing.
  #click(event) {
    if (!this.#swallow || event.detail === 0) return;
    this.#swallow = false;
    event.stopPropagation();
    event.preventDefault();
  }

  #wheel(event) {
    const { view, bounds, surface } = this.#board;
    const scale = event.deltaMode === 1 ? LINES : 1;
    surface.classList.remove("gliding");
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      view.zoomTo(view.zoom * Math.exp(-event.deltaY * scale * WHEEL), event);
    } else if (bounds) {
      const [dx, dy] = event.shiftKey && !event.deltaX ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
      if (view.scroll(-dx * scale, -dy * scale, bounds)) event.preventDefault();
    }
  }
}
