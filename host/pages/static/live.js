// The Live stream: rows come by server-sent events; a pause keeps them back and counts.

const MOST = 500; // rows kept in the page
const TELL_EVERY = 10000; // ms between two words to those who listen

const table = document.querySelector("#live");
const body = table.tBodies[0];
const state = document.querySelector("#live-state");
const pause = document.querySelector("#live-pause");
const clear = document.querySelector("#live-clear");
const told = document.querySelector("#live-told");
const nothing = document.querySelector("#live-empty");
const kept = []; // rows that came during the pause, oldest first
let paused = false;
let connected = "reconnecting";
let arrived = 0;

function say() {
  const word = paused ? "paused" : connected;
  state.textContent = word;
  state.className = `badge ${word}`;
  pause.textContent = paused ? (kept.length ? `Go on: ${kept.length} new` : "Go on") : "Pause";
}

function put(html) {
  const row = document.createElement("template");
  row.innerHTML = html;
  body.prepend(row.content.firstElementChild);
  while (body.rows.length > MOST) body.lastElementChild.remove();
  nothing.hidden = true;
  arrived += 1;
}

const stream = new EventSource(table.dataset.stream);
stream.addEventListener("open", () => { connected = "live"; say(); });
stream.addEventListener("error", () => {
  connected = stream.readyState === EventSource.CLOSED ? "ended" : "reconnecting";
  say();
});
stream.addEventListener("ended", () => location.reload());
stream.addEventListener("delivery", (event) => {
  if (!paused) {
    put(event.data);
    return;
  }
  kept.push(event.data);
  if (kept.length > MOST) kept.shift();
  say();
});

pause.addEventListener("click", () => {
  paused = !paused;
  if (!paused) for (const html of kept.splice(0)) put(html);
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

document.querySelector("#live-refresh").hidden = true;
pause.hidden = false;
clear.hidden = false;
say();
