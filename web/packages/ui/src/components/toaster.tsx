import { useSyncExternalStore } from "react";
import type { ExternalToast } from "sonner";
import { later } from "../later";
import { alertNow } from "./announcer";
import type { Sonner } from "./toast-list";

/** `id`, `description`, `action: { label, onClick }`, `duration`; what must stay has an infinite one. */
export type ToastOptions = Omit<ExternalToast, "id"> & { id?: string };

const list = later(() => import("./toast-list"));

/** What is to be shown as soon as the list is in the page, by id. */
const waiting = new Map<string, (sonner: Sonner) => void>();
let ready: Sonner | undefined;
let lastNumber = 0;

/**
 * Shows a toast, and gives its id; the same id again replaces it.
 *
 * The list of toasts is loaded with the first one. Those that come earlier wait for it.
 */
export const toast = Object.assign(
  teller((sonner) => sonner),
  {
    success: teller((sonner) => sonner.success),
    warning: teller((sonner) => sonner.warning),
    error: teller((sonner) => sonner.error),
    dismiss(id: string): void {
      if (!waiting.delete(id)) ready?.dismiss(id);
    },
  },
);

/**
 * Where toasts appear; mount it once, in the shell. Its list is a polite live region: do not announce the same
 * text as well.
 */
export function Toaster() {
  const loaded = useSyncExternalStore(list.listen, list.loaded);
  return loaded && <loaded.ToastList onReady={showWaiting} />;
}

type Tell = (title: string, options: ExternalToast) => unknown;

function teller(kind: (sonner: Sonner) => Tell) {
  return (title: string, options: ToastOptions = {}): string => {
    lastNumber += 1;
    const id = options.id ?? `toast-${lastNumber}`;
    const show = (sonner: Sonner) => void kind(sonner)(title, { ...options, id });
    if (ready) show(ready);
    else waiting.set(id, show);
    // Without a connection it is said for a while by what is there, and shown as a toast when there is one again.
    list.load().catch(() => {
      alertNow(title, true);
      addEventListener("online", () => list.load().catch(() => undefined), { once: true });
    });
    return id;
  };
}

function showWaiting(sonner?: Sonner): void {
  ready = sonner;
  if (!sonner) return;
  for (const show of waiting.values()) show(sonner);
  waiting.clear();
}
