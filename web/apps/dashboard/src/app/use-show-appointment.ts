import { dayOf } from "@slotcast/ui";
import { useNavigate } from "@tanstack/react-router";
import { useWorkplace } from "./workplace";

/** Opens an appointment's sheet over the calendar, on its day. */
export function useShowAppointment(): (id: string, start: string | null) => void {
  const { desk } = useWorkplace();
  const navigate = useNavigate();
  return (id, start) => {
    const date = start === null ? {} : { date: dayOf(start, desk.zone) };
    void navigate({ to: "/", search: (before) => ({ ...before, ...date, appointment: id }) });
  };
}
