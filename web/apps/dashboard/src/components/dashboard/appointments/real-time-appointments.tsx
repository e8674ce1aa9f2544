import { type Change, canUndo, RecentChanges, useUndo } from "../../../features/changes";
import { canWriteAppointments, type Desk } from "../../../features/desk/desk";
import { useWorkspaceAppointments } from "../../../hooks/use-realtime-appointments";

/** As many as the list of changes shows at first. */
const RECENT_COUNT = 100;

export interface RealTimeAppointmentsProps {
  desk: Desk;
  onShow: (appointmentId: string, start: string | null) => void;
}

/**
 * The recent changes of a workspace's appointments, live.
 *
 * The list itself is read from the history, so that it survives a reload; the appointments that changed last are
 * held beside it, so that a change can be taken back as long as nothing has happened since.
 */
export function RealTimeAppointments({ desk, onShow }: RealTimeAppointmentsProps) {
  const { appointments, mutate } = useWorkspaceAppointments(
    desk.workspace.id,
    {},
    { order: { column: "updated_at", ascending: false }, limit: RECENT_COUNT },
  );
  const undo = useUndo(mutate);
  const mayWrite = canWriteAppointments(desk.role);
  const rowOf = (change: Change) => appointments.find(({ id }) => id === change.appointment_id);

  return (
    <RecentChanges
      desk={desk}
      onShow={onShow}
      canUndo={(change) => mayWrite && canUndo(change, rowOf(change)?.version ?? null)}
      onUndo={(change) => void undo(change, rowOf(change) ?? null)}
    />
  );
}
