/**
 * Code that a page needs only once somebody does something.
 *
 * Each piece is loaded when somebody is about to ask for it, and all of them after the first press on the page, so
 * that what was never used yet opens without a connection, too.
 */
export interface Later<M> {
  /** Loads it, unless it is there; what failed is tried again. */
  load: () => Promise<M>;
  /** What was loaded. */
  loaded: () => M | undefined;
  /** Calls *listener* when it has been loaded; gives a function that stops that. */
  listen: (listener: () => void) => () => void;
}

const PRESSES = ["pointerdown", "keydown"] as const;
const all = new Set<() => Promise<unknown>>();
let isPressed = false;

/** Names code to load later: `later(() => import("./menu"))`. */
export function later<M>(importCode: () => Promise<M>): Later<M> {
  const listeners = new Set<() => void>();
  let loaded: M | undefined;
  let loading: Promise<M> | undefined;

  async function fetchCode(): Promise<M> {
    try {
      loaded = await importCode();
    } catch (error) {
      loading = undefined;
      throw error;
    }
    for (const listener of listeners) listener();
    return loaded;
  }

  function load(): Promise<M> {
    loading ??= fetchCode();
    return loading;
  }

  // What code that came later names is no different.
  if (isPressed) prepare({ load });
  else all.add(load);
  return {
    load,
    loaded: () => loaded,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Begins to load; whoever needs it will ask again, and hear of a failure then. */
export function prepare({ load }: Pick<Later<unknown>, "load">): void {
  load().catch(() => undefined);
}

/** Loads everything that was named to be loaded later, once somebody presses a key or a button of the pointer. */
export function loadAfterFirstPress(): void {
  function loadAll(): void {
    for (const press of PRESSES) removeEventListener(press, loadAll, { capture: true });
    isPressed = true;
    for (const load of all) prepare({ load });
    all.clear();
  }
  for (const press of PRESSES) addEventListener(press, loadAll, { capture: true });
}
