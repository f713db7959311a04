// Makes elements. Text always goes in as text, so nothing from outside can become markup.

const SVG = "http://www.w3.org/2000/svg";
let last = 0;

// An id that no other element has.
export const uniqueId = () => `flow-${(last += 1)}`;

// `on` holds listeners; true stands for an attribute without a value, false and null for none.
export const make = (tag, attributes, ...children) =>
  filled(document.createElement(tag), attributes, children);

// The same for a piece of a drawing.
export const draw = (tag, attributes, ...children) =>
  filled(document.createElementNS(SVG, tag), attributes, children);

// Text from outside, with its own direction.
export const foreign = (text) => make("bdi", {}, text);

// The same where only bare text can stand: in an option, a name, the status line.
export const bare = (text) => String(text).replace(/[\u202a-\u202e\u2066-\u2069]/g, "");

export function button(words, press, attributes = {}) {
  return make("button", { type: "button", on: { click: press }, ...attributes }, words);
}

export function option(value, label, attributes = {}) {
  return make("option", { value, ...attributes }, bare(label));
}

function filled(element, attributes = {}, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name === "on") {
      for (const [type, listener] of Object.entries(value)) element.addEventListener(type, listener);
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value === true ? "" : value);
    }
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}
