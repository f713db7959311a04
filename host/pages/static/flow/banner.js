// What stands over the board while a connection is made: which output, which node comes next.

import { button, foreign, make } from "./dom.js";
import { toneOf } from "./tones.js";

export class Banner {
  element = make("div", {
    class: "flow-banner",
    role: "group",
    "aria-label": "Which node comes next",
    hidden: true,
  });

  // Asks which of the outputs; their first letters choose too, where they differ.
  choose(name, outputs, chosen, left) {
    const letters = outputs.map((output) => output.charAt(0).toLowerCase());
    const plain = new Set(letters).size === letters.length;
    const buttons = outputs.map((output) =>
      button(foreign(output), () => chosen(output), { class: `flow-choice ${toneOf(output)}` }),
    );
    this.element.replaceChildren(
      make("span", {}, "Connect ", foreign(name), " on"),
      ...buttons,
      button("Cancel", left, { class: "quiet" }),
    );
    this.element.onkeydown = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const at = plain ? letters.indexOf(event.key.toLowerCase()) : -1;
      if (at < 0) return;
      event.preventDefault();
      chosen(outputs[at]);
    };
    this.element.hidden = false;
    buttons[0].focus();
  }

  // Says what is being connected.
  tell(name, output, left) {
    this.element.onkeydown = null;
    this.element.replaceChildren(
      make("span", {}, foreign(name), " on ", foreign(output), ": choose the node that comes next"),
      button("Cancel", left, { class: "quiet" }),
    );
    this.element.hidden = false;
  }

  get shown() {
    return !this.element.hidden;
  }

  hide() {
    this.element.hidden = true;
  }
}
