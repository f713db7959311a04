// The fields of a node as inputs, and what was typed as the values of a node.
//
// A control is {element, read, current, refresh?}. `read()` answers {value}, undefined where the
// node has none, or {wrong: input} after saying at that input what is wrong. What nobody edited
// comes back as it was, whatever its type.

import { conditions } from "./conditions.js";
import { make, option } from "./dom.js";
import { numberOf, shown } from "./exact.js";
import { framed, suggestions } from "./frame.js";
import { pairs } from "./pairs.js";
import { choicesOf } from "./palette.js";

const WHOLE = /^-?\d+$/;
const KINDS = { text, number, choice, conditions, pairs };

// `values(name)` is what now stands in another field of the same node, `label(name)` its label.
export function control(field, value, values, label) {
  return (KINDS[field.kind] ?? text)(field, value, values, label);
}

function text(field, value) {
  const before = shown(value ?? field.default);
  const input = make("input", { type: "text", autocomplete: "off", spellcheck: "false" });
  input.value = before;
  return {
    ...framed(field, input, suggestions(input, field.suggestions)),
    current: () => input.value,
    read: () => ({ value: input.value === before ? value : input.value }),
  };
}

function number(field, value) {
  const before = shown(value ?? field.default);
  const input = make("input", { type: "text", inputmode: "numeric", autocomplete: "off", class: "short" });
  input.value = before;
  const frame = framed(field, input);
  return {
    ...frame,
    current: () => input.value,
    read() {
      const typed = input.value.trim();
      const found = WHOLE.test(typed) ? numberOf(typed) : undefined;
      const inside = Number(typed) >= (field.least ?? -Infinity) && Number(typed) <= (field.most ?? Infinity);
      if (typed === before) return { value };
      frame.say(!typed || (found !== undefined && inside) ? "" : `Type a whole number${limits(field)}.`);
      return input.hasAttribute("aria-invalid") ? { wrong: input } : { value: found };
    },
  };
}

function limits({ least, most }) {
  const words = (value) => value.toLocaleString("en");
  if (least !== undefined && most !== undefined) return ` from ${words(least)} to ${words(most)}`;
  if (least !== undefined) return `, ${words(least)} or more`;
  return most === undefined ? "" : `, at most ${words(most)}`;
}

function choice(field, value, values, label) {
  const before = shown(value ?? field.default);
  const select = make("select");
  const refresh = (now) => {
    const choices = choicesOf(field, values);
    const waits = field.by && !values(field.by);
    const nothing = waits ? `Choose ${label(field.by)} first` : field.required ? "Choose…" : "None";
    const options = choices.map((one) => option(one.value, one.label));
    if (now && !choices.some((one) => one.value === now)) options.push(option(now, `${now} (not known)`));
    select.replaceChildren(option("", nothing), ...options);
    select.value = now;
  };
  refresh(before);
  return {
    ...framed(field, select),
    current: () => select.value,
    refresh: field.by ? () => refresh(select.value) : undefined,
    read: () => ({ value: select.value === before ? value : select.value }),
  };
}
