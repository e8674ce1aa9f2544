import type { Appointment, LiveAppointments } from "@slotcast/realtime";
import { addDays, announce, dayOf, formatDayTime, today, useLanguage } from "@slotcast/ui";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { useTexts } from "../../texts";
import { useConnected } from "../shop/use-connected";
import { useLiveShop } from "../shop/use-shop";
import { outcomeError } from "../ticket/outcomes";
import type { Place } from "../ticket/place";
import { focusPrimary } from "../times/primary-action";
import { useTimeChoice } from "../times/use-time-choice";
import type { Wish } from "../times/use-times";
import type { WalletView } from "./wallet";

export interface RescheduleOptions {
  appointment: Appointment;
  place: Place;
  mutate: LiveAppointments["mutate"];
  view: WalletView;
  onView: (view: WalletView, options?: { replace: boolean }) => void;
}

/** Another time for an appointment: what can be chosen, and moving it there. */
export function useReschedule({ appointment, place, mutate, view, onView }: RescheduleOptions) {
  const t = useTexts();
  const { locale } = useLanguage();
  const queries = useQueryClient();
  const { state } = useConnected();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [refused, setRefused] = useState<ReadonlySet<string>>(new Set());
  const { shop } = place;
  const zone = shop.time_zone;
  useLiveShop(shop.id);
  const choice = useTimeChoice({
    wish: wishOf(appointment, zone),
    day: view.day ?? (view.time ? undefined : dayOf(appointment.start_time, zone)),
    time: view.time,
    lastDay: addDays(today(zone), shop.max_ahead_days),
    refused,
  });
  const isOffline = state === "offline";
  const isSame =
    view.time !== undefined && Date.parse(view.time) === Date.parse(appointment.start_time);
  const canMove = choice.chosen !== undefined && !isOffline && !isSame;

  function close() {
    onView({ tab: view.tab }, { replace: true });
  }
  function chooseDay(day: string) {
    onView({ ...view, day, time: undefined }, { replace: true });
  }
  function chooseTime(time: string) {
    onView({ ...view, time, day: dayOf(time, zone) }, { replace: true });
  }
  function chooseAlternative({ start }: { start: string }) {
    chooseTime(start);
    focusPrimary();
  }

  async function move(start: string, end: string) {
    setBusy(true);
    setError(null);
    const changes = { start_time: start, end_time: end };
    const outcome = await mutate.update(appointment, changes, { optimistic: false });
    setBusy(false);
    void queries.invalidateQueries({ queryKey: ["times", shop.id] });
    if (outcome.kind === "saved") {
      announce(t("move.done", { time: formatDayTime(start, zone, locale) }));
      close();
      return;
    }
    // A customer waits for the answer: what could not be sent is not tried behind their back.
    if (outcome.kind === "unsent") outcome.discard();
    if (outcome.kind === "taken") setRefused((before) => new Set(before).add(start));
    else setError(outcomeError(outcome));
  }
  function submit(event: FormEvent) {
    event.preventDefault();
    if (choice.chosen && canMove && !busy) void move(choice.chosen.start, choice.chosen.end);
  }

  return {
    // The appointment itself takes the slot as well: until the answer is there, it is not lost.
    choice: busy ? { ...choice, lost: undefined } : choice,
    busy,
    error,
    isOffline,
    isSame,
    canMove,
    chooseDay,
    chooseTime,
    chooseAlternative,
    submit,
    close,
  };
}

function wishOf(appointment: Appointment, zone: string): Wish | null {
  if (!appointment.service_id) return null;
  return {
    workspaceId: appointment.workspace_id,
    zone,
    serviceId: appointment.service_id,
    memberId: appointment.team_member_id,
    movingId: appointment.id,
  };
}
