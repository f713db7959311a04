// The Connect page: a secret is shown while it is typed, an unusual address is pointed out.

for (const button of document.querySelectorAll("button[data-reveal]")) {
  const input = document.getElementById(button.dataset.reveal);
  const name = button.getAttribute("aria-label").replace(/^Show /, "");
  const show = (shown) => {
    input.type = shown ? "text" : "password";
    button.textContent = shown ? "Hide" : "Show";
    button.setAttribute("aria-label", `${button.textContent} ${name}`);
  };
  input.addEventListener("input", () => {
    button.hidden = !input.value;
    if (!input.value) show(false);
  });
  button.addEventListener("click", () => show(input.type === "password"));
  // A browser offers to keep what is posted from a visible field.
  input.form.addEventListener("submit", () => show(false));
}

for (const input of document.querySelectorAll("input[data-usual-host]")) {
  const caution = input.closest(".field").querySelector(".caution");
  input.addEventListener("input", () => {
    const host = URL.canParse(input.value) ? new URL(input.value).hostname : "";
    caution.hidden = !host || host === input.dataset.usualHost;
  });
}
