// Conditions of a filter: attribute, operator, and a value, several values, or none.

import { make, option } from "./dom.js";
import { shown } from "./exact.js";
import { suggestions } from "./frame.js";
import { labelled, rowed } from "./rowed.js";

export function conditions(field, value) {
  const told = Array.isArray(value) ? value : [];
  const frame = rowed(field, told, { add: "Add condition", one: "condition", row: "Condition" }, (row) =>
    drawn(field, row),
  );
  return {
    ...frame,
    current: () => "",
    read: () => ({ value: frame.untouched() ? value : frame.rows.map((row) => row.read()).filter(Boolean) }),
  };
}

function drawn(field, told = {}) {
  const attribute = make("input", { type: "text", autocomplete: "off", spellcheck: "false" });
  attribute.value = shown(told.attribute);
  const operator = make("select");
  const operators = field.operators ?? [];
  operator.append(...operators.map((one) => option(one.value, one.label)));
  if (told.operator && !operators.some((one) => one.value === told.operator)) {
    operator.append(option(told.operator, `${told.operator} (not known)`));
  }
  operator.value = told.operator ?? operators[0]?.value ?? "";
  const takes = () => operators.find((one) => one.value === operator.value)?.takes ?? "one";
  const originals = Array.isArray(told.value) ? told.value : told.value === undefined ? [] : [told.value];

  const one = make("input", { type: "text", autocomplete: "off", spellcheck: "false" });
  const list = make("textarea", { rows: 3, spellcheck: "false" });
  list.value = originals.map(shown).join("\n");
  one.value = originals.map(shown).join(", ");
  const oneLabel = labelled("Value", one);
  const listLabel = labelled("Values, one per line", list);
  const show = () => {
    oneLabel.hidden = takes() !== "one";
    listLabel.hidden = takes() !== "list";
  };
  // What was typed goes along when another operator wants it otherwise.
  operator.addEventListener("change", () => {
    if (takes() === "list" && listLabel.hidden && one.value) list.value = one.value;
    if (takes() === "one" && oneLabel.hidden && list.value) one.value = lines(list.value).join(", ");
    show();
  });
  show();

  const asTyped = (text) => originals.find((value) => shown(value) === text) ?? text;
  const values = {
    none: () => ({}),
    one: () => ({ value: asTyped(one.value) }),
    list: () => ({ value: lines(list.value).map(asTyped) }),
  };
  return {
    element: make(
      "div",
      { class: "flow-row", role: "group" },
      labelled("Attribute", attribute),
      suggestions(attribute, field.suggestions),
      make("label", {}, make("span", { class: "unseen" }, "Operator"), operator),
      oneLabel,
      listLabel,
    ),
    first: attribute,
    read() {
      const { attribute: _, operator: __, value: ___, ...unknown } = told;
      if (!attribute.value && !one.value && !list.value) return null;
      return { ...unknown, attribute: attribute.value, operator: operator.value, ...values[takes()]() };
    },
  };
}

const lines = (text) =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean);
