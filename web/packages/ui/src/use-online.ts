import { useSyncExternalStore } from "react";

/**
 * Whether the device says that it has a network. False is certain; true may still mean that nothing answers.
 *
 * Open sockets do not notice at once that the network is gone, so this knows earlier than a connection does.
 */
export function useOnline(): boolean {
  return useSyncExternalStore(
    listen,
    () => navigator.onLine,
    () => true,
  );
}

function listen(listener: () => void): () => void {
  addEventListener("online", listener);
  addEventListener("offline", listener);
  return () => {
    removeEventListener("online", listener);
    removeEventListener("offline", listener);
  };
}
