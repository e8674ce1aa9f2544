// A workspace's calendar that says what happens to it: a toast for each insert, update and delete.

import { useWorkspaceAppointments } from "@slotcast/realtime";
import { useToast } from "./use-toast";

const time = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

export function AppointmentCalendar({ workspaceId }: { workspaceId: string }) {
  const { toast } = useToast();

  const { appointments, status, isLoading } = useWorkspaceAppointments(workspaceId, {
    onInsert: (payload) => {
      toast({
        title: "New appointment",
        description: `${payload.new.customer_name}, ${time.format(new Date(payload.new.start_time))}`,
      });
    },
    onUpdate: (payload) => {
      if (payload.old.start_time !== payload.new.start_time) {
        toast({
          title: "Appointment moved",
          description: `${payload.new.customer_name}, now ${time.format(new Date(payload.new.start_time))}`,
        });
      } else {
        toast({
          title: "Appointment changed",
          description: `${payload.new.customer_name}: ${payload.new.status}`,
        });
      }
    },
    onDelete: (payload) => {
      toast({ title: "Appointment deleted", description: payload.old.customer_name ?? "" });
    },
  });

  if (isLoading) return <p>Loading…</p>;
  return (
    <section aria-label="Calendar" data-status={status}>
      <ol>
        {appointments.map((appointment) => (
          <li key={appointment.id}>
            <time dateTime={appointment.start_time}>
              {time.format(new Date(appointment.start_time))}
            </time>{" "}
            {appointment.customer_name}
          </li>
        ))}
      </ol>
    </section>
  );
}
