// The way that a run went through the graph.

export class Route {
  #steps;
  #outcomes;

  // `steps`: [{node, outcome}], in the order passed.
  constructor(steps) {
    this.#steps = steps;
    this.#outcomes = new Map(steps.map((step) => [step.node, step.outcome]));
  }

  // How a node ended, or undefined if the run did not come there.
  outcome(id) {
    return this.#outcomes.get(id);
  }

  // Whether the run went along this edge. What ended in an error goes on by failure.
  took(edge) {
    const at = this.#steps.findIndex((step) => step.node === edge.from);
    if (at < 0) return false;
    const { outcome } = this.#steps[at];
    const output = outcome === "error" ? "failure" : outcome;
    return edge.on === output && this.#steps.slice(at + 1).some((step) => step.node === edge.to);
  }
}
