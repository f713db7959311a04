// The Live stream: rows come by server-sent events; a pause keeps them back and counts.

const MOST = 500; // rows kept in the page
const TELL_EVERY = 10000; // ms between two words to those who listen

const table = document.querySelector("#live");
const body = table.tBodies[0];
const state = document.querySelector("#live-state");
const pause = document.querySelector("#live-pause");
const clear = document.querySelector("#live-clear");
const refresh = document.querySelector("#live-refresh");
const told = document.querySelector("#live-told");
const nothing = document.querySelector("#live-empty");
const kept = []; // rows that came during the pause, oldest first
let paused = false;
let connected = "reconnecting";
let arrived = 0;
let passed = 0;
const known = new Set(); // tries that were put here: after a gap some are told twice

function say() {
  const word = paused ? "paused" : connected;
  state.textContent = word;
  state.className = `badge ${word}`;
  pause.textContent = paused ? (kept.length ? `Go on: ${kept.length}${kept.length < MOST ? "" : "+"} new` : "Go on") : "Pause";
}

function isNew(row) {
  if (known.has(row.dataset.try)) return false;
  known.add(row.dataset.try);
  if (known.size > 4 * MOST) known.delete(known.values().next().value);
  return true;
}

function rowOf(html) {
  const template = document.createElement("template");
  template.innerHTML = html;
  return template.content.firstElementChild;
}

function put(row) {
  body.prepend(row);
  while (body.rows.length > MOST) body.lastElementChild.remove();
  nothing.hidden = true;
  arrived += 1;
}

for (const row of [...body.rows].reverse()) isNew(row);

const address = new URL(table.dataset.stream, location.href);
address.searchParams.set("after", table.dataset.after);
const stream = new EventSource(address);
stream.addEventListener("open", () => { connected = "live"; say(); });
stream.addEventListener("error", () => {
  connected = stream.readyState === EventSource.CLOSED ? "ended" : "reconnecting";
  refresh.hidden = connected !== "ended";
  say();
});
stream.addEventListener("ended", () => location.reload());
stream.addEventListener("passed", (event) => {
  passed += Number(event.data);
  const shown = document.querySelector("#live-passed");
  shown.firstElementChild.textContent = `${passed.toLocaleString("en")} more`;
  shown.hidden = false;
});
stream.addEventListener("delivery", (event) => {
  const row = rowOf(event.data);
  if (!isNew(row)) return;
  if (!paused) {
    put(row);
    return;
  }
  kept.push(row);
  if (kept.length > MOST) kept.shift();
  say();
});

pause.addEventListener("click", () => {
  paused = !paused;
  if (!paused) for (const row of kept.splice(0)) put(row);
  say();
});
clear.addEventListener("click", () => {
  body.replaceChildren();
  kept.length = 0;
  say();
});

setInterval(() => {
  if (arrived) told.textContent = `${arrived} new`;
  arrived = 0;
}, TELL_EVERY);
addEventListener("pagehide", () => stream.close());

refresh.hidden = true;
pause.hidden = false;
clear.hidden = false;
say();
