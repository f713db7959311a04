// What stands around an input of a field: label, help, what may be typed, what is wrong.

import { bare, foreign, make, uniqueId } from "./dom.js";

// A label, an input, its help and a place for what is wrong with it.
export function framed(field, input, ...more) {
  input.id = uniqueId();
  const said = place();
  const help = field.help ? make("p", { class: "help", id: uniqueId() }, foreign(field.help)) : null;
  input.setAttribute("aria-describedby", [help?.id, said.id].filter(Boolean).join(" "));
  const element = make(
    "div",
    { class: "field" },
    make("label", { for: input.id }, foreign(field.label), field.required ? requiredMark() : null),
    input,
    ...more,
    help,
    said,
  );
  return { element, say: (words) => complain(input, said, words), input };
}

export const place = () => make("p", { class: "fault", id: uniqueId(), hidden: true });

export const requiredMark = () => make("span", { class: "required" }, " required");

// Says at an input what is wrong with it; "" takes it back.
export function complain(input, said, words) {
  said.textContent = words;
  said.hidden = !words;
  if (words) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}

// What may be typed, as a list to choose from.
export function suggestions(input, told) {
  if (!told?.length) return null;
  const list = make(
    "datalist",
    { id: uniqueId() },
    ...told.map((one) => make("option", { value: one.value, label: bare(one.label ?? "") })),
  );
  input.setAttribute("list", list.id);
  return list;
}
