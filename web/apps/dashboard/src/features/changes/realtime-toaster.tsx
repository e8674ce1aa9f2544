import { isMine } from "@slotcast/realtime";
import { useNow } from "@slotcast/ui";
import { useRef } from "react";
import type { Desk } from "../desk/desk";
import { type Change, isWorthAToast } from "./change";
import { usePreferences } from "./preferences";
import { useTexts } from "./texts";
import { NOTHING_TOLD, type ToastOrder, tell } from "./toasts";
import { useAway } from "./use-away";
import { useChanges } from "./use-changes";
import { useSpoken } from "./use-spoken";
import { useToastQueue } from "./use-toast-queue";
import { useWords } from "./use-words";

/** Who comes back looks elsewhere first. */
const AWAY_TOAST_MS = 15_000;

export interface RealtimeToasterProps {
  desk: Desk;
  onShow: (appointmentId: string, start: string | null) => void;
  /** Shows the recent changes, wherever they are. */
  onShowChanges: () => void;
}

/**
 * Tells what others do, as it happens. Mount it once: every one of them would tell it again.
 *
 * What this browser did itself is not told, nor anything that is read instead of heard live. Somebody who was away
 * gets one sum.
 */
export function RealtimeToaster({ desk, onShow, onShowChanges }: RealtimeToasterProps) {
  const t = useTexts();
  const words = useWords(desk, useNow());
  const { isMuted, isReadAloud } = usePreferences();
  const speak = useSpoken();
  const told = useRef(NOTHING_TOLD);
  const queue = useToastQueue();
  const { changes, status, lastSyncedAt } = useChanges(desk, undefined, hear);
  const isSummed = useAway({
    desk,
    status,
    changes,
    lastSyncedAt,
    onReturn: (count) => {
      if (!isMuted) tellSum("while-away", t("changes.whileAway", { count }), AWAY_TOAST_MS);
    },
  });

  function hear(change: Change) {
    if (isMine(change) || isSummed) return;
    if (isWorthAToast(change) && !isMuted) {
      const { state, order } = tell(told.current, change, Date.now());
      told.current = state;
      carryOut(order);
    } else if (isReadAloud) {
      // Toasts are read aloud already.
      speak(words.what(change));
    }
  }

  function carryOut(order: ToastOrder) {
    switch (order.kind) {
      case "tell": {
        const { appointment_id, start_time } = order.change;
        queue.show(order.id, words.what(order.change), {
          description: words.who(order.change),
          action: { label: t("changes.show"), onClick: () => onShow(appointment_id, start_time) },
        });
        return;
      }
      case "sum":
        for (const id of order.instead) queue.dismiss(id);
        tellSum(order.id, t("changes.count", { count: order.count }));
    }
  }

  function tellSum(id: string, title: string, duration?: number) {
    queue.show(id, title, {
      action: { label: t("changes.show"), onClick: onShowChanges },
      ...(duration === undefined ? {} : { duration }),
    });
  }

  return null;
}
