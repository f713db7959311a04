// <flow-canvas>: the editor of workflows, a field of its form like any other.
//
// Attributes: name, data-palette, data-faults, data-check, readonly, data-route. Its value is JSON
// text {"nodes": […], "edges": […]}, first taken from the <textarea> inside it, which stands in the
// page without scripts. It fires `input` and `change` when the graph changes, `change` alone on reset.

import { Check } from "./check.js";
import { make } from "./dom.js";
import { Editor } from "./editor.js";
import { differences, read, write } from "./graph.js";
import { Palette } from "./palette.js";

class FlowCanvas extends HTMLElement {
  static formAssociated = true;
  #internals = this.attachInternals();
  #editor = null;
  #first = null; // the graph as it was saved
  #faults = []; // those of the first graph
  #check;
  #counted = null; // changes that the form tells of
  #sent = false; // the form is on its way: leaving loses nothing
  #listening;

  connectedCallback() {
    if (!this.#editor) this.#build();
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    addEventListener(
      "beforeunload",
      (event) => {
        if (this.dirty && !this.#sent && this.form?.dataset.sent === undefined) event.preventDefault();
      },
      { signal },
    );
    addEventListener(
      "pageshow",
      () => {
        this.#sent = false;
      },
      { signal },
    );
    // Before any other listener reads the form: what stands in the panel belongs to it.
    addEventListener("submit", (event) => this.#submit(event), { capture: true, signal });
    this.form?.addEventListener("input", () => this.#count(), { signal });
  }

  disconnectedCallback() {
    this.#listening.abort();
    this.#check?.stop();
  }

  get value() {
    return this.#editor ? write(this.#editor.graph) : (this.querySelector("textarea")?.value ?? "");
  }

  // Throws an Error when the text is no graph.
  set value(text) {
    this.#editor.load(read(text));
    this.#keep();
    this.#check.soon(this.value);
  }

  get name() {
    return this.getAttribute("name");
  }

  get form() {
    return this.#internals.form;
  }

  // Whether there is something that would be lost by leaving.
  get dirty() {
    return (
      Boolean(this.#editor) &&
      !this.#editor.readonly &&
      (this.#editor.pending || this.value !== write(this.#first))
    );
  }

  // How many nodes and connections differ from those saved.
  get changes() {
    return this.#editor ? differences(this.#first, this.#editor.graph) : 0;
  }

  // The page saved the value without leaving: it counts as the first one from now on.
  saved() {
    this.#first = this.#editor.graph;
    this.#keep();
  }

  formResetCallback() {
    if (!this.#editor) return;
    this.#check.stop();
    this.#editor.load(this.#first);
    this.#editor.showFaults(this.#faults);
    this.#keep();
    this.dispatchEvent(new Event("change", { bubbles: true }));
  }

  #build() {
    const plain = this.querySelector("textarea");
    let graph;
    try {
      graph = read(plain?.value ?? "");
    } catch {
      // What was typed without the editor stays, to be mended there.
      this.prepend(
        make(
          "p",
          { class: "fault", role: "alert" },
          "This is no graph that the editor can show. Mend the text, or ask for the page again.",
        ),
      );
      return;
    }
    const told = (name, otherwise) => JSON.parse(this.dataset[name] ?? otherwise);
    const label = plain?.labels[0]?.firstChild?.textContent.trim() || plain?.getAttribute("aria-label");
    this.#internals.role = "group";
    this.#internals.ariaLabel = label || "Workflow";
    this.#faults = told("faults", "[]");
    this.#editor = new Editor(
      this,
      {
        palette: new Palette(told("palette", "{}")),
        graph,
        faults: this.#faults,
        route: told("route", "null"),
        readonly: this.hasAttribute("readonly"),
      },
      () => this.#changed(),
    );
    this.#first = this.#editor.graph;
    this.#check = new Check(
      this.dataset.check,
      (faults) => this.#editor.showFaults(faults),
      () => this.#editor.showFaults(null, true),
    );
    this.#keep();
    this.classList.add("drawn");
  }

  #changed() {
    this.#sent = false;
    this.#keep();
    this.#check.soon(this.value);
    for (const type of ["input", "change"]) this.dispatchEvent(new Event(type, { bubbles: true }));
  }

  #keep() {
    this.#internals.setFormValue(this.value);
    this.#count();
  }

  #submit(event) {
    if (event.target !== this.form || !this.#editor) return;
    if (!this.#editor.settle()) {
      event.preventDefault();
      event.stopImmediatePropagation();
      return;
    }
    const target = event.submitter?.getAttribute("formtarget") || this.form.target;
    if (target && target !== "_self") return; // this page stays
    this.#sent = true;
    // Somebody else may still keep the form here.
    setTimeout(() => {
      if (event.defaultPrevented) this.#sent = false;
    });
  }

  // How many other fields of the form are not as they came.
  #beside() {
    return [...this.form.elements].filter(
      (one) => one.type !== "hidden" && !this.contains(one) && "defaultValue" in one && one.value !== one.defaultValue,
    ).length;
  }

  // Where the form says how much is not saved, as in forms that are tables. What it says from
  // the beginning, when a save was refused, stands until it is saved.
  #count() {
    const told = this.form?.querySelector("[data-changes]");
    if (!told || (this.#counted === null && told.textContent)) return;
    this.#counted = this.changes + this.#beside();
    told.textContent = this.#counted ? `${this.#counted} unsaved change${this.#counted > 1 ? "s" : ""}` : "";
  }
}

customElements.define("flow-canvas", FlowCanvas);
