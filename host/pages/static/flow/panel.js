// The panel of a node: what it is, its fields, where it goes on to.

import { button, foreign, make, uniqueId } from "./dom.js";
import { shown } from "./exact.js";
import { control } from "./fields.js";
import { glyph } from "./glyphs.js";
import { nodeOf } from "./graph.js";
import { Nexts } from "./nexts.js";
import { choicesOf, conditionSentence, labelOf } from "./palette.js";

export class Panel {
  element = make("section", { class: "flow-panel", hidden: true });
  #palette;
  #acts;
  #node = null;
  #readonly = false;
  #controls = new Map();
  #pending = false;
  #nexts;
  #general = make("div", { class: "flow-said" });
  #note = make("p", { class: "dim", hidden: true }, "Not applied yet.");

  // `acts`: update(node), leave(), remove(id), connect(edge), cut(edge).
  constructor(palette, acts) {
    this.#palette = palette;
    this.#acts = acts;
    this.#nexts = new Nexts(palette, acts);
    for (const type of ["input", "change"])
      this.element.addEventListener(type, (event) => this.#edited(event));
    this.element.addEventListener("keydown", (event) => this.#key(event));
  }

  get id() {
    return this.#node?.id;
  }

  // Whether something was typed that *Update* has not applied.
  get pending() {
    return this.#pending;
  }

  // Shows the node with this id; null shows none, and needs no state.
  open(id, { graph, faults, readonly, route } = {}) {
    this.#node = id === null ? null : nodeOf(graph, id);
    this.#pending = false;
    this.#note.hidden = true;
    this.#controls.clear();
    this.element.hidden = !this.#node;
    this.element.replaceChildren();
    if (!this.#node) return;
    this.#readonly = readonly;
    const kind = this.#palette.kind(this.#node.type);
    const title = make("h2", { id: uniqueId() }, foreign(kind.title));
    this.element.setAttribute("aria-labelledby", title.id);
    this.element.className = `flow-panel hue-${kind.colour}`;
    const outcome = route?.outcome(id);
    this.element.append(
      make(
        "header",
        {},
        make("span", { class: "flow-icon" }, glyph(kind)),
        title,
        button("×", () => this.#acts.leave(), {
          class: "flow-close quiet",
          "aria-label": "Close",
          title: "Close",
        }),
      ),
      ...(kind.about ? [make("p", { class: "dim" }, foreign(kind.about))] : []),
      ...(outcome ? [make("p", {}, "Passed with ", make("strong", {}, foreign(outcome)), ".")] : []),
      this.#general,
      ...(readonly ? [this.#values(kind)] : this.#inputs(kind)),
      this.#nexts.element,
      ...(readonly
        ? []
        : [
            make(
              "div",
              { class: "actions" },
              button("Remove this node", () => this.#acts.remove(id), { class: "quiet danger" }),
            ),
          ]),
    );
    this.refresh({ graph, faults });
  }

  // The graph or its faults have changed; what was typed stays, unless the node itself did.
  refresh(state) {
    if (!this.#node) return;
    const now = nodeOf(state.graph, this.#node.id);
    if (!now) return this.open(null);
    if (this.#fieldsOf(now) !== this.#fieldsOf(this.#node)) return this.open(now.id, state);
    this.#node = now;
    this.#nexts.show(state.graph, now, this.#readonly);
    this.#showFaults(state.faults.filter((fault) => fault.node === now.id));
  }

  // To a field if it is named, else to the first there is.
  focus(field) {
    const named = this.#controls.get(String(field ?? "").split(/[.[]/)[0])?.element;
    const first =
      named?.querySelector("input, select, textarea, button") ??
      this.element.querySelector(".flow-fields :is(input, select, textarea, button), .flow-nexts select");
    (first ?? this.element.querySelector(".flow-close")).focus();
  }

  // Applies what was typed. False if some of it cannot be; the focus is there.
  apply() {
    const read = [...this.#controls].map(([name, one]) => [name, one.read()]);
    const wrong = read.find(([, found]) => found.wrong)?.[1].wrong;
    if (wrong) {
      wrong.focus();
      return false;
    }
    const node = { ...this.#node };
    for (const [name, { value }] of read) {
      if (value === undefined) delete node[name];
      else node[name] = value;
    }
    this.#pending = false;
    this.#acts.update(node);
    return true;
  }

  #inputs(kind) {
    const values = (name) => this.#controls.get(name)?.current() ?? "";
    const label = (name) => kind.fields.find((field) => field.name === name)?.label ?? name;
    // A choice that hangs on another field is drawn when all of them are there.
    for (const field of kind.fields)
      this.#controls.set(field.name, control(field, this.#node[field.name], values, label));
    for (const one of this.#controls.values()) one.refresh?.();
    const update = button("Update", () => this.#acts.apply(), { class: "primary" });
    if (!kind.fields.length) return [make("p", { class: "dim" }, "There is nothing to set.")];
    return [
      make("div", { class: "flow-fields" }, ...[...this.#controls.values()].map((one) => one.element)),
      make("div", { class: "actions" }, update, this.#note),
    ];
  }

  #values(kind) {
    const list = make("dl", { class: "flow-values" });
    for (const field of kind.fields) {
      const lines = valueLines(field, this.#node[field.name] ?? field.default, (name) => this.#node[name]);
      list.append(
        make("dt", {}, foreign(field.label)),
        ...lines.map((line) => make("dd", {}, foreign(line))),
      );
    }
    return list;
  }

  #fieldsOf(node) {
    return JSON.stringify(this.#palette.kind(node.type).fields.map((field) => node[field.name] ?? null));
  }

  #showFaults(faults) {
    const general = [];
    const known = new Map([...this.#controls].map(([name, one]) => [name, [one, []]]));
    for (const fault of faults) {
      const at = known.get(fault.field) ?? known.get(String(fault.field ?? "").split(/[.[]/)[0]);
      if (at) at[1].push(fault.message);
      else
        general.push(
          make("p", { class: fault.level === "warning" ? "caution" : "fault" }, foreign(fault.message)),
        );
    }
    for (const [one, messages] of known.values()) one.say(messages.join(" "));
    this.#general.replaceChildren(...general);
  }

  #edited(event) {
    // Only the graph's own changes are the page's concern.
    event.stopPropagation();
    if (!event.target.closest(".flow-fields") || event.target.closest(".flow-pick")) return;
    this.#pending = true;
    this.#note.hidden = false;
    if (event.type === "change") for (const one of this.#controls.values()) one.refresh?.();
  }

  #key(event) {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.#acts.leave();
    } else if (event.key === "Enter" && event.target.matches("input")) {
      event.preventDefault(); // or the page's own form would be sent
      this.#acts.apply();
    }
  }
}

// What a field says, for somebody who only reads.
function valueLines(field, value, values) {
  const nothing = ["–"];
  if (value === undefined || value === "") return nothing;
  if (field.kind === "choice") return [labelOf(choicesOf(field, values), value)];
  if (field.kind === "conditions" && Array.isArray(value))
    return value.length ? value.map((row) => conditionSentence(field, row)) : nothing;
  if (field.kind === "pairs" && value && typeof value === "object") {
    const lines = Object.entries(value).map(([key, one]) => `${key}: ${shown(one)}`);
    return lines.length ? lines : nothing;
  }
  return [shown(value)];
}
