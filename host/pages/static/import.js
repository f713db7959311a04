// A chosen file's content goes into the text field, which is what is posted.

const picker = document.querySelector("[data-file]");
const text = document.querySelector("#text");
picker.hidden = false;
picker.querySelector("input").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (file) text.value = await file.text();
});
