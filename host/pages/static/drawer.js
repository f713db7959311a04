// Opens a message in a drawer, and a question in a dialog, over the page they belong to.
// Without this script both are pages of their own.

const AS_PART = { "HX-Request": "true" };

function dialog(name, labelled) {
  const made = document.createElement("dialog");
  made.className = name;
  made.setAttribute("aria-labelledby", labelled);
  made.addEventListener("close", () => made.replaceChildren());
  made.addEventListener("click", (event) => {
    if (event.target === made) made.close();
  });
  document.body.append(made);
  return made;
}

const drawer = dialog("drawer", "message-title");
const question = dialog("question", "asked-title");

// What the server draws for this address goes into the dialog; anything else is gone to.
async function show(into, address, options, otherwise) {
  try {
    const answer = await fetch(address, { ...options, headers: AS_PART });
    const elsewhere = answer.headers.get("HX-Redirect");
    if (elsewhere) {
      location.assign(elsewhere);
      return;
    }
    if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
    const drawn = new DOMParser().parseFromString(await answer.text(), "text/html");
    into.replaceChildren(...drawn.body.childNodes);
    if (!into.open) into.showModal();
    into.scrollTop = 0;
  } catch {
    otherwise();
  }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-drawer]");
  if (link && event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
    event.preventDefault();
    show(drawer, link.href, {}, () => location.assign(link.href));
  }
  if (event.target.closest?.("dialog a[data-close]")) {
    event.preventDefault();
    question.close();
  }
});

document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (!button || !("asks" in button.dataset)) return;
  event.preventDefault();
  const form = event.target;
  delete form.dataset.sent;
  const body = new URLSearchParams(new FormData(form, button));
  show(question, button.formAction, { method: "POST", body }, () => {
    delete button.dataset.asks;
    form.requestSubmit(button);
  });
});
