/**
 * Ports that the kernel chose: the log has one number, the model another. They are paired when both are seen at the same place, and
 * from then on each stands for the other. A port that a program chose itself is the same in both.
 */

export class Ports {
  readonly #toModel = new Map<number, number>();
  readonly #toLog = new Map<number, number>();
  readonly #first: number;
  readonly #last: number;

  /** @param first, last the ports that the kernel gives out. ip(7), ip_local_port_range */
  constructor(first = 32768, last = 60999) {
    this.#first = first;
    this.#last = last;
  }

  /** True for a port that the kernel gives out. */
  isEphemeral(port: number): boolean {
    return port >= this.#first && port <= this.#last;
  }

  /** The model's number for a port of the log. */
  toModel(log: number): number {
    return this.#toModel.get(log) ?? log;
  }

  /** The log's number for a port of the model. */
  toLog(model: number): number {
    return this.#toLog.get(model) ?? model;
  }

  /** Both stand at the same place: true when they can mean the same port. */
  pair(log: number, model: number): boolean {
    if (this.#toModel.get(log) === model || (log === model && !this.#toModel.has(log))) return true;
    if (!this.isEphemeral(log) || !this.isEphemeral(model)) return false;
    const before = this.#toLog.get(model);
    if (before !== undefined) this.#toModel.delete(before);
    const other = this.#toModel.get(log);
    if (other !== undefined) this.#toLog.delete(other);
    this.#toModel.set(log, model);
    this.#toLog.set(model, log);
    return true;
  }
}
