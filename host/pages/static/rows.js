// Forms that are tables: rows are added and removed in the page, names suggested, changes counted.
// Without this script the same buttons post the form, which comes back with the row.

for (const form of document.querySelectorAll("form[data-table]")) {
  const body = form.querySelector("tbody");
  const blank = form.querySelector("template");
  const told = form.querySelector("[data-changes]");
  // Numbers of rows are names only: the server closes the gaps.
  let next = body.querySelectorAll("[data-row]").length;

  const state = () => [...body.querySelectorAll("[data-row]")].map((row) =>
    JSON.stringify([...row.querySelectorAll("input, select, textarea")].map((one) =>
      one.type === "checkbox" ? one.checked : one.value)));
  const saved = "edited" in form.dataset ? null : state();

  function count() {
    if (!saved || !told) return;
    const now = state();
    const gone = saved.filter((row) => !now.includes(row)).length;
    const added = now.filter((row) => !saved.includes(row)).length;
    const changes = Math.max(gone, added);
    told.textContent = changes ? `${changes} unsaved change${changes > 1 ? "s" : ""}` : "";
    if (changes) form.dataset.edited = "";
    else delete form.dataset.edited;
  }

  function add() {
    const row = document.createElement("template");
    row.innerHTML = blank.innerHTML.replaceAll("NUMBER", String(next));
    next += 1;
    body.append(row.content);
    form.querySelector(".none")?.remove();
    const added = body.lastElementChild;
    htmx.process(added);
    added.querySelector("input").focus();
    count();
    return added;
  }

  form.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if ("add" in button.dataset) {
      event.preventDefault();
      const added = add();
      for (const [name, value] of Object.entries(JSON.parse(button.dataset.add || "{}"))) {
        const input = added.querySelector(`[name$=".${name}"]`);
        if (input) input.value = value;
      }
      count();
    }
    if ("remove" in button.dataset) {
      event.preventDefault();
      const row = button.closest("[data-row]");
      const neighbour = row.nextElementSibling ?? row.previousElementSibling;
      row.remove();
      (neighbour?.querySelector("[data-remove]") ?? form.querySelector("[data-add]"))?.focus();
      count();
    }
  });

  // The far name follows ours until somebody types one.
  form.addEventListener("change", (event) => {
    const [, column] = event.target.name?.match(/\]\.(\w+)$/) ?? [];
    if (column === "loyalty") {
      const far = event.target.closest("[data-row]").querySelector("[data-suggest]");
      if (far && !far.value && event.target.value) far.value = far.dataset.suggest + event.target.value;
    }
    count();
  });
  form.addEventListener("input", count);

  // Enter in a field that has a button of its own presses that one, not Save.
  form.addEventListener("keydown", (event) => {
    const button = event.key === "Enter" && event.target.dataset.enter;
    if (!button) return;
    event.preventDefault();
    document.getElementById(button).click();
  });
}
