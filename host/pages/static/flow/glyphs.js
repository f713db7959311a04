// Small drawings: one for each kind of node, by its type or else by its shape.

import { draw } from "./dom.js";

const PATHS = {
  bolt: "M13 3L5 14h6l-1 7 8-11h-6z",
  funnel: "M4 5h16l-6.2 7.5V19l-3.6-2v-4.5z",
  person: "M12 11.5a3.8 3.8 0 1 0 0-7.6 3.8 3.8 0 0 0 0 7.6zM4.8 20c.8-4 3.7-5.6 7.2-5.6s6.4 1.6 7.2 5.6",
  clock: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 7.5V12l3 2",
  stop: "M8.7 4h6.6L20 8.7v6.6L15.3 20H8.7L4 15.3V8.7zM9 12h6",
  plane: "M4 11.500L20 4l-5.5 16-3.2-6.6zM11.3 13.400L20 4",
  turns: "M5 12a7 7 0 0 1 12-4.900L19 9M19 4.500V9h-4.500M19 12a7 7 0 0 1-12 4.900L5 15M5 19.500V15h4.5",
  step: "M5 7h14v10H5z",
};

const BY_TYPE = {
  event_trigger: "bolt",
  event_filter: "funnel",
  customer_filter: "person",
  wait: "clock",
  interrupt: "stop",
  marketing_communication: "plane",
  sync_data: "turns",
};

export function glyph(kind) {
  const byShape = kind.inputs === 0 ? "bolt" : kind.outputs.length ? "step" : "stop";
  const path = PATHS[BY_TYPE[kind.type] ?? byShape];
  return draw(
    "svg",
    { viewBox: "0 0 24 24", class: "flow-glyph", "aria-hidden": "true", focusable: "false" },
    draw("path", { d: path }),
  );
}
