import type { Appointment, LiveAppointments } from "@slotcast/realtime";
import { Button } from "@slotcast/ui";
import type { ReactElement } from "react";
import { useTexts } from "../../texts";
import { AddToCalendar } from "./add-to-calendar";
import { CancelDialog } from "./cancel-dialog";
import { CutoffNote, useCutoff } from "./cutoff-note";
import type { Place } from "./place";

const LOOK = "h-11 px-3 max-sm:px-2 max-sm:text-sm";

export interface TicketActionsProps {
  appointment: Appointment;
  place: Place;
  mutate: LiveAppointments["mutate"];
  /** The link or button that leads to moving it. */
  change: ReactElement;
}

/** What can be done with an appointment that lies ahead, and until when; nothing for others. */
export function TicketActions({ appointment, place, mutate, change }: TicketActionsProps) {
  const t = useTexts();
  const cutoff = useCutoff(appointment, place.shop);
  if (!cutoff) return null;
  const canMove = appointment.service_id !== null && appointment.team_member_id !== null;
  return (
    <div data-actions className="flex flex-col gap-1">
      <div className="-mx-2 flex flex-wrap gap-x-1">
        <AddToCalendar appointment={appointment} place={place} />
        {!cutoff.isOver && (
          <>
            {canMove && (
              <Button asChild variant="quiet" className={LOOK}>
                {change}
              </Button>
            )}
            <CancelDialog
              appointment={appointment}
              shop={place.shop}
              mutate={mutate}
              trigger={
                <Button variant="dangerQuiet" className={LOOK} aria-label={t("ticket.cancelLabel")}>
                  {t("ticket.cancel")}
                </Button>
              }
            />
          </>
        )}
      </div>
      <div className="pb-2">
        <CutoffNote appointment={appointment} shop={place.shop} />
      </div>
    </div>
  );
}
