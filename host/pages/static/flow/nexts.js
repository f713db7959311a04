// "Goes on to": the edges that leave a node, as lists and selects. Changes apply at once.

import { bare, button, foreign, make, option, uniqueId } from "./dom.js";
import { leaving, refusal } from "./graph.js";
import { toneOf } from "./tones.js";

export class Nexts {
  element = make("section", { class: "flow-nexts" });
  #palette;
  #acts;

  // `acts.connect(edge)` and `acts.cut(edge)` change the graph, which is then shown anew.
  constructor(palette, acts) {
    this.#palette = palette;
    this.#acts = acts;
  }

  show(graph, node, readonly) {
    const { outputs } = this.#palette.kind(node.type);
    // An output that the node has no more can still have edges: they are shown, to be removed.
    const strange = leaving(graph, node.id)
      .map((edge) => edge.on)
      .filter((on) => !outputs.includes(on));
    const all = [...new Set([...outputs, ...strange])];
    this.element.hidden = !all.length;
    this.element.replaceChildren(
      make("h3", {}, "Goes on to"),
      ...all.map((output) =>
        this.#output(graph, node, output, readonly || !outputs.includes(output), readonly),
      ),
    );
  }

  #output(graph, node, output, closed, readonly) {
    const title = make("h4", { id: uniqueId(), class: `flow-on ${toneOf(output)}` }, foreign(`On ${output}`));
    const edges = leaving(graph, node.id, output);
    const list = make(
      "ul",
      { class: "plain", "aria-labelledby": title.id },
      ...edges.map((edge) => {
        const name = this.#label(graph, edge.to);
        const remove = () => this.#then(() => this.#acts.cut(edge), output);
        return make(
          "li",
          {},
          foreign(name),
          readonly
            ? null
            : button("Remove", remove, { class: "quiet", "aria-label": `Remove ${name} on ${bare(output)}` }),
        );
      }),
    );
    const nothing = make("p", { class: "dim" }, "Nothing: the run ends here.");
    return make(
      "div",
      { class: "flow-next", "data-output": output },
      title,
      edges.length ? list : nothing,
      closed ? null : this.#adding(graph, node, output),
    );
  }

  #adding(graph, node, output) {
    const select = make("select", { id: uniqueId() }, option("", "Choose a node…"));
    for (const other of graph.nodes) {
      const edge = { from: node.id, to: other.id, on: output };
      const why = refusal(graph, this.#palette, edge);
      if (!why) select.append(option(other.id, this.#label(graph, other.id)));
      else if (why.includes("circle"))
        select.append(
          option(other.id, `${this.#label(graph, other.id)}: would go in a circle`, { disabled: true }),
        );
    }
    const add = button(
      "Add",
      () => {
        if (!select.value) return select.focus();
        this.#then(() => this.#acts.connect({ from: node.id, to: select.value, on: output }), output);
      },
      { "aria-label": `Add on ${bare(output)}` },
    );
    return make(
      "div",
      { class: "flow-pick" },
      make("label", { class: "unseen", for: select.id }, `Next node on ${bare(output)}`),
      select,
      add,
    );
  }

  // The focus stays at this output when the lists are drawn anew.
  #then(change, output) {
    change();
    [...this.element.querySelectorAll(".flow-next")]
      .find((one) => one.dataset.output === output)
      ?.querySelector("select")
      ?.focus();
  }

  #label(graph, id) {
    const node = graph.nodes.find((one) => one.id === id);
    const second = node && this.#palette.secondLine(node);
    return [this.#palette.name(graph, id), second && bare(second)].filter(Boolean).join(" · ");
  }
}
