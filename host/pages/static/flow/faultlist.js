// What is wrong with the workflow, as a list under the board; each leads to its node.

import { bare, button, foreign, make, uniqueId } from "./dom.js";
import { nodeOf } from "./graph.js";

export class FaultList {
  element;
  #palette;
  #open;
  #title = make("h2", { id: uniqueId() });
  #list = make("ul", { class: "plain" });
  #note = make("p", { class: "dim", hidden: true }, "This could not be checked just now. What is shown was found before.");

  // `open(id, field)` opens a node at a field.
  constructor(palette, open) {
    this.#palette = palette;
    this.#open = open;
    this.element = make("section", { class: "flow-faults", "aria-labelledby": this.#title.id }, this.#title, this.#list, this.#note);
  }

  show(graph, faults, unsure) {
    const warnings = faults.filter((fault) => fault.level === "warning").length;
    const count = (number, word) => (number ? [`${number} ${word}${number > 1 ? "s" : ""}`] : []);
    this.#title.textContent = [...count(faults.length - warnings, "fault"), ...count(warnings, "warning")].join(", ");
    this.#title.hidden = !faults.length;
    this.#list.hidden = !faults.length;
    this.#note.hidden = !unsure;
    this.element.hidden = !faults.length && !unsure;
    this.#list.replaceChildren(...faults.map((fault) => make("li", { class: fault.level === "warning" ? "at-warning" : "at-fault" }, this.#entry(graph, fault))));
  }

  #entry(graph, fault) {
    const mark = make("span", { class: "flow-mark", "aria-hidden": "true" }, "!");
    const word = make("span", { class: "unseen" }, fault.level === "warning" ? "Warning: " : "Fault: ");
    const message = foreign(fault.message);
    if (!fault.node || !nodeOf(graph, fault.node)) return make("p", {}, mark, word, message);
    const name = make("strong", {}, foreign(bare(this.#palette.name(graph, fault.node))));
    const press = button("", () => this.#open(fault.node, fault.field), { class: "flow-lead quiet" });
    press.append(mark, word, name, " ", message);
    return press;
  }
}
