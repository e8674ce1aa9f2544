import {
  announce,
  Banner,
  Button,
  cn,
  EmptyState,
  formatDay,
  formatTime,
  Loading,
  Skeleton,
  useErrorText,
  useLanguage,
} from "@slotcast/ui";
import { CalendarX2 } from "lucide-react";
import { useEffect, useId, useRef } from "react";
import { useTexts } from "../../texts";
import { groupByPart, type SlotView } from "./slots";
import type { TimeChoice } from "./use-time-choice";

export interface TimeGridProps {
  choice: TimeChoice;
  /** The chosen instant, whether it is still free or not. */
  time: string | undefined;
  onTime: (time: string) => void;
  onDay: (day: string) => void;
}

/** The free times of a day as one group of radio buttons, which arrow keys walk through. */
export function TimeGrid({ choice, time, onTime, onDay }: TimeGridProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const errorText = useErrorText();
  const { day, slots, zone } = choice;
  useAnnouncedCount(choice);

  if (choice.error && !slots) {
    return (
      <Banner
        tone="danger"
        role="alert"
        action={
          <Button size="sm" onClick={choice.retry}>
            {t("retry")}
          </Button>
        }
      >
        {errorText(choice.error)}
      </Banner>
    );
  }
  const isLookedFor = choice.days === undefined || (day !== undefined && slots === undefined);
  if (isLookedFor) return <GridSkeleton />;
  if (!day || !slots || slots.every((slot) => slot.isTaken && slot.start !== time)) {
    return <NoTimes choice={choice} onDay={onDay} />;
  }
  return (
    <div className="animate-fade">
      <div role="radiogroup" aria-label={t("times.on", { day: formatDay(day, locale, "long") })}>
        {groupByPart(slots, zone).map(({ part, slots: some }) => (
          <section key={part} className="mb-5">
            <h3 className="mb-2 font-medium text-ink-soft text-sm">{t(`times.${part}`)}</h3>
            <div className="grid grid-cols-[repeat(auto-fill,minmax(5.5rem,1fr))] gap-2">
              {some.map((slot) => (
                <TimeItem
                  key={slot.start}
                  slot={slot}
                  zone={zone}
                  isChosen={slot.start === time}
                  onTime={onTime}
                />
              ))}
            </div>
          </section>
        ))}
      </div>
    </div>
  );
}

interface TimeItemProps {
  slot: SlotView;
  zone: string;
  isChosen: boolean;
  onTime: (time: string) => void;
}

const BOX =
  "figures flex min-h-12 items-center justify-center rounded-control border text-base transition-[opacity,background-color,border-color] duration-180";

function TimeItem({ slot, zone, isChosen, onTime }: TimeItemProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const id = useId();
  const time = formatTime(slot.start, zone, locale);
  const words = slot.isAmbiguous ? `${time} ${offsetOf(slot.start, zone, locale)}` : time;
  if (slot.isTaken && !isChosen) {
    return (
      <span
        data-taken={slot.start}
        className={cn(BOX, "animate-fade border-transparent text-ink-faint line-through")}
      >
        {words}
        <span className="sr-only"> {t("times.taken")}</span>
      </span>
    );
  }
  return (
    <div className="relative">
      {/* It stays when it is taken, or focus would fall out of the page. */}
      <input
        id={id}
        type="radio"
        name="time"
        value={slot.start}
        checked={isChosen}
        aria-disabled={slot.isTaken || undefined}
        onChange={() => onTime(slot.start)}
        className="peer absolute inset-0 size-full cursor-pointer appearance-none rounded-control"
      />
      <label
        htmlFor={id}
        className={cn(
          BOX,
          "pointer-events-none border-line-strong bg-surface font-medium peer-hover:border-ink-faint",
          "peer-checked:border-accent peer-checked:bg-accent peer-checked:text-on-accent",
          slot.isTaken &&
            "peer-checked:border-pending peer-checked:bg-pending-soft peer-checked:text-pending peer-checked:line-through",
        )}
      >
        {words}
        {slot.isTaken && <span className="sr-only"> {t("times.taken")}</span>}
      </label>
    </div>
  );
}

function NoTimes({ choice, onDay }: { choice: TimeChoice; onDay: (day: string) => void }) {
  const t = useTexts();
  const { locale } = useLanguage();
  const { day, nextFreeDay } = choice;
  const isOpen = choice.days?.find((free) => free.day === day)?.isOpen ?? true;
  return (
    <EmptyState
      icon={CalendarX2}
      title={day ? formatDay(day, locale, "long") : t("times.none")}
      action={
        nextFreeDay && (
          <Button size="lg" onClick={() => onDay(nextFreeDay)}>
            {t("times.nextFree", { day: formatDay(nextFreeDay, locale, "short") })}
          </Button>
        )
      }
    >
      {emptyWords(day, isOpen, nextFreeDay !== undefined)}
    </EmptyState>
  );

  function emptyWords(some: string | undefined, open: boolean, goesOn: boolean): string {
    if (!goesOn) return t("times.noneAhead");
    if (!some) return t("times.noneHere");
    return t(open ? "times.fullDay" : "times.closedDay");
  }
}

function GridSkeleton() {
  return (
    <Loading className="grid grid-cols-[repeat(auto-fill,minmax(5.5rem,1fr))] gap-2">
      {["a", "b", "c", "d", "e", "f", "g", "h"].map((place) => (
        <Skeleton key={place} className="h-12" />
      ))}
    </Loading>
  );
}

/** Says how many times are free once the times of another day have been read. */
function useAnnouncedCount(choice: TimeChoice): void {
  const t = useTexts();
  const { locale } = useLanguage();
  const { day, slots } = choice;
  const said = useRef<string>(undefined);
  useEffect(() => {
    if (!day || !slots || said.current === day) return;
    const isFirst = said.current === undefined;
    said.current = day;
    if (isFirst) return;
    const count = slots.filter((slot) => !slot.isTaken).length;
    announce(`${formatDay(day, locale, "long")}: ${t("times.freeTimes", { count })}.`);
  }, [day, slots, t, locale]);
}

/** "GMT+2": tells two times apart that the clock shows alike. */
function offsetOf(instant: string, zone: string, locale: string): string {
  const parts = new Intl.DateTimeFormat(locale, {
    timeZone: zone,
    timeZoneName: "shortOffset",
  }).formatToParts(Date.parse(instant));
  return parts.find(({ type }) => type === "timeZoneName")?.value ?? "";
}
