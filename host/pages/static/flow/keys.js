// What the keys do on the board.

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const STEP = 10; // board pixels
const STRIDE = 50; // with Shift

// Hears keys on `element` and tells the editor. `nodeOf(target)` is the node a key was pressed on.
export function listen(element, editor, nodeOf) {
  element.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.altKey) return;
    const done = event.ctrlKey || event.metaKey ? withControl(event, editor) : plain(event, editor, nodeOf(event.target));
    if (done) event.preventDefault();
  });
}

function withControl(event, editor) {
  if (editor.readonly || event.target.matches("input, textarea")) return false; // its own undo
  const key = event.key.toLowerCase();
  if (key === "z") event.shiftKey ? editor.redo() : editor.undo();
  else if (key === "y") editor.redo();
  else return false;
  return true;
}

function plain(event, editor, id) {
  if (event.key === "Escape") return editor.leave();
  if (editor.readonly) return false;
  if (["Delete", "Backspace"].includes(event.key) && event.target.matches(".flow-cut")) {
    event.target.click();
    return true;
  }
  if (id === undefined) return false;
  const arrow = ARROWS[event.key];
  const step = event.shiftKey ? STRIDE : STEP;
  if (arrow) editor.nudge(id, arrow[0] * step, arrow[1] * step);
  else if (event.key === "Delete" || event.key === "Backspace") editor.remove(id);
  else if (event.key.toLowerCase() === "c") editor.begin(id);
  else return false;
  return true;
}
