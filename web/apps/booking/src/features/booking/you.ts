import { uuid } from "@slotcast/realtime";
import { forgetStored, isText, readStored, writeStored } from "@slotcast/ui";
import { useState } from "react";

/** What a customer types before booking; kept until it is booked, over reloads and signing in. */
export interface You {
  /** Of the appointment that is asked for: asking twice makes one. */
  requestId: string;
  name: string;
  phone: string;
  notes: string;
}

const STORED_AS = "slotcast.booking.you";

/** Keeps what was typed in this tab. `forget` is for when it has been booked: name and phone stay. */
export function useYou() {
  const [you, setYou] = useState<Partial<You> & Pick<You, "requestId">>(
    () => readStored(STORED_AS, isYou, "session") ?? { requestId: uuid() },
  );
  function change(changes: Partial<You>) {
    const next = { ...you, ...changes };
    setYou(next);
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
