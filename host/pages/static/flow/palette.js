// The kinds of nodes there are, as the page declares them, and what a node is called.

import { bare } from "./dom.js";
import { shown } from "./exact.js";
import { nodeOf } from "./graph.js";

const COLOURS = 5;

export class Palette {
  #kinds = new Map();

  constructor({ groups = [], limits = {} }) {
    this.limits = { nodes: Infinity, edges: Infinity, ...limits };
    this.groups = groups.map((group, number) => ({
      title: group.title,
      kinds: group.nodes.map((kind) => this.#know(kind, number % COLOURS)),
    }));
  }

  #know(told, colour) {
    const kind = { inputs: 1, outputs: [], fields: [], about: "", most: Infinity, ...told, colour };
    this.#kinds.set(kind.type, kind);
    return kind;
  }

  // A type that nobody declares any more still stands on the board, and can be connected.
  kind(type) {
    return (
      this.#kinds.get(type) ?? {
        type,
        title: type,
        about: "This host does not know this kind of node.",
        colour: COLOURS - 1,
        inputs: 1,
        outputs: ["success", "failure"],
        fields: [],
        most: Infinity,
      }
    );
  }

  // Why no further node of this kind may be added, as a sentence; "" if one may.
  full(graph, kind) {
    if (graph.nodes.length >= this.limits.nodes) return `A workflow has at most ${this.limits.nodes} nodes.`;
    if (graph.nodes.filter((node) => node.type === kind.type).length < kind.most) return "";
    return kind.most === 1 ? "Only one in a workflow." : `At most ${kind.most} in a workflow.`;
  }

  // The words for a node in a sentence; with its id when another one reads the same.
  name(graph, id) {
    const node = nodeOf(graph, id);
    if (!node) return `${bare(id)} (missing)`;
    const { title } = this.kind(node.type);
    return graph.nodes.filter((one) => this.kind(one.type).title === title).length > 1
      ? `${bare(title)} (${bare(id)})`
      : bare(title);
  }

  // A new node of this kind, with the defaults of its fields.
  fresh(kind, id, place) {
    const defaults = kind.fields.filter((field) => field.default !== undefined);
    return {
      id,
      type: kind.type,
      ...place,
      ...Object.fromEntries(defaults.map((field) => [field.name, field.default])),
    };
  }

  // The second line of a node: what tells it from others of its kind.
  secondLine(node) {
    const kind = this.kind(node.type);
    if (kind.summary) {
      const field = kind.fields.find(({ name }) => name === kind.summary);
      return valueWords(field, node[kind.summary]) || "Not set yet";
    }
    const conditions = kind.fields.find((field) => field.kind === "conditions");
    if (conditions) return conditionWords(conditions, node[conditions.name]) || "Not set yet";
    const told = kind.fields.filter((field) => field.kind !== "pairs").slice(0, 2);
    const words = told.map((field) => valueWords(field, node[field.name] ?? field.default));
    if (told.some((field, at) => field.required && !words[at])) return "Not set yet";
    return words.filter(Boolean).join(" ");
  }
}

export const labelOf = (choices, value) =>
  choices?.find((choice) => choice.value === value)?.label ?? shown(value);

export const choicesOf = (field, values) =>
  (field.by ? field.choices_by?.[values(field.by)] : field.choices) ?? [];

function valueWords(field, value) {
  return field.kind === "choice" ? labelOf(field.choices, value) : shown(value);
}

function conditionWords(field, rows) {
  if (!Array.isArray(rows) || !rows.length) return "";
  const more = rows.length > 1 ? `, +${rows.length - 1}` : "";
  return `${conditionSentence(field, rows[0])}${more}`;
}

// "Points is 5"
export function conditionSentence(field, { attribute, operator, value }) {
  const values = Array.isArray(value) ? value.map(shown).join(", ") : shown(value);
  return [labelOf(field.suggestions, attribute), labelOf(field.operators, operator), values]
    .filter(Boolean)
    .join(" ");
}
