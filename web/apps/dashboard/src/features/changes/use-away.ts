import type { ChannelStatus } from "@slotcast/realtime";
import { useOnline } from "@slotcast/ui";
import { useEffect, useEffectEvent, useState } from "react";
import type { Desk } from "../desk/desk";
import { missed, titleWithCount } from "./away";
import { type Change, isWorthAToast } from "./change";
import { useIsVisible } from "./use-seen";

/** The read that follows an absence begins with the event that ends it, a moment before it is known here. */
const READ_BEGAN_MS = 1_000;

/** So long is waited for that read; what comes later is told one by one. */
const PATIENCE_MS = 10_000;

export interface AwayOptions {
  desk: Desk;
  /** Of the stream of changes. */
  status: ChannelStatus;
  /** Newest first. */
  changes: readonly Change[];
  /** When `changes` were last compared with the server. */
  lastSyncedAt: Date | null;
  /** How much was missed; called once after each absence in which there was something. */
  onReturn: (count: number) => void;
}

interface Absence {
  /** The newest change that the reader could have seen. */
  sinceId: number;
  beganAtMs: number;
  /** Null while it lasts. */
  endedAtMs: number | null;
}

/**
 * Counts what others do while the reader is away: the tab hidden, or the connection down.
 *
 * The number stands in the tab's title meanwhile. After an absence nothing is told before the list is complete again.
 *
 * Returns whether changes go into the sum instead of being told one by one.
 */
export function useAway(options: AwayOptions): boolean {
  const { desk, status, changes, lastSyncedAt, onReturn } = options;
  const isVisible = useIsVisible();
  // A stream does not notice at once that the network is gone, nor ever when it soon is back.
  const isOnline = useOnline();
  const isAway = useIsCutOff(status) || !isOnline || !isVisible;
  const [absence, setAbsence] = useState<Absence | null>(null);

  const leave = useEffectEvent(() => {
    const sinceId = absence?.sinceId ?? changes[0]?.id ?? 0;
    setAbsence({ sinceId, beganAtMs: Date.now(), endedAtMs: null });
  });
  const arrive = useEffectEvent(() => {
    if (!absence) return;
    // Of a short absence no read from before it would do.
    const endedAtMs = Math.max(absence.beganAtMs, Date.now() - READ_BEGAN_MS);
    setAbsence({ ...absence, endedAtMs });
  });
  const hasChanges = changes.length > 0;
  useEffect(() => {
    if (!isAway) arrive();
    else if (hasChanges) leave();
  }, [isAway, hasChanges]);

  const count = absence ? missed(changes.map(countable), absence.sinceId, desk.me) : 0;
  const isComplete =
    absence?.endedAtMs != null &&
    lastSyncedAt !== null &&
    lastSyncedAt.getTime() >= absence.endedAtMs;
  const summarize = useEffectEvent(() => {
    setAbsence(null);
    if (count > 0) onReturn(count);
  });
  const isBack = absence?.endedAtMs != null;
  useEffect(() => {
    if (!isBack) return;
    const timer = setTimeout(summarize, isComplete ? 0 : PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [isBack, isComplete]);

  const titleCount = isVisible ? 0 : count;
  useEffect(() => {
    document.title = titleWithCount(document.title, titleCount);
  }, [titleCount]);

  return isAway || absence !== null;
}

/** Whether the stream was live before and is not now; at the start nobody has missed anything. */
function useIsCutOff(status: ChannelStatus): boolean {
  const isLive = status === "live";
  const [wasLive, setWasLive] = useState(isLive);
  if (isLive && !wasLive) setWasLive(true);
  return wasLive && !isLive;
}

function countable(change: Change) {
  return { id: change.id, actorId: change.actor_id, isWorthTelling: isWorthAToast(change) };
}
