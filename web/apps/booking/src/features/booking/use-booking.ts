import type { Appointment } from "@slotcast/realtime";
import { useSupabase } from "@slotcast/realtime";
import { announce, useLanguage, useSession } from "@slotcast/ui";
import { useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTexts } from "../../texts";
import { useConnected } from "../shop/use-connected";
import { type BookingRequest, placeBooking } from "./place-booking";

export type BookingWish = Omit<BookingRequest, "userId" | "locale">;

/** Books once at a time, and remembers which times the server refused. */
export function useBooking(onBooked: (appointment: Appointment) => void) {
  const client = useSupabase();
  const queries = useQueryClient();
  const { user } = useSession();
  const { language } = useLanguage();
  const { state } = useConnected();
  const t = useTexts();
  const running = useRef(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [refused, setRefused] = useState<ReadonlySet<string>>(new Set());

  async function run(wish: BookingWish) {
    if (running.current) return;
    running.current = true;
    setBusy(true);
    setError(null);
    announce(t("you.booking"));
    const placed = await placeBooking(client, {
      ...wish,
      userId: user?.id ?? null,
      locale: language,
    });
    running.current = false;
    setBusy(false);
    void queries.invalidateQueries({ queryKey: ["times", wish.workspaceId] });
    switch (placed.kind) {
      case "booked":
        onBooked(placed.appointment);
        break;
      case "taken":
        setRefused((before) => new Set(before).add(wish.start));
        break;
      case "refused":
        setError(placed.error);
        break;
    }
  }

  return {
    book: (wish: BookingWish) => void run(wish),
    busy,
    error,
    refused,
    isOffline: state === "offline",
  };
}
