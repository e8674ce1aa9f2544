/** Why a read, a write or a join did not work, in the database's own words where it spoke. */
export class LiveError extends Error {
  override readonly name = "LiveError";
  /** SQLSTATE or PostgREST's code; empty for network and channel errors. */
  readonly code: string;
  readonly hint: string;
  /** HTTP status; 0 when there was no answer. */
  readonly status: number;

  constructor(
    message: string,
    { code = "", hint = "", status = 0, cause }: Partial<LiveError> & { cause?: unknown } = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.hint = hint;
    this.status = status;
  }

  /** Whether the same request may work later: no answer, or one that is about the server. */
  get isTransient(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 502;
  }
}

/** Gives an error of a handler to the page, so that it stops neither the channel nor other handlers. */
export function reportToPage(error: unknown): void {
  if (typeof reportError === "function") reportError(error);
  else
    queueMicrotask(() => {
      throw error;
    });
}

/** Calls each function, whatever the others throw. */
export function callAll<Args extends readonly unknown[]>(
  functions: Iterable<(...args: Args) => void>,
  ...args: Args
): void {
  for (const call of [...functions]) {
    try {
      call(...args);
    } catch (error) {
      reportToPage(error);
    }
  }
}
