// What was done, to undo and redo it. Graphs never change, so a step is the graph and its words.

const MOST = 200; // steps kept

export class History {
  #steps; // [{graph, words, like}], the first is the beginning
  #at = 0;

  constructor(graph) {
    this.#steps = [{ graph, words: "", like: "" }];
  }

  get graph() {
    return this.#steps[this.#at].graph;
  }

  get undoable() {
    return this.#at > 0;
  }

  get redoable() {
    return this.#at < this.#steps.length - 1;
  }

  // Steps that follow one another and have the same `like` become one: ten presses of an arrow.
  add(graph, words, like = "") {
    const previous = this.#steps[this.#at];
    this.#steps.length = this.#at + 1;
    if (like && previous.like === like) this.#steps.pop();
    this.#steps.push({ graph, words, like });
    if (this.#steps.length > MOST) this.#steps.shift();
    this.#at = this.#steps.length - 1;
  }

  // Both answer the words of the step.
  undo() {
    const { words } = this.#steps[this.#at];
    this.#at -= 1;
    return words;
  }

  redo() {
    this.#at += 1;
    return this.#steps[this.#at].words;
  }
}
