// Keys and values: text, numbers, yes or no. A lookup is text with a field of the event in it.

import { button, make, option } from "./dom.js";
import { isNumber, numberOf, shown } from "./exact.js";
import { complain, place, suggestions } from "./frame.js";
import { labelled, rowed } from "./rowed.js";

const TYPES = { text: "Text", number: "Number", flag: "Yes/No" };

export function pairs(field, value) {
  const told = value && typeof value === "object" && !Array.isArray(value) ? Object.entries(value) : [];
  const frame = rowed(field, told, { add: "Add row", one: "row", row: "Row" }, (entry) =>
    drawn(field, entry),
  );
  return {
    ...frame,
    current: () => "",
    read() {
      if (frame.untouched()) return { value };
      const entries = [];
      let wrong = null;
      const taken = [];
      for (const row of frame.rows) {
        const found = row.read(taken);
        if (found?.wrong) wrong ??= found.wrong;
        else if (found) entries.push(found);
        taken.push(row.first.value);
      }
      return wrong ? { wrong } : { value: Object.fromEntries(entries) };
    },
  };
}

function typeOf(value) {
  if (value === undefined || typeof value === "string") return "text";
  if (typeof value === "boolean") return "flag";
  return isNumber(value) ? "number" : "other";
}

function drawn(field, [oldKey = "", oldValue] = []) {
  const key = make("input", { type: "text", autocomplete: "off", spellcheck: "false" });
  key.value = oldKey;
  const type = make("select", {}, ...Object.entries(TYPES).map(([name, label]) => option(name, label)));
  if (typeOf(oldValue) === "other") type.append(option("other", "As it is"));
  type.value = typeOf(oldValue);
  const input = make("input", { type: "text", autocomplete: "off", spellcheck: "false" });
  input.value = shown(oldValue);
  const flag = make("select", {}, option("true", "Yes"), option("false", "No"));
  flag.value = oldValue === false ? "false" : "true";
  const inputLabel = labelled(field.value_label ?? "Value", input);
  const flagLabel = make(
    "label",
    { class: "flow-flag" },
    make("span", { class: "unseen" }, field.value_label ?? "Value"),
    flag,
  );
  const keySaid = place();
  const valueSaid = place();
  key.setAttribute("aria-describedby", keySaid.id);
  input.setAttribute("aria-describedby", valueSaid.id);
  const picker = picked(field.suggestions, input, type);
  const show = () => {
    inputLabel.hidden = type.value === "flag";
    flagLabel.hidden = type.value !== "flag";
    input.readOnly = type.value === "other";
    input.inputMode = type.value === "number" ? "decimal" : "text";
    if (picker) picker.hidden = type.value !== "text";
  };
  type.addEventListener("change", show);
  show();

  const keyWrong = (taken) => {
    if (!key.value) return "Type a key, or remove this row.";
    return taken.includes(key.value) ? "This key is already there: each key stands once." : "";
  };
  const value = () => {
    if (type.value === "flag") return flag.value === "true";
    if (typeOf(oldValue) === type.value && input.value === shown(oldValue))
      return oldValue === undefined ? "" : oldValue;
    return type.value === "number" ? numberOf(input.value.trim()) : input.value;
  };
  return {
    element: make(
      "div",
      { class: "flow-row flow-pair", role: "group" },
      labelled(field.key_label ?? "Key", key),
      suggestions(key, field.keys),
      make("label", { class: "flow-as" }, make("span", { class: "unseen" }, "As"), type),
      keySaid,
      inputLabel,
      flagLabel,
      valueSaid,
      picker,
    ),
    first: key,
    // [key, value], null for an empty row, or {wrong: input}. `taken` are the keys above.
    read(taken) {
      if (!key.value && !input.value && type.value !== "flag") return null;
      complain(key, keySaid, keyWrong(taken));
      complain(input, valueSaid, value() === undefined ? "Type a number, such as 12 or 19.95." : "");
      const wrong = [key, input].find((one) => one.hasAttribute("aria-invalid"));
      return wrong ? { wrong } : [key.value, value()];
    },
  };
}

// Puts a field into the value, where the caret stands.
function picked(fields, input, type) {
  if (!fields?.length) return null;
  const select = make(
    "select",
    {},
    option("", "Field…"),
    ...fields.map((one) => option(one.value, one.label ?? one.value)),
  );
  const insert = button(
    "Insert",
    () => {
      if (!select.value) return select.focus();
      type.value = "text";
      type.dispatchEvent(new Event("change", { bubbles: true }));
      input.setRangeText(select.value, input.selectionStart, input.selectionEnd, "end");
      input.dispatchEvent(new Event("input", { bubbles: true }));
      input.focus();
      select.value = "";
    },
    { "aria-label": "Insert field" },
  );
  return make(
    "div",
    { class: "flow-pick" },
    make("label", {}, make("span", { class: "unseen" }, "Field to insert"), select),
    insert,
  );
}
