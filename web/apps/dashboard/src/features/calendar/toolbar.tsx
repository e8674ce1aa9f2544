/** Which days, which view, whose appointments. */
import { Button, formatDay, IconButton, Segments, useLanguage } from "@slotcast/ui";
import { ChevronLeft, ChevronRight, Plus } from "lucide-react";
import { type ReactNode, useRef } from "react";
import type { Desk } from "../desk/desk";
import { stepDate, visibleDates } from "./dates";
import { Filter } from "./filter";
import { type CalendarSearch, type SearchChange, VIEWS, type View } from "./search";
import { useTexts } from "./texts";

export interface ToolbarProps {
  desk: Desk;
  view: View;
  date: string;
  today: string;
  firstWeekday: number;
  search: CalendarSearch;
  onSearch: (change: SearchChange) => void;
  /** Absent for those who only look. */
  onCreate: (() => void) | undefined;
  /** More tools of the app. */
  tools?: ReactNode;
}

export function CalendarToolbar(props: ToolbarProps) {
  const { view, onSearch, onCreate, tools } = props;
  const t = useTexts();
  return (
    <div className="flex min-w-0 flex-1 flex-wrap items-center gap-x-3 gap-y-2">
      <DateNavigation {...props} />
      <Segments
        label={t("calendar.view")}
        value={view}
        onChange={(next) => onSearch({ view: next })}
        options={VIEWS.map((value) => ({ value, label: t(`calendar.views.${value}`) }))}
      />
      <div className="ms-auto flex items-center gap-1.5">
        <Filter {...props} />
        {tools}
        {onCreate && (
          <Button variant="primary" onClick={onCreate} className="max-sm:hidden">
            <Plus aria-hidden className="-ms-1 size-4" strokeWidth={2} />
            {t("calendar.createShort")}
          </Button>
        )}
      </div>
    </div>
  );
}

function DateNavigation({ view, date, today, firstWeekday, onSearch }: ToolbarProps) {
  const t = useTexts();
  return (
    <div className="flex items-center gap-1">
      <IconButton
        icon={ChevronLeft}
        label={t("calendar.previous")}
        className="rtl:rotate-180"
        onClick={() => onSearch({ date: stepDate(view, date, -1) })}
      />
      <Button size="sm" aria-pressed={date === today} onClick={() => onSearch({ date: today })}>
        {t("calendar.today")}
      </Button>
      <IconButton
        icon={ChevronRight}
        label={t("calendar.next")}
        className="rtl:rotate-180"
        onClick={() => onSearch({ date: stepDate(view, date, 1) })}
      />
      <DateTitle {...{ view, date, today, firstWeekday, onSearch }} />
    </div>
  );
}

type TitleProps = Pick<ToolbarProps, "view" | "date" | "today" | "firstWeekday" | "onSearch">;

/** The shown days in words; a click opens the browser's own date picker, which knows the reader's habits. */
function DateTitle({ view, date, today, firstWeekday, onSearch }: TitleProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const input = useRef<HTMLInputElement>(null);
  return (
    <h1 className="relative font-semibold text-base">
      <button
        type="button"
        title={t("calendar.pickDate")}
        onClick={() => input.current?.showPicker()}
        className="figures min-h-9 rounded-control px-2 hover:bg-hover"
      >
        {rangeWords(view, date, firstWeekday, locale, today)}
      </button>
      <input
        ref={input}
        type="date"
        tabIndex={-1}
        aria-label={t("calendar.pickDate")}
        value={date}
        onChange={(event) => event.target.value && onSearch({ date: event.target.value })}
        className="pointer-events-none absolute start-2 bottom-0 size-px opacity-0"
      />
    </h1>
  );
}

/** "Tue 24 Nov", "23 – 29 Nov 2026", "November 2026"; a day of another year names it. */
export function rangeWords(
  view: View,
  date: string,
  firstWeekday: number,
  locale: string,
  today: string,
): string {
  if (view === "day") {
    const isThisYear = date.slice(0, 4) === today.slice(0, 4);
    return isThisYear ? formatDay(date, locale, "short") : formatDay(date, locale, "full");
  }
  if (view === "month") return formatDay(date, locale, "month");
  const days = visibleDates(view, date, firstWeekday);
  const format = new Intl.DateTimeFormat(locale, {
    day: "numeric",
    month: "short",
    year: "numeric",
    timeZone: "UTC",
  });
  const last = Date.parse(`${days.to}T00:00:00Z`) - 86_400_000;
  return format.formatRange(Date.parse(`${days.from}T00:00:00Z`), last);
}
