// Asks the server what is wrong with a graph: a moment after the last change, the newest wins.

const PAUSE = 300; // ms without a change

export class Check {
  #address;
  #answered;
  #failed;
  #timer;
  #request;

  // `answered(faults)` hears of the newest graph only; `failed()` when nobody could say.
  constructor(address, answered, failed) {
    this.#address = address;
    this.#answered = answered;
    this.#failed = failed;
  }

  soon(text) {
    if (!this.#address) return;
    this.stop();
    this.#timer = setTimeout(() => this.#ask(text), PAUSE);
  }

  stop() {
    clearTimeout(this.#timer);
    this.#request?.abort();
  }

  async #ask(graph) {
    const request = new AbortController();
    this.#request = request;
    try {
      const answer = await fetch(this.#address, {
        method: "POST",
        headers: { "HX-Request": "true", Accept: "application/json" },
        body: new URLSearchParams({ graph }),
        signal: request.signal,
      });
      if (!answer.ok) throw new Error(answer.statusText);
      const { faults } = await answer.json();
      if (!Array.isArray(faults)) throw new TypeError("no list");
      if (!request.signal.aborted) this.#answered(faults);
    } catch {
      if (!request.signal.aborted) this.#failed();
    }
  }
}
