import { uuid } from "@slotcast/realtime";
import { forgetStored, isText, readStored, writeStored } from "@slotcast/ui";
import { useEffect, useState } from "react";

/** What a customer types before booking; kept until it is booked, over reloads and signing in. */
export interface You {
  /** Of the appointment that is asked for: asking twice makes one. */
  requestId: string;
  name: string;
  phone: string;
  notes: string;
  /** Whose account it was typed for, if anybody's. */
  accountId?: string | undefined;
}

const STORED_AS = "slotcast.booking.you";

/**
 * Keeps what was typed in this tab. `forget` is for when it has been booked: name and phone stay.
 *
 * @param accountId - Of who is signed in. What was typed for an account whose session has ended waits for that one:
 *   nobody else, signed in or not, sees it.
 */
export function useYou(accountId: string | undefined) {
  const [kept, setKept] = useState<Partial<You> & Pick<You, "requestId">>(
    () => readStored(STORED_AS, isYou, "session") ?? { requestId: uuid() },
  );
  useEffect(() => {
    // Who signs in takes along what they typed before, and leaves nothing of it behind.
    if (accountId === undefined || kept.accountId !== undefined) return;
    const taken = { ...kept, accountId };
    setKept(taken);
    writeStored(STORED_AS, taken, "session");
  }, [accountId, kept]);
  const isOthers = kept.accountId !== undefined && accountId !== kept.accountId;
  const you = isOthers ? { requestId: kept.requestId } : kept;
  function change(changes: Partial<You>) {
    const next = { ...you, ...changes, accountId };
    setKept(next);
    writeStored(STORED_AS, next, "session");
  }
  return {
    you,
    change,
    forget: () => change({ requestId: uuid(), notes: "" }),
  };
}

/** On shared computers nothing stays behind at sign-out. */
export function forgetYou(): void {
  forgetStored(STORED_AS, "session");
}

function isYou(value: unknown): value is You {
  return (
    typeof value === "object" &&
    value !== null &&
    "requestId" in value &&
    Object.values(value).every(isText)
  );
}
