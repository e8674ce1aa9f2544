import { useCustomerAppointments } from "@slotcast/realtime";
import { addDays, dayOf, nameOf, today, useSession } from "@slotcast/ui";
import { useProfile } from "../identity/profile";
import { offeredBy, type Shop } from "../shop/shop";
import { focusPrimary } from "../times/primary-action";
import { useTimeChoice } from "../times/use-time-choice";
import type { Wish } from "../times/use-times";
import { ANYONE, type Draft, stepOf } from "./draft";
import { useBooking } from "./use-booking";
import { useYou } from "./you";

export interface BookingFlowOptions {
  shop: Shop;
  draft: Draft;
  /** *replace*: not a step that one would go back to. */
  onDraft: (draft: Draft, options?: { replace: boolean }) => void;
}

/** What has been chosen, what can be chosen now, and what each choice does. */
export function useBookingFlow({ shop, draft, onDraft }: BookingFlowOptions) {
  const offered = offeredBy(shop);
  const step = stepOf(draft, offered);
  const { you, change, forget } = useYouFilled();
  const booking = useBooking((appointment) => {
    forget();
    onDraft({ booked: appointment.id }, { replace: true });
  });
  const choice = useTimeChoice({
    wish: step === "time" || step === "you" ? wishOf(shop, draft) : null,
    day: draft.day,
    time: draft.time,
    lastDay: addDays(today(shop.time_zone), shop.max_ahead_days),
    refused: booking.refused,
  });
  // Until the answer is there, one's own booking is what took the slot; and afterwards, for who goes back.
  const isOwn = useIsOwn(shop, choice.lost);
  const isLost = choice.lost !== undefined && !booking.busy && !isOwn;

  function chooseDay(day: string) {
    onDraft({ ...draft, day, time: undefined }, { replace: true });
  }
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
      ...you,
      id: you.requestId,
      workspaceId: shop.id,
      serviceId: draft.service,
      memberId: memberOf(draft),
      start: choice.chosen.start,
    });
  }

  return {
    step,
    offered,
    you,
    changeYou: change,
    booking,
    time: isOwn && !booking.busy ? undefined : draft.time,
    choice: isLost ? choice : { ...choice, lost: undefined },
    chosen: {
      service: shop.services.find(({ id }) => id === draft.service),
      member: shop.team_members.find(({ id }) => id === draft.person),
      slot: choice.chosen,
    },
    chooseDay,
    chooseTime,
    chooseAlternative,
    goOn,
    confirm,
  };
}

/** Whether a time is taken by an appointment of the customer's own in this shop. */
function useIsOwn(shop: Shop, time: string | undefined): boolean {
  const { user } = useSession();
  const { appointments } = useCustomerAppointments(user?.id);
  if (time === undefined) return false;
  return appointments.some(
    (own) => own.workspace_id === shop.id && Date.parse(own.start_time) === Date.parse(time),
  );
}

/** What was typed, and for the rest what is known of who is signed in. */
function useYouFilled() {
  const { user, isGuest } = useSession();
  const { data: profile } = useProfile(user?.id);
  const { you, change, forget } = useYou(isGuest ? undefined : user?.id);
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
