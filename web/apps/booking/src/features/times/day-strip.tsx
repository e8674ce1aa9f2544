import { cn, formatDay, IconButton, Skeleton, useLanguage } from "@slotcast/ui";
import { ChevronLeft, ChevronRight } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTexts } from "../../texts";
import type { TimeChoice } from "./use-time-choice";
import type { FreeDay } from "./use-times";

const PLACES = Array.from({ length: 7 }, (_, index) => index);

/** Two weeks in a row, each day with what is free on it. */
export function DayStrip({ choice, onDay }: { choice: TimeChoice; onDay: (day: string) => void }) {
  const t = useTexts();
  const { locale } = useLanguage();
  const { days, day } = choice;
  const shown = day ?? days?.[0]?.day;
  return (
    <section aria-label={t("times.days")}>
      <div className="mb-2 flex min-h-11 items-center justify-between gap-2">
        <h3 className="font-medium text-md first-letter:uppercase">
          {shown && formatDay(shown, locale, "month")}
        </h3>
        <div className="flex">
          <IconButton
            icon={ChevronLeft}
            label={t("times.earlierDays")}
            className="size-11 rtl:-scale-x-100"
            disabled={!choice.earlier}
            onClick={choice.earlier}
          />
          <IconButton
            icon={ChevronRight}
            label={t("times.laterDays")}
            className="size-11 rtl:-scale-x-100"
            disabled={!choice.later}
            onClick={choice.later}
          />
        </div>
      </div>
      <ul
        className={cn(
          "-mx-4 flex snap-x scroll-px-4 gap-2 overflow-x-auto px-4 pt-1 pb-2 [scrollbar-width:none]",
          "sm:mx-0 sm:grid sm:grid-cols-7 sm:overflow-visible sm:px-0",
        )}
      >
        {days
          ? days.map((free) => (
              <DayItem key={free.day} free={free} isShown={free.day === day} onDay={onDay} />
            ))
          : PLACES.map((place) => (
              <li key={place}>
                <Skeleton className="h-21 w-19 sm:w-auto" />
              </li>
            ))}
      </ul>
    </section>
  );
}

interface DayItemProps {
  free: FreeDay;
  isShown: boolean;
  onDay: (day: string) => void;
}

function DayItem({ free, isShown, onDay }: DayItemProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const item = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (isShown) item.current?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }, [isShown]);

  const isFree = free.slotCount > 0;
  const words = isFree
    ? t("times.free", { count: free.slotCount })
    : t(free.isOpen ? "times.full" : "times.closed");
  return (
    <li ref={item} className="snap-start">
      <button
        type="button"
        aria-pressed={isShown}
        data-day={free.day}
        data-free={free.slotCount}
        onClick={() => onDay(free.day)}
        className={cn(
          "relative flex h-21 w-19 flex-col items-center justify-center gap-0.5 rounded-card border px-1 transition-colors sm:w-full",
          isShown
            ? "border-accent bg-accent-soft"
            : "border-line bg-surface hover:border-line-strong hover:bg-raised",
          !isFree && !isShown && "border-transparent bg-transparent",
        )}
      >
        <span className="sr-only">{formatDay(free.day, locale, "long")}: </span>
        <span aria-hidden className={cn("text-sm", isFree ? "text-ink-soft" : "text-ink-faint")}>
          {formatDay(free.day, locale, "weekday")}
        </span>
        <span
          aria-hidden
          className={cn(
            "figures font-semibold text-lg",
            isShown ? "text-accent-text" : isFree ? "text-ink" : "text-ink-faint",
          )}
        >
          {formatDay(free.day, locale, "number")}
        </span>
        <span
          className={cn(
            "figures text-xs",
            isFree ? (isShown ? "text-accent-text" : "text-confirmed") : "text-ink-faint",
          )}
        >
          {words}
        </span>
      </button>
    </li>
  );
}
