import { cn, formatDayTime, useLanguage } from "@slotcast/ui";
import { useId } from "react";
import { useTexts } from "../../texts";
import { membersFor, type Shop } from "../shop/shop";
import { LostTime } from "../times/lost-time";
import { ActionBar } from "./action-bar";
import { PersonStep } from "./person-step";
import { ServiceStep } from "./service-step";
import { Stepper } from "./stepper";
import { Summary, useSummaryLine } from "./summary";
import { TimeStep } from "./time-step";
import { type BookingFlowOptions, useBookingFlow } from "./use-booking-flow";
import { YouStep } from "./you-step";

/** Service, person, time, you: one decision a screen. */
export function BookingFlow(props: BookingFlowOptions) {
  const { shop, draft } = props;
  const formId = useId();
  const flow = useBookingFlow(props);
  const { step, choice, chosen } = flow;
  const line = useSummaryLine(shop, chosen);
  const action = useAction(shop, flow);
  return (
    <>
      <Stepper draft={draft} step={step} />
      <div className="mt-6 grid gap-8 lg:grid-cols-[minmax(0,1fr)_20rem]">
        <div className={cn("min-w-0 lg:pb-0", roomFor(action !== null, choice.lost))}>
          {step === "service" && <ServiceStep shop={shop} offered={flow.offered} draft={draft} />}
          {step === "person" && (
            <PersonStep members={membersFor(shop, draft.service ?? "")} draft={draft} />
          )}
          {step === "time" && (
            <TimeStep
              formId={formId}
              choice={choice}
              time={flow.time}
              onDay={flow.chooseDay}
              onTime={flow.chooseTime}
              onSubmit={flow.goOn}
            />
          )}
          {step === "you" && (
            <YouStep
              formId={formId}
              shop={shop}
              you={flow.you}
              onChange={flow.changeYou}
              onSubmit={flow.confirm}
            />
          )}
        </div>
        <aside className="self-start lg:sticky lg:top-6">
          <Summary shop={shop} draft={draft} chosen={chosen} />
          {action && (
            <ActionBar formId={formId} line={line} {...action}>
              <LostTime choice={choice} onTime={flow.chooseAlternative} />
            </ActionBar>
          )}
        </aside>
      </div>
    </>
  );
}

/** The room below for the bar that lies over the page on phones. */
function roomFor(hasAction: boolean, lost: string | undefined): string {
  if (!hasAction) return "pb-8";
  return lost ? "pb-72" : "pb-36";
}

/** The primary button of the step, if it has one. */
function useAction(shop: Shop, flow: ReturnType<typeof useBookingFlow>) {
  const t = useTexts();
  const { locale } = useLanguage();
  const { step, time: instant, booking } = flow;
  const isChosen = flow.chosen.slot !== undefined;
  if (step === "time") {
    return { label: t(isChosen ? "times.continue" : "times.choose"), disabled: !isChosen };
  }
  if (step !== "you") return null;
  const time = instant ? formatDayTime(instant, shop.time_zone, locale) : "";
  return {
    label: booking.busy
      ? t("you.booking")
      : t(shop.auto_confirm ? "you.book" : "you.request", { time }),
    obstacle: booking.isOffline && t("you.offline"),
    error: booking.error,
    disabled: !isChosen || booking.isOffline,
    busy: booking.busy,
  };
}
