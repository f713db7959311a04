// JSON whose numbers keep their spelling: 12345678901234567890 and 10.0 come out as they went in.
// A number that JavaScript would spell otherwise is kept as raw JSON. Browsers from before 2025
// have no raw JSON; there such a number is rounded, as JavaScript always did.

const NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/;

export function parse(text) {
  return JSON.parse(text, (key, value, context) =>
    typeof value === "number" && context?.source ? exactly(value, context.source) : value,
  );
}

const exactly = (value, text) => (String(value) === text || !JSON.rawJSON ? value : JSON.rawJSON(text));

export const stringify = (value) => JSON.stringify(value);

// The number that this text spells, or undefined if it spells none.
export function numberOf(text) {
  if (!NUMBER.test(text) || !Number.isFinite(Number(text))) return undefined;
  return exactly(Number(text), text);
}

export const isNumber = (value) => typeof value === "number" || Boolean(JSON.isRawJSON?.(value));

// How a value is shown in an input.
export function shown(value) {
  if (value === undefined || value === null) return "";
  return typeof value === "string" ? value : stringify(value);
}
