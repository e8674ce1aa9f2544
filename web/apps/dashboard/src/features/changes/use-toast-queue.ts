import { type ToastOptions, toast } from "@slotcast/ui";
import { useEffect, useState } from "react";

/** Changes of one transaction arrive within this time; what replaces them should be the first that is seen. */
const GATHER_MS = 60;

/** Shows toasts a moment late, so that a burst does not flicker: the last word for each id is what is shown. */
export function useToastQueue() {
  const [queue] = useState(makeQueue);
  useEffect(() => queue.stop, [queue]);
  return queue;
}

function makeQueue() {
  const waiting = new Map<string, () => void>();
  let timer: ReturnType<typeof setTimeout> | undefined;

  function showAll() {
    timer = undefined;
    for (const show of waiting.values()) show();
    waiting.clear();
  }

  return {
    show(id: string, title: string, options: ToastOptions) {
      waiting.set(id, () => toast(title, { ...options, id }));
      timer ??= setTimeout(showAll, GATHER_MS);
    },
    dismiss(id: string) {
      if (!waiting.delete(id)) toast.dismiss(id);
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
      waiting.clear();
    },
  };
}
