// What every page does: themes, dialogs, toasts, copying, moments that stay fresh, unsaved edits.

const TOAST_SECONDS = 8;
const STEPS = [[86400, "d"], [3600, "h"], [60, "min"], [1, "s"]];

// The same words as the server's.
export function distance(seconds) {
  const far = Math.abs(seconds);
  for (const [size, unit] of STEPS) {
    if (far >= size) {
      const text = `${Math.floor(far / size)} ${unit}`;
      return seconds > 0 ? `in ${text}` : `${text} ago`;
    }
  }
  return "just now";
}

function freshen() {
  for (const time of document.querySelectorAll("time[data-distance]")) {
    const text = distance((Date.parse(time.dateTime) - Date.now()) / 1000);
    if (time.textContent !== text) time.textContent = text;
  }
}

export function toast(text, failed = false) {
  const shown = document.createElement("div");
  shown.className = failed ? "toast failed" : "toast";
  shown.setAttribute("role", failed ? "alert" : "status");
  const words = document.createElement("bdi");
  words.textContent = text;
  const close = document.createElement("button");
  close.className = "quiet";
  close.dataset.close = "";
  close.textContent = "Close";
  shown.append(words, " ", close);
  document.querySelector("#toasts").append(shown);
  expire(shown);
}

function expire(shown) {
  if (!shown.classList.contains("failed")) setTimeout(() => shown.remove(), TOAST_SECONDS * 1000);
}

async function copy(button) {
  const source = document.getElementById(button.dataset.copy);
  try {
    await navigator.clipboard.writeText(source.value ?? source.textContent);
    toast("Copied.");
  } catch {
    toast("The browser did not let the text be copied: mark it and copy it by hand.", true);
  }
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button) return;
  if (button.dataset.dialog) document.getElementById(button.dataset.dialog).showModal();
  if ("close" in button.dataset) {
    button.closest("dialog")?.close();
    button.closest(".toast")?.remove();
  }
  if (button.dataset.copy) copy(button);
});

// A form is sent once; a button says what it waits for.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (button?.formTarget === "_blank") return;  // what is edited stays in this page
  if (button?.dataset.busy) button.textContent = button.dataset.busy;
  event.target.dataset.sent = "";
});

// Edits that would be lost. Whoever presses Discard has said that they may be.
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-discard]");
  if (link && !(event.ctrlKey || event.metaKey || event.shiftKey)) link.closest("form").dataset.sent = "";
});
addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-guard]");
  if (form && !event.target.closest("flow-canvas")) form.dataset.edited = "";  // that warns itself
});
addEventListener("beforeunload", (event) => {
  if (document.querySelector("form[data-guard][data-edited]:not([data-sent])")) event.preventDefault();
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

const theme = document.querySelector("#theme");
theme.value = localStorage.getItem("theme") ?? "";
theme.addEventListener("change", () => {
  if (theme.value) {
    localStorage.setItem("theme", theme.value);
    document.documentElement.dataset.theme = theme.value;
  } else {
    localStorage.removeItem("theme");
    delete document.documentElement.dataset.theme;
  }
});

// "/" goes to the search.
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, [contenteditable]")) return;
  const search = document.querySelector("input[type=search]");
  if (search) {
    event.preventDefault();
    search.focus();
  }
});

// Where tabs do not all fit, the page's own is in sight.
const tab = document.querySelector(".tabs [aria-current]");
if (tab) {
  const tabs = tab.closest(".tabs");
  tabs.scrollLeft = tab.offsetLeft + tab.offsetWidth - tabs.offsetLeft - tabs.clientWidth;
}

// What asks for the focus gets it: the faults of a form, a row just added.
function takeFocus() {
  const wanted = document.querySelector("[data-focus]");
  if (!wanted) return;
  delete wanted.dataset.focus;
  wanted.focus();
}
takeFocus();
document.addEventListener("htmx:after:swap", takeFocus);
for (const shown of document.querySelectorAll(".toast")) expire(shown);
setInterval(freshen, 1000);
