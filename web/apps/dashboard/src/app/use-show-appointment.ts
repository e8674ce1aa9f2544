import { dayOf } from "@slotcast/ui";
import { useRouter } from "@slotcast/ui/router";
import { validateCalendarSearch } from "../features/calendar/search";
import { useWorkplace } from "./workplace";

/** Opens an appointment's sheet over the calendar, on its day. */
export function useShowAppointment(): (id: string, start: string | null) => void {
  const { desk } = useWorkplace();
  const { navigate } = useRouter();
  return (id, start) => {
    const date = start === null ? {} : { date: dayOf(start, desk.zone) };
    navigate({
      to: "/",
      search: (before) => ({ ...validateCalendarSearch(before), ...date, appointment: id }),
    });
  };
}
