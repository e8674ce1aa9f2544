import {
  BUSY_SLOT_COLUMNS,
  type ChannelStatus,
  TEAM_MEMBER_COLUMNS,
  useHub,
  useSupabase,
} from "@slotcast/realtime";
import { useSession } from "@slotcast/ui";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { readShop, readShops } from "./shop";

const FRESH_MS = 60_000;

/** A shop's page; `data` is null when there is none to show. Who is signed in decides what can be seen. */
export function useShop(slug: string) {
  const client = useSupabase();
  const { user, status } = useSession();
  return useQuery({
    queryKey: ["shop", slug, user?.id ?? null],
    queryFn: ({ signal }) => readShop(client, slug, signal),
    enabled: status !== "loading",
    staleTime: FRESH_MS,
    // A shop that cannot be seen cannot be watched; it may open again.
    refetchInterval: ({ state }) => (state.data === null ? FRESH_MS : false),
    // Signing in must not empty the page that somebody is about to book on.
    placeholderData: (before) => (before?.slug === slug ? before : undefined),
  });
}

/** The shops to choose among. */
export function useShops(enabled: boolean) {
  const client = useSupabase();
  return useQuery({
    queryKey: ["shops"],
    queryFn: ({ signal }) => readShops(client, signal),
    enabled,
  });
}

/** What a shop's page is made of, and the columns that visitors may watch. */
const PAGE_TABLES = [
  { table: "services" },
  { table: "team_members", select: [...TEAM_MEMBER_COLUMNS] },
  { table: "team_member_services" },
  { table: "working_hours" },
  { table: "working_hour_exceptions" },
] as const;

/**
 * Keeps a shop's page and its free times true while they are looked at: whenever somebody books, cancels or takes
 * time off, or the shop changes its hours or services, what depends on it is asked for again.
 */
export function useLiveShop(workspaceId: string | undefined): void {
  const hub = useHub();
  const queries = useQueryClient();
  useEffect(() => {
    if (!workspaceId) return;
    const filter = `workspace_id=eq.${workspaceId}`;
    const renewTimes = merged(TURN_MS, () => {
      void queries.invalidateQueries({ queryKey: ["times", workspaceId] });
    });
    const renewPage = merged(JOINS_MS, () => {
      void queries.invalidateQueries({ queryKey: ["shop"] });
      void queries.invalidateQueries({ queryKey: ["places"] });
      void queries.invalidateQueries({ queryKey: ["times", workspaceId] });
    });
    const page = {
      change: renewPage,
      // What happened before the channel was there, or while it was not, is asked for as well.
      status: (status: ChannelStatus) => status === "live" && renewPage(),
    };
    const stops = [
      hub.subscribe(
        { table: "busy_slots", filter, select: [...BUSY_SLOT_COLUMNS] },
        { ...page, change: renewTimes },
      ),
      hub.subscribe({ table: "workspaces", filter: `id=eq.${workspaceId}` }, page),
      ...PAGE_TABLES.map((table) => hub.subscribe({ ...table, filter }, page)),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, [hub, queries, workspaceId]);
}

/** Within it, what one transaction did has arrived; others look at the time that it took. */
const TURN_MS = 16;
/** Within it, all channels of a page are usually live, one after the other. */
const JOINS_MS = 80;

/** Calls *action* once for all calls that come within *milliseconds* of the first. */
function merged(milliseconds: number, action: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return () => {
    if (timer !== undefined) return;
    timer = setTimeout(() => {
      timer = undefined;
      action();
    }, milliseconds);
  };
}
