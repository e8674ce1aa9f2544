import {
  alertNow,
  Banner,
  Button,
  dayOf,
  formatDayTime,
  formatTime,
  useLanguage,
} from "@slotcast/ui";
import { useEffect, useEffectEvent } from "react";
import { useTexts } from "../../texts";
import type { Slot } from "./slots";
import type { TimeChoice } from "./use-time-choice";

export interface LostTimeProps {
  choice: TimeChoice;
  onTime: (slot: Slot) => void;
}

/** Says at once that the chosen time is gone, and has the nearest ones at hand. Focus stays where it is. */
export function LostTime({ choice, onTime }: LostTimeProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const { lost, alternatives, zone } = choice;
  const lostDay = lost && dayOf(lost, zone);
  const nameOf = (slot: Slot) =>
    dayOf(slot.start, zone) === lostDay
      ? formatTime(slot.start, zone, locale)
      : formatDayTime(slot.start, zone, locale);

  const isKnown = lost !== undefined && alternatives !== undefined;
  const say = useEffectEvent(() => {
    if (lost && alternatives) alertNow(`${title(lost)} ${nearestWords(alternatives)}`);
  });
  useEffect(() => {
    if (isKnown && lost) say();
  }, [isKnown, lost]);

  if (!lost) return null;
  return (
    <Banner tone="warning" title={title(lost)} className="mb-3 animate-rise">
      {alternatives?.length === 0 ? t("times.lostNone") : t("times.nearestFree")}
      <div className="mt-2.5 flex min-h-11 flex-wrap gap-2 empty:hidden">
        {alternatives?.map((slot) => (
          <Button
            key={slot.start}
            size="lg"
            className="figures h-11 flex-1 px-3"
            data-alternative={slot.start}
            onClick={() => onTime(slot)}
          >
            {nameOf(slot)}
          </Button>
        ))}
      </div>
    </Banner>
  );

  function title(time: string): string {
    return t("times.lost", { time: formatTime(time, zone, locale) });
  }

  function nearestWords(slots: readonly Slot[]): string {
    if (slots.length === 0) return t("times.lostNone");
    return t("times.nearest", { times: slots.map(nameOf).join(" · ") });
  }
}
