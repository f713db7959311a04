// One node on the board: a button, and around it for the eye and the pointer its outputs and marks.

import { bare, foreign, make } from "./dom.js";
import { heightOf, TAB, tabAt, WIDTH } from "./geometry.js";
import { glyph } from "./glyphs.js";
import { countWords, levelOf, outcomeTone, toneOf } from "./tones.js";

const HIDDEN = { "aria-hidden": "true" };

export class Card {
  element;
  #button = make("button", { type: "button", class: "flow-card" });
  #told = ""; // what was drawn

  constructor(id) {
    this.element = make("div", { "data-node": id }, this.#button);
  }

  // `second` is its second line, `faults` are its own, `outcome` is that of a run that passed it;
  // `classes` say how it stands among the others.
  show(node, kind, { second, faults, outcome, selected, classes }) {
    const all = ["flow-node", `hue-${kind.colour}`, selected && "selected", ...classes];
    if (faults.length) all.push(levelOf(faults));
    this.element.className = all.filter(Boolean).join(" ");
    if (selected) this.#button.setAttribute("aria-current", "true");
    else this.#button.removeAttribute("aria-current");
    const words = [kind.title, second, outcome && `passed with ${outcome}`, ...countWords(faults)];
    const name = words.filter(Boolean).map(bare).join(", ");
    const told = JSON.stringify([node.x, node.y, node.type, name, second]);
    if (this.#told === told) return;
    this.#told = told;
    this.place(node);
    this.element.style.width = `${WIDTH}px`;
    this.element.style.height = `${heightOf(kind)}px`;
    this.#button.setAttribute("aria-label", name);
    this.#button.title = name;
    this.#button.replaceChildren(
      make("span", { class: "flow-icon" }, glyph(kind)),
      this.#words(kind, second),
    );
    // The button stays where it is: taken out and put back it would lose the focus, or a click.
    while (this.#button.nextSibling) this.#button.nextSibling.remove();
    this.#button.after(...this.#outputs(kind), ...this.#marks(kind, faults, outcome));
  }

  place({ x, y }) {
    this.element.style.left = `${x}px`;
    this.element.style.top = `${y}px`;
  }

  // Shows it elsewhere while it is carried; the next `show` puts it where it belongs.
  carry(place) {
    this.#told = "";
    this.place(place);
    this.element.classList.add("carried");
  }

  focus() {
    this.#button.focus({ preventScroll: true });
  }

  #words(kind, second) {
    const title = make("span", { class: "flow-title" }, foreign(kind.title));
    const line = second ? make("span", { class: "flow-second" }, foreign(second)) : null;
    return make("span", { class: "flow-words" }, title, line);
  }

  #outputs(kind) {
    return kind.outputs.map((output) => {
      const told = { class: `flow-out ${toneOf(output)}`, "data-output": output, ...HIDDEN };
      const tab = make("span", told, make("span", {}, foreign(output)));
      tab.style.left = "100%";
      tab.style.top = `${tabAt(kind, output)}px`;
      tab.style.width = `${TAB}px`;
      return tab;
    });
  }

  #marks(kind, faults, outcome) {
    const mark = (name, ...text) => make("span", { class: name, ...HIDDEN }, ...text);
    return [
      ...(kind.inputs !== 0 ? [mark("flow-in")] : []),
      ...(faults.length ? [mark(`flow-badge ${levelOf(faults)}`, `! ${faults.length}`)] : []),
      ...(outcome ? [mark(`flow-outcome ${outcomeTone(outcome)}`, foreign(outcome))] : []),
    ];
  }
}
