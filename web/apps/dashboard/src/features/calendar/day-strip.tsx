/** The days of a week in a row, with how much is booked on each: how phones walk through the calendar. */
import { cn, formatDay, useLanguage } from "@slotcast/ui";
import { useTexts } from "./texts";

export interface DayStripProps {
  days: readonly string[];
  date: string;
  today: string;
  counts: ReadonlyMap<string, number>;
  onChoose: (day: string) => void;
}

export function DayStrip({ days, date, today, counts, onChoose }: DayStripProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  return (
    <nav aria-label={t("calendar.days")} className="border-line border-b bg-surface px-2 py-1.5">
      <ul className="grid grid-cols-7 gap-1">
        {days.map((day) => (
          <li key={day}>
            <button
              type="button"
              aria-current={day === date ? "date" : undefined}
              onClick={() => onChoose(day)}
              className={cn(
                "flex min-h-14 w-full flex-col items-center justify-center rounded-control text-sm transition-colors hover:bg-hover",
                "aria-[current]:bg-accent aria-[current]:text-on-accent",
                day === today && day !== date && "text-accent-text",
              )}
            >
              <span className="sr-only">
                {t("calendar.dayCount", {
                  day: formatDay(day, locale, "long"),
                  count: counts.get(day) ?? 0,
                })}
              </span>
              <span aria-hidden className="text-xs">
                {formatDay(day, locale, "weekday")}
              </span>
              <span aria-hidden className="figures font-semibold text-base leading-tight">
                {formatDay(day, locale, "number")}
              </span>
              <span
                aria-hidden
                className={cn(
                  "mt-0.5 h-1 rounded-full bg-current transition-[width]",
                  !counts.get(day) && "opacity-0",
                )}
                style={{ width: `${Math.min(24, 4 + 2 * (counts.get(day) ?? 0))}px` }}
              />
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}
