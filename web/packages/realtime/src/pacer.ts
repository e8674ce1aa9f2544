/**
 * Says when to show what changed: once per animation frame, and less often while changes keep coming.
 *
 * A single change shows in the next frame. In a burst the pause grows, so that a thousand changes cost a
 * handful of renderings.
 */

/** Pauses between notifications while a burst lasts; the last one repeats. */
const PAUSES_MS = [0, 100, 200, 400];
/** Hidden pages get no animation frames. */
const LONGEST_FRAME_MS = 250;

export class Pacer {
  readonly #show: () => void;
  #cancel: (() => void) | null = null;
  /** How often it was shown since the burst began, and when last. */
  #inBurst = 0;
  #shownAt = Number.NEGATIVE_INFINITY;

  constructor(show: () => void) {
    this.#show = show;
  }

  /** Something changed that may wait. */
  soon(): void {
    if (this.#cancel) return;
    const pauseMs = PAUSES_MS[Math.min(this.#inBurst, PAUSES_MS.length - 1)] ?? 0;
    const quietMs = performance.now() - this.#shownAt;
    if (quietMs > 2 * pauseMs) this.#inBurst = 0;
    this.#cancel = afterFrame(this.#inBurst === 0 ? 0 : pauseMs - quietMs, () => {
      this.#inBurst += 1;
      this.#shownAt = performance.now();
      this.now();
    });
  }

  /** Shows it at once: what the user did, or what ends loading. */
  now(): void {
    this.stop();
    this.#show();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = null;
  }
}

function afterFrame(pauseMs: number, call: () => void): () => void {
  if (typeof requestAnimationFrame !== "function" || pauseMs > 0) {
    const timer = setTimeout(call, Math.max(pauseMs, 0));
    return () => clearTimeout(timer);
  }
  const frame = requestAnimationFrame(call);
  const timer = setTimeout(call, LONGEST_FRAME_MS);
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
}
