/** Which view of which day the calendar shows: what the address says, or what stands for its silence. */
import { today as todayIn, useNow } from "@slotcast/ui";
import { useSearch } from "@tanstack/react-router";
import { stepDate } from "../features/calendar/dates";
import {
  type CalendarSearch,
  type View,
  validateCalendarSearch,
} from "../features/calendar/search";
import { PHONE, useMedia } from "../features/shell";
import { useWorkplace } from "./workplace";

export interface CalendarPlace {
  search: CalendarSearch;
  view: View;
  date: string;
  today: string;
  nowMs: number;
  isPhone: boolean;
  /** The date that an arrow leads to. */
  step: (direction: 1 | -1) => string;
}

export function useCalendarPlace(): CalendarPlace {
  const { desk } = useWorkplace();
  const raw: Record<string, unknown> = useSearch({ strict: false });
  const search = validateCalendarSearch(raw);
  const nowMs = useNow();
  const isPhone = useMedia(PHONE);
  const today = todayIn(desk.zone);
  const view = search.view ?? (isPhone ? "agenda" : "day");
  const date = search.date ?? today;
  return {
    search,
    view,
    date,
    today,
    nowMs,
    isPhone,
    step: (direction) => stepDate(view, date, direction),
  };
}
