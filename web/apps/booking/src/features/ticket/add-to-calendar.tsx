import type { Appointment } from "@slotcast/realtime";
import { Button } from "@slotcast/ui";
import { CalendarPlus } from "lucide-react";
import { useTexts } from "../../texts";
import { downloadCalendarFile } from "./calendar-file";
import { calendarEventOf, type Place } from "./place";

export function AddToCalendar({ appointment, place }: { appointment: Appointment; place: Place }) {
  const t = useTexts();
  function download() {
    const event = calendarEventOf(appointment, place, (name) => t("ticket.with", { name }));
    downloadCalendarFile(event, `${place.shop.slug}-${event.start.slice(0, 10)}.ics`);
  }
  return (
    <Button variant="quiet" className="h-11 px-2.5 max-sm:px-2 max-sm:text-sm" onClick={download}>
      <CalendarPlus aria-hidden className="size-5" strokeWidth={1.75} />
      {t("ticket.addToCalendar")}
    </Button>
  );
}
