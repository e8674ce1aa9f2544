import { useConnection } from "@slotcast/realtime";
import { useOnline } from "@slotcast/ui";

/** The connection as customers should see it: without a network it is offline, whatever the socket believes. */
export function useConnected() {
  const isOnline = useOnline();
  const connection = useConnection();
  return isOnline ? connection : { ...connection, state: "offline" as const };
}
