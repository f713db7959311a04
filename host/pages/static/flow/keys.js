// What the keys do on the board.

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 10; // board pixels
const STRIDE = 50; // with Shift

// Hears keys on `element`. `acts`: readonly, undo(), redo(), leave(), which says whether there was
// anything to leave, nudge(id, dx, dy), remove(id), begin(id). `nodeOf(target)` is the node that a
// key was pressed on.
export function listen(element, acts, nodeOf) {
  element.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey) return;
    const done =
      event.ctrlKey || event.metaKey ? withControl(event, acts) : plain(event, acts, nodeOf(event.target));
    if (done) event.preventDefault();
  });
}

function withControl(event, acts) {
  if (acts.readonly || event.target.matches("input, textarea")) return false; // its own undo
  const key = event.key.toLowerCase();
  if (key === "z") event.shiftKey ? acts.redo() : acts.undo();
  else if (key === "y") acts.redo();
  else return false;
  return true;
}

function plain(event, acts, id) {
  if (event.key === "Escape") return acts.leave();
  if (acts.readonly) return false;
  if (["Delete", "Backspace"].includes(event.key) && event.target.matches(".flow-cut")) {
    event.target.click();
    return true;
  }
  if (id === undefined) return false;
  const arrow = ARROWS[event.key];
  const step = event.shiftKey ? STRIDE : STEP;
  if (arrow) acts.nudge(id, arrow[0] * step, arrow[1] * step);
  else if (event.key === "Delete" || event.key === "Backspace") acts.remove(id);
  else if (event.key.toLowerCase() === "c") acts.begin(id);
  else return false;
  return true;
}
