// The list of nodes there are, to search, to press and to drag onto the board.

import { button, foreign, make, uniqueId } from "./dom.js";
import { glyph } from "./glyphs.js";

const STILL = 5; // px that a press may stray and still be a press

export class Sidebar {
  element;
  #palette;
  #acts;
  #items = []; // {item, kind, why, heap}
  #nothing = make("p", { class: "dim", hidden: true }, "No node is called that.");

  // `acts`: add(kind, pointer), drop(kind, event) where the pointer let go, say(words).
  constructor(palette, acts) {
    this.#palette = palette;
    this.#acts = acts;
    const list = make(
      "div",
      { class: "flow-list", id: uniqueId() },
      this.#search(),
      ...palette.groups.map((group) => this.#group(group)),
      this.#nothing,
    );
    const title = make("h2", { id: uniqueId() }, "Add a node");
    // Shown where the list would take the room of the board.
    const more = button("Add a node", () => this.unfold(!this.unfolded), {
      class: "flow-more",
      "aria-expanded": "false",
      "aria-controls": list.id,
    });
    this.element = make("section", { class: "flow-side", "aria-labelledby": title.id }, title, more, list);
    // What is typed into the search is no change of the page's form.
    for (const type of ["input", "change"])
      this.element.addEventListener(type, (event) => event.stopPropagation());
  }

  get unfolded() {
    return this.element.classList.contains("unfolded");
  }

  unfold(open) {
    this.element.classList.toggle("unfolded", open);
    this.element.querySelector(".flow-more").setAttribute("aria-expanded", String(open));
  }

  // Says which nodes may not be added now, and why.
  show(graph) {
    for (const one of this.#items) {
      const words = this.#palette.full(graph, one.kind);
      one.why.textContent = words;
      one.why.hidden = !words;
      if (words) one.item.setAttribute("aria-disabled", "true");
      else one.item.removeAttribute("aria-disabled");
    }
  }

  // The first kind of node that starts a workflow.
  get first() {
    return (this.#items.find(({ kind }) => kind.inputs === 0) ?? this.#items[0])?.kind;
  }

  #search() {
    const input = make("input", {
      type: "search",
      id: uniqueId(),
      autocomplete: "off",
      placeholder: "Find a node",
    });
    input.addEventListener("input", () => this.#filter(input.value));
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") {
        event.preventDefault(); // or the page's own form would be sent
        this.#items.find(({ item }) => !item.hidden)?.item.focus();
      } else if (event.key === "Escape" && input.value) {
        input.value = "";
        this.#filter("");
      }
    });
    return make(
      "div",
      { role: "search" },
      make("label", { class: "unseen", for: input.id }, "Find a node"),
      input,
    );
  }

  #filter(typed) {
    const wanted = typed.trim().toLowerCase();
    for (const { item, heap } of this.#items) item.hidden = !heap.includes(wanted);
    const found = this.#items.filter(({ item }) => !item.hidden).length;
    for (const group of this.element.querySelectorAll(".flow-group"))
      group.hidden = !group.querySelector("button:not([hidden])");
    this.#nothing.hidden = found > 0;
    this.#acts.say(wanted ? `${found} ${found === 1 ? "node" : "nodes"} found.` : "");
  }

  #group(group) {
    const title = make("h3", { id: uniqueId() }, foreign(group.title));
    return make(
      "div",
      { class: "flow-group", role: "group", "aria-labelledby": title.id },
      title,
      ...group.kinds.map((kind) => this.#item(kind, group.title)),
    );
  }

  #item(kind, group) {
    const title = make("span", { class: "flow-title", id: uniqueId() }, foreign(kind.title));
    const about = make("small", {}, foreign(kind.about));
    const why = make("small", { class: "flow-why", hidden: true });
    const text = make("span", { class: "flow-words", id: uniqueId() }, title, about, why);
    about.id = uniqueId();
    why.id = uniqueId();
    const item = make(
      "button",
      {
        type: "button",
        class: `flow-item hue-${kind.colour}`,
        "aria-labelledby": title.id,
        "aria-describedby": `${about.id} ${why.id}`,
      },
      make("span", { class: "flow-icon" }, glyph(kind)),
      text,
    );
    this.#items.push({ item, kind, why, heap: `${kind.title} ${kind.about} ${group}`.toLowerCase() });
    this.#draggable(item, kind);
    return item;
  }

  #draggable(item, kind) {
    let start = null;
    let ghost = null;
    const end = () => {
      ghost?.remove();
      [start, ghost] = [null, null];
    };
    const refused = () => item.hasAttribute("aria-disabled");
    // A finger scrolls the list: it presses.
    item.addEventListener("pointerdown", (event) => {
      if (event.button !== 0 || event.pointerType === "touch" || refused()) return;
      start = event;
      item.setPointerCapture(event.pointerId);
    });
    item.addEventListener("pointermove", (event) => {
      if (
        !start ||
        (!ghost && Math.hypot(event.clientX - start.clientX, event.clientY - start.clientY) < STILL)
      )
        return;
      if (!ghost) {
        ghost = make(
          "div",
          { class: `flow-ghost hue-${kind.colour}`, "aria-hidden": "true" },
          make("span", { class: "flow-icon" }, glyph(kind)),
          foreign(kind.title),
        );
        this.element.append(ghost);
      }
      ghost.style.left = `${event.clientX}px`;
      ghost.style.top = `${event.clientY}px`;
    });
    let dragged = false;
    item.addEventListener("pointerup", (event) => {
      dragged = Boolean(ghost);
      end();
      if (dragged) this.#acts.drop(kind, event);
    });
    item.addEventListener("pointercancel", end);
    item.addEventListener("keydown", (event) => {
      dragged = false;
      if (event.key === "Escape" && ghost) end();
    });
    item.addEventListener("click", (event) => {
      if (dragged && event.detail > 0) {
        dragged = false;
        return;
      }
      if (refused())
        this.#acts.say(`${kind.title}: ${this.#items.find((one) => one.kind === kind).why.textContent}`);
      else this.#acts.add(kind, event.detail > 0);
    });
  }
}
