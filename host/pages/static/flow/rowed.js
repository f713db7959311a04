// A field that is a list of rows: rows are added and removed, the focus goes along.

import { button, foreign, make, uniqueId } from "./dom.js";
import { complain, place, requiredMark } from "./frame.js";

// `draw(told)` draws a row: {element, first, …}; `told` is undefined for a new one. Answers the
// frame of a control, its rows, and whether anybody touched them.
export function rowed(field, told, words, draw) {
  const list = make("div", { class: "flow-rows" });
  const said = place();
  const most = field.most ?? Infinity;
  const rows = [];
  let touched = false;

  const add = button(words.add, () => {
    const row = append(undefined);
    touch();
    row.first.focus();
  });
  const full = make("p", { class: "help", hidden: true }, `At most ${most}.`);
  const help = field.help ? make("p", { class: "help", id: uniqueId() }, foreign(field.help)) : null;
  const element = make(
    "fieldset",
    { class: "field", "aria-describedby": [help?.id, said.id].filter(Boolean).join(" ") },
    make("legend", {}, foreign(field.label), field.required ? requiredMark() : null),
    help,
    list,
    said,
    add,
    full,
  );

  function append(told) {
    const row = draw(told);
    row.element.append(
      button("×", () => remove(row), { class: "flow-remove quiet", title: `Remove this ${words.one}` }),
    );
    rows.push(row);
    list.append(row.element);
    count();
    return row;
  }

  function remove(row) {
    const at = rows.indexOf(row);
    rows.splice(at, 1);
    row.element.remove();
    count();
    touch();
    const next = rows[Math.min(at, rows.length - 1)];
    (next?.element.querySelector(".flow-remove") ?? add).focus();
  }

  function count() {
    rows.forEach((row, at) => {
      row.element.setAttribute("aria-label", `${words.row} ${at + 1}`);
      row.element.querySelector(".flow-remove")?.setAttribute("aria-label", `Remove ${words.one} ${at + 1}`);
    });
    add.disabled = rows.length >= most;
    full.hidden = !add.disabled;
  }

  // The panel hears that there is something to apply.
  function touch() {
    element.dispatchEvent(new Event("input", { bubbles: true }));
  }

  element.addEventListener("input", () => {
    touched = true;
  });
  element.addEventListener("change", () => {
    touched = true;
  });
  for (const one of told) append(one);
  return { element, rows, say: (words) => complain(element, said, words), untouched: () => !touched };
}

// An input of a row: its label is heard, and seen as its placeholder.
export function labelled(words, input) {
  input.placeholder = words;
  return make("label", {}, make("span", { class: "unseen" }, foreign(words)), input);
}
