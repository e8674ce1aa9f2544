import type { SupabaseClient } from "@supabase/supabase-js";
import {
  createContext,
  type ReactNode,
  useCallback,
  useContext,
  useMemo,
  useSyncExternalStore,
} from "react";
import type { Connection } from "../connection";
import { type Hub, type HubOptions, hubOf } from "../hub";
import { defaultHub, setSupabaseClient } from "../lib/realtime";

const HubContext = createContext<Hub | null>(null);

export type RealtimeProviderProps = {
  client: SupabaseClient;
  /** See `HubOptions`; counts when the client is first used. */
  afterSignOut?: HubOptions["afterSignOut"];
  children: ReactNode;
};

/** Gives all hooks below the client, and the functions outside of React too. */
export function RealtimeProvider({ client, afterSignOut, children }: RealtimeProviderProps) {
  const hub = useMemo(() => {
    setSupabaseClient(client);
    return hubOf(client, { afterSignOut });
  }, [client, afterSignOut]);
  return <HubContext value={hub}>{children}</HubContext>;
}

/** The hub of the provider above, or of the client given to `setSupabaseClient`. */
export function useHub(): Hub {
  return useContext(HubContext) ?? defaultHub();
}

export function useSupabase(): SupabaseClient {
  return useHub().client;
}

/** The state of all channels together, as it is: how long to wait before showing it is the page's choice. */
export function useConnection(): Connection & { retry: () => void } {
  const hub = useHub();
  const { subscribe, get } = hub.connection;
  const connection = useSyncExternalStore(subscribe, get, get);
  const retry = useCallback(() => hub.retry(), [hub]);
  return { ...connection, retry };
}
