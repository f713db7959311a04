// What is wrong with the workflow, as a list under the board; each leads to its node.

import { button, foreign, make, uniqueId } from "./dom.js";
import { nodeOf } from "./graph.js";
import { countWords, isWarning, levelOf } from "./tones.js";

export class FaultList {
  element;
  #palette;
  #acts;
  #title = make("h2", { id: uniqueId() });
  #list = make("ul", { class: "plain" });
  #note = make(
    "p",
    { class: "dim", hidden: true },
    "This could not be checked just now. What is shown was found before.",
  );

  // `acts.open(id, {field})` opens a node at a field.
  constructor(palette, acts) {
    this.#palette = palette;
    this.#acts = acts;
    this.element = make(
      "section",
      { class: "flow-faults", "aria-labelledby": this.#title.id },
      this.#title,
      this.#list,
      this.#note,
    );
  }

  // Those of nodes that are gone are no faults any more.
  show({ graph, faults: all, unsure }) {
    const faults = all.filter((fault) => !fault.node || nodeOf(graph, fault.node));
    this.#title.textContent = countWords(faults).join(", ");
    this.#title.hidden = !faults.length;
    this.#list.hidden = !faults.length;
    this.#note.hidden = !unsure;
    this.element.hidden = !faults.length && !unsure;
    this.#list.replaceChildren(
      ...faults.map((fault) => make("li", { class: levelOf([fault]) }, this.#entry(graph, fault))),
    );
  }

  #entry(graph, fault) {
    const mark = make("span", { class: "flow-mark", "aria-hidden": "true" }, "!");
    const word = make("span", { class: "unseen" }, isWarning(fault) ? "Warning: " : "Fault: ");
    const text = make("span", {}, word);
    const known = fault.node && nodeOf(graph, fault.node);
    if (known) text.append(make("strong", {}, foreign(this.#palette.name(graph, fault.node))), " ");
    text.append(foreign(fault.message));
    if (!known) return make("p", {}, mark, text);
    const press = button(mark, () => this.#acts.open(fault.node, { field: fault.field }), {
      class: "flow-lead quiet",
    });
    press.append(text);
    return press;
  }
}
