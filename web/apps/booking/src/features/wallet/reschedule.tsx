import { Button, formatDayTime, Refused, useLanguage } from "@slotcast/ui";
import { useEffect, useRef } from "react";
import { useTexts } from "../../texts";
import { LostTime } from "../times/lost-time";
import { PRIMARY_ID } from "../times/primary-action";
import { TimePicker } from "../times/time-picker";
import { type RescheduleOptions, useReschedule } from "./use-reschedule";

/** Another time for an appointment, chosen in place; its own slot does not stand in its way. */
export function Reschedule(props: RescheduleOptions) {
  const { member } = props.place;
  const t = useTexts();
  const moving = useReschedule(props);
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
    heading.current?.scrollIntoView({ block: "start", behavior: "smooth" });
  }, []);
  return (
    <form
      onSubmit={moving.submit}
      className="border-line border-t bg-ground px-4 pt-4 pb-4 sm:px-5"
    >
      <h3
        ref={heading}
        tabIndex={-1}
        className="mb-3 scroll-mt-20 font-semibold text-lg outline-none"
      >
        {member ? t("move.titleWith", { name: member.name }) : t("move.title")}
      </h3>
      <TimePicker
        choice={moving.choice}
        time={props.view.time}
        onDay={moving.chooseDay}
        onTime={moving.chooseTime}
      />
      <Actions moving={moving} zone={props.place.shop.time_zone} />
    </form>
  );
}

/** What has happened to the chosen time, and the buttons; always in sight. */
function Actions({ moving, zone }: { moving: ReturnType<typeof useReschedule>; zone: string }) {
  const t = useTexts();
  const { locale } = useLanguage();
  const { busy, canMove, choice } = moving;
  return (
    <div className="sticky bottom-0 -mx-4 mt-4 flex flex-wrap gap-2 bg-ground px-4 py-3 sm:-mx-5 sm:px-5">
      <div className="w-full empty:hidden">
        <LostTime choice={choice} onTime={moving.chooseAlternative} />
      </div>
      <div className="w-full">
        <Refused error={moving.error} />
      </div>
      {moving.isOffline && (
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
      <Button size="lg" className="max-sm:w-full" onClick={moving.close}>
        {t("move.keep")}
      </Button>
    </div>
  );

  function labelOf(): string {
    if (busy) return t("move.busy");
    if (moving.isSame) return t("move.same");
    if (!choice.chosen) return t("times.choose");
    return t("move.submit", { time: formatDayTime(choice.chosen.start, zone, locale) });
  }
}
