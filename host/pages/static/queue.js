// Keeps a list of messages fresh while nobody works in it, and helps to select.

const EVERY = 5000; // ms between looks
const TELL_EVERY = 30000; // ms between announcements: a queue moves all the time
const found = document.querySelector("#found");
const told = document.querySelector("#told");
let tellAfter = Date.now() + TELL_EVERY;
let lastTold = shownCount();

function boxes() {
  return [...found.querySelectorAll("input[name=id]")];
}

function shownCount() {
  return found.querySelector("[data-count]")?.dataset.count;
}

function showSelected() {
  const all = found.querySelector("[data-all]");
  const label = found.querySelector("[data-selected]");
  const chosen = boxes().filter((box) => box.checked).length;
  if (all) {
    all.hidden = false;
    all.checked = chosen > 0 && chosen === boxes().length;
    all.indeterminate = chosen > 0 && !all.checked;
  }
  if (label) label.textContent = chosen ? `${chosen} selected:` : "Selected:";
}

function busy() {
  return (
    document.hidden ||
    document.querySelector("dialog[open]") !== null ||
    found.contains(document.activeElement) ||
    boxes().some((box) => box.checked)
  );
}

found.addEventListener("change", (event) => {
  if ("all" in event.target.dataset) {
    for (const box of boxes()) box.checked = event.target.checked;
  }
  showSelected();
});

document.addEventListener("htmx:after:swap", () => {
  showSelected();
  const count = shownCount();
  if (count !== lastTold && Date.now() > tellAfter) {
    told.textContent = `${count} messages here now`;
    lastTold = count;
    tellAfter = Date.now() + TELL_EVERY;
  }
});

if ("fresh" in found.dataset) {
  setInterval(() => {
    if (!busy()) found.dispatchEvent(new Event("refresh"));
  }, EVERY);
}
showSelected();
