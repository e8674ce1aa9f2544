import { useEffect, useState, useSyncExternalStore } from "react";
import type { Desk } from "../desk/desk";
import { readSeen, writeSeen } from "./seen";

/**
 * Remembers what was on screen, and says how far that was when the reader came: now, or back to the tab.
 *
 * @param newestId - Of what the list shows; 0 before it shows anything.
 */
export function useSeen(desk: Desk, newestId: number): number | null {
  const workspaceId = desk.workspace.id;
  const isVisible = useIsVisible();
  const [seenId, setSeenId] = useState(() => readSeen(workspaceId, desk.me));

  useEffect(() => {
    if (isVisible && newestId > 0) writeSeen(workspaceId, desk.me, newestId);
  }, [isVisible, newestId, workspaceId, desk.me]);

  useEffect(() => {
    if (!isVisible) setSeenId(readSeen(workspaceId, desk.me));
  }, [isVisible, workspaceId, desk.me]);

  return seenId;
}

/** Whether the tab is in front. */
export function useIsVisible(): boolean {
  return useSyncExternalStore(listenToVisibility, () => document.visibilityState === "visible");
}

function listenToVisibility(listener: () => void): () => void {
  document.addEventListener("visibilitychange", listener);
  return () => document.removeEventListener("visibilitychange", listener);
}
