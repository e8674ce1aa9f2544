/**
 * Counts the users of something that is dear to open.
 *
 * It is opened for the first, and closed a while after the last has left: React's StrictMode leaves and
 * comes back at once, and so does a page that replaces one component by another.
 */
export class Lease {
  readonly #open: () => void;
  readonly #close: () => void;
  readonly #graceMs: number;
  #users = 0;
  #isHeld = false;
  #closing: ReturnType<typeof setTimeout> | undefined;

  constructor(open: () => void, close: () => void, graceMs: number) {
    this.#open = open;
    this.#close = close;
    this.#graceMs = graceMs;
  }

  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** @returns Ends the use, with a grace of its own if given; calling it again does nothing. */
  take(): (graceMs?: number) => void {
    this.#users += 1;
    clearTimeout(this.#closing);
    if (!this.#isHeld) {
      this.#isHeld = true;
      this.#open();
    }
    let isUsing = true;
    return (graceMs = this.#graceMs) => {
      if (!isUsing) return;
      isUsing = false;
      this.#users -= 1;
      if (this.#users === 0) this.#closing = setTimeout(() => this.#end(), graceMs);
    };
  }

  #end(): void {
    this.#isHeld = false;
    this.#close();
  }
}
