import type { Appointment, LiveAppointments } from "@slotcast/realtime";
import {
  addDays,
  announce,
  Banner,
  Button,
  dayOf,
  formatDayTime,
  today,
  useErrorText,
  useLanguage,
} from "@slotcast/ui";
import { useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useEffect, useRef, useState } from "react";
import { useTexts } from "../../texts";
import { useConnected } from "../shop/use-connected";
import { useLiveShop } from "../shop/use-shop";
import { outcomeError } from "../ticket/outcomes";
import type { Place } from "../ticket/place";
import { LostTime } from "../times/lost-time";
import { focusPrimary, PRIMARY_ID } from "../times/primary-action";
import { TimePicker } from "../times/time-picker";
import { useTimeChoice } from "../times/use-time-choice";
import type { WalletView } from "./wallet";

export interface RescheduleProps {
  appointment: Appointment;
  place: Place;
  mutate: LiveAppointments["mutate"];
  view: WalletView;
  onView: (view: WalletView, options?: { replace: boolean }) => void;
}

/** Another time for an appointment, chosen in place; its own slot does not stand in its way. */
export function Reschedule({ appointment, place, mutate, view, onView }: RescheduleProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const errorText = useErrorText();
  const queries = useQueryClient();
  const { state } = useConnected();
  const heading = useRef<HTMLHeadingElement>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [refused, setRefused] = useState<ReadonlySet<string>>(new Set());
  const { shop } = place;
  useLiveShop(shop.id);
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
    heading.current?.scrollIntoView({ block: "start", behavior: "smooth" });
  }, []);

  const choice = useTimeChoice({
    wish: appointment.service_id
      ? {
          workspaceId: shop.id,
          zone: shop.time_zone,
          serviceId: appointment.service_id,
          memberId: appointment.team_member_id,
          movingId: appointment.id,
        }
      : null,
    day: view.day ?? (view.time ? undefined : dayOf(appointment.start_time, shop.time_zone)),
    time: view.time,
    lastDay: addDays(today(shop.time_zone), shop.max_ahead_days),
    refused,
  });
  const settled = busy ? { ...choice, lost: undefined } : choice;
  const isOffline = state === "offline";
  const isSame =
    view.time !== undefined && Date.parse(view.time) === Date.parse(appointment.start_time);
  const canMove = choice.chosen !== undefined && !isOffline && !isSame;

  function chooseTime(time: string) {
    onView({ ...view, time, day: dayOf(time, shop.time_zone) }, { replace: true });
  }
  function chooseAlternative({ start }: { start: string }) {
    chooseTime(start);
    focusPrimary();
  }
  async function move(event: FormEvent) {
    event.preventDefault();
    if (!choice.chosen || !canMove || busy) return;
    const { start, end } = choice.chosen;
    setBusy(true);
    setError(null);
    const outcome = await mutate.update(
      appointment,
      { start_time: start, end_time: end },
      { optimistic: false },
    );
    setBusy(false);
    void queries.invalidateQueries({ queryKey: ["times", shop.id] });
    if (outcome.kind === "saved") {
      announce(t("move.done", { time: formatDayTime(start, shop.time_zone, locale) }));
      onView({ tab: view.tab }, { replace: true });
      return;
    }
    if (outcome.kind === "unsent") outcome.discard();
    if (outcome.kind === "taken") setRefused((before) => new Set(before).add(start));
    else setError(outcomeError(outcome));
  }

  return (
    <form
      onSubmit={(event) => void move(event)}
      className="border-line border-t bg-ground px-4 pt-4 pb-4 sm:px-5"
    >
      <h3
        ref={heading}
        tabIndex={-1}
        className="mb-3 scroll-mt-20 font-semibold text-lg outline-none"
      >
        {place.member ? t("move.titleWith", { name: place.member.name }) : t("move.title")}
      </h3>
      <TimePicker
        choice={settled}
        time={view.time}
        onDay={(day) => onView({ ...view, day, time: undefined }, { replace: true })}
        onTime={chooseTime}
      />
      <div role="alert" className="empty:hidden">
        {error !== null && (
          <Banner tone="danger" className="mt-4">
            {errorText(error)}
          </Banner>
        )}
      </div>
      <div className="sticky bottom-0 -mx-4 mt-4 flex flex-wrap gap-2 bg-ground px-4 py-3 sm:-mx-5 sm:px-5">
        <div className="w-full empty:hidden">
          <LostTime choice={settled} onTime={chooseAlternative} />
        </div>
        {isOffline && (
          <p role="status" className="w-full text-danger text-md">
            {t("move.offline")}
          </p>
        )}
        <Button
          id={PRIMARY_ID}
          type="submit"
          size="lg"
          variant="primary"
          className="flex-1"
          busy={busy}
          aria-disabled={!canMove || busy || undefined}
        >
          {labelOf()}
        </Button>
        <Button
          size="lg"
          className="max-sm:w-full"
          onClick={() => onView({ tab: view.tab }, { replace: true })}
        >
          {t("move.keep")}
        </Button>
      </div>
    </form>
  );

  function labelOf(): string {
    if (busy) return t("move.busy");
    if (isSame) return t("move.same");
    if (!choice.chosen) return t("times.choose");
    return t("move.submit", { time: formatDayTime(choice.chosen.start, shop.time_zone, locale) });
  }
}
