import type { Appointment } from "@slotcast/realtime";
import {
  addDays,
  cn,
  dayOf,
  formatDayTime,
  nameOf,
  today,
  useLanguage,
  useSession,
} from "@slotcast/ui";
import { useId } from "react";
import { useTexts } from "../../texts";
import { useProfile } from "../identity/profile";
import { membersFor, offeredBy, type Shop } from "../shop/shop";
import { LostTime } from "../times/lost-time";
import { useTimeChoice } from "../times/use-time-choice";
import type { Wish } from "../times/use-times";
import { ActionBar, focusPrimary } from "./action-bar";
import { ANYONE, type Draft, stepOf } from "./draft";
import { PersonStep } from "./person-step";
import { ServiceStep } from "./service-step";
import { Stepper } from "./stepper";
import { Summary, useSummaryLine } from "./summary";
import { TimeStep } from "./time-step";
import { useBooking } from "./use-booking";
import { useYou } from "./you";
import { YouStep } from "./you-step";

export interface BookingFlowProps {
  shop: Shop;
  draft: Draft;
  /** *replace*: not a step that one would go back to. */
  onDraft: (draft: Draft, options?: { replace: boolean }) => void;
}

/** Service, person, time, you: one decision a screen. */
export function BookingFlow({ shop, draft, onDraft }: BookingFlowProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const formId = useId();
  const offered = offeredBy(shop);
  const step = stepOf(draft, offered);
  const { you, change, forget } = useYouFilled();
  const booking = useBooking((appointment: Appointment) => {
    forget();
    onDraft({ booked: appointment.id }, { replace: true });
  });

  const isTimely = step === "time" || step === "you";
  const wish = isTimely ? wishOf(shop, draft) : null;
  const choice = useTimeChoice({
    wish,
    day: draft.day,
    time: draft.time,
    lastDay: addDays(today(shop.time_zone), shop.max_ahead_days),
    refused: booking.refused,
  });
  // One's own booking takes the slot as well: until the answer is there, it is not lost.
  const settled = booking.busy ? { ...choice, lost: undefined } : choice;
  const chosen = {
    service: shop.services.find(({ id }) => id === draft.service),
    member: shop.team_members.find(({ id }) => id === draft.person),
    slot: choice.chosen,
  };
  const line = useSummaryLine(shop, chosen);

  function chooseTime(time: string) {
    onDraft({ ...draft, day: dayOf(time, shop.time_zone), time }, { replace: true });
  }
  function chooseAlternative({ start }: { start: string }) {
    chooseTime(start);
    focusPrimary();
  }
  function goOn() {
    if (choice.chosen) onDraft({ ...draft, step: "you" });
  }
  function confirm() {
    if (!draft.service || !choice.chosen || booking.isOffline) return;
    booking.book({
      id: you.requestId,
      workspaceId: shop.id,
      serviceId: draft.service,
      memberId: memberOf(draft),
      start: choice.chosen.start,
      name: you.name,
      phone: you.phone,
      notes: you.notes,
    });
  }

  return (
    <>
      <Stepper draft={draft} step={step} />
      <div className="mt-6 grid gap-8 lg:grid-cols-[minmax(0,1fr)_20rem]">
        <div className={cn("min-w-0", isTimely ? "pb-36 lg:pb-0" : "pb-8")}>
          {step === "service" && <ServiceStep shop={shop} offered={offered} draft={draft} />}
          {step === "person" && (
            <PersonStep members={membersFor(shop, draft.service ?? "")} draft={draft} />
          )}
          {step === "time" && (
            <TimeStep
              formId={formId}
              choice={settled}
              time={draft.time}
              onDay={(day) => onDraft({ ...draft, day, time: undefined }, { replace: true })}
              onTime={chooseTime}
              onAlternative={chooseAlternative}
              onSubmit={goOn}
            />
          )}
          {step === "you" && (
            <YouStep formId={formId} shop={shop} you={you} onChange={change} onSubmit={confirm}>
              {settled.lost && (
                <div className="mb-5">
                  <LostTime choice={settled} onTime={chooseAlternative} />
                </div>
              )}
            </YouStep>
          )}
        </div>
        <aside className="self-start lg:sticky lg:top-6">
          <Summary shop={shop} draft={draft} chosen={chosen} />
          {step === "time" && (
            <ActionBar
              formId={formId}
              line={line}
              label={t(choice.chosen ? "times.continue" : "times.choose")}
              disabled={!choice.chosen}
            />
          )}
          {step === "you" && (
            <ActionBar
              formId={formId}
              line={line}
              label={
                booking.busy
                  ? t("you.booking")
                  : t(shop.auto_confirm ? "you.book" : "you.request", {
                      time: draft.time ? formatDayTime(draft.time, shop.time_zone, locale) : "",
                    })
              }
              obstacle={booking.isOffline && t("you.offline")}
              error={booking.error}
              disabled={!choice.chosen || booking.isOffline}
              busy={booking.busy}
            />
          )}
        </aside>
      </div>
    </>
  );
}

/** What was typed, and for the rest what is known of who is signed in. */
function useYouFilled() {
  const { user, isGuest } = useSession();
  const { data: profile } = useProfile(user?.id);
  const { you, change, forget } = useYou();
  const known = isGuest ? nameOf(user) : (profile?.name ?? nameOf(user));
  return {
    you: {
      requestId: you.requestId,
      name: you.name ?? known,
      phone: you.phone ?? profile?.phone ?? "",
      notes: you.notes ?? "",
    },
    change,
    forget,
  };
}

function wishOf(shop: Shop, draft: Draft): Wish | null {
  if (!draft.service) return null;
  return {
    workspaceId: shop.id,
    zone: shop.time_zone,
    serviceId: draft.service,
    memberId: memberOf(draft),
  };
}

function memberOf(draft: Draft): string | null {
  return draft.person && draft.person !== ANYONE ? draft.person : null;
}
