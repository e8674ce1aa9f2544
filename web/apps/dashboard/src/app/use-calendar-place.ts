/** Which view of which day the calendar shows: what the address says, or what stands for its silence. */
import {
  firstWeekday as firstWeekdayIn,
  today as todayIn,
  useLanguage,
  useNow,
} from "@slotcast/ui";
import { useRouter } from "@slotcast/ui/router";
import { useMemo } from "react";
import { stepDate } from "../features/calendar/dates";
import {
  type CalendarSearch,
  type View,
  validateCalendarSearch,
} from "../features/calendar/search";
import { readRange } from "../features/calendar/use-visible-appointments";
import { PHONE, useMedia } from "../features/shell";
import { useWorkplace } from "./workplace";

export interface CalendarPlace {
  search: CalendarSearch;
  view: View;
  date: string;
  today: string;
  nowMs: number;
  isPhone: boolean;
  /** Monday 1 … Sunday 7. */
  firstWeekday: number;
  /** The date that an arrow leads to. */
  step: (direction: 1 | -1) => string;
}

export function useCalendarPlace(): CalendarPlace {
  const { desk } = useWorkplace();
  return usePlaceIn(desk.zone);
}

/** The instants that the calendar reads, for a zone that may be shown soon. */
export function useAskedRange(zone: string) {
  const { view, date, firstWeekday } = usePlaceIn(zone);
  const range = useMemo(
    () => readRange(view, date, firstWeekday, zone),
    [view, date, firstWeekday, zone],
  );
  return { range };
}

function usePlaceIn(zone: string): CalendarPlace {
  const { locale } = useLanguage();
  const search = validateCalendarSearch(useRouter().place.search);
  const nowMs = useNow();
  const isPhone = useMedia(PHONE);
  const today = todayIn(zone);
  const view = search.view ?? (isPhone ? "agenda" : "day");
  const date = search.date ?? today;
  return {
    search,
    view,
    date,
    today,
    nowMs,
    isPhone,
    firstWeekday: firstWeekdayIn(locale),
    step: (direction) => stepDate(view, date, direction),
  };
}
