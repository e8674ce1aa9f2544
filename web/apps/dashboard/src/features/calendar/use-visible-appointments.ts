/**
 * The appointments that the calendar shows, live.
 *
 * Whole weeks are read, with a day to spare on both sides, so that stepping through days finds its rows there. When
 * the calendar is narrowed to one member, only that member's changes are subscribed to.
 */
import {
  type Appointment,
  isMine,
  useTeamMemberAppointments,
  useWorkspaceAppointments,
} from "@slotcast/realtime";
import { addDays, startOfWeek } from "@slotcast/ui/zones";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Desk } from "../desk/desk";
import type { Status } from "../desk/statuses";
import { instantsOf, visibleDates } from "./dates";
import type { View } from "./search";

const GLOW_MS = 2_000;

/** What is shown as long as nobody asks for cancelled ones. */
const SHOWN_STATUSES: readonly Status[] = ["pending", "confirmed", "completed", "no_show"];

/** Which appointments are read for a view: whole weeks, and a day more on both sides. */
export function readRange(view: View, date: string, firstWeekday: number, zone: string) {
  const dates = visibleDates(view, date, firstWeekday);
  const weeks = {
    from: startOfWeek(dates.from, firstWeekday),
    to: addDays(startOfWeek(addDays(dates.to, -1), firstWeekday), 7),
  };
  return { column: "start_time", ...instantsOf(weeks, zone, 1) };
}

export interface Asked {
  view: View;
  date: string;
  firstWeekday: number;
  members: readonly string[] | undefined;
  statuses: readonly Status[] | undefined;
}

export function useVisibleAppointments(desk: Desk, asked: Asked) {
  const { view, date, firstWeekday, members, statuses } = asked;
  const only = members?.length === 1 ? members[0] : undefined;
  const range = useMemo(
    () => readRange(view, date, firstWeekday, desk.zone),
    [view, date, firstWeekday, desk.zone],
  );

  const glow = useGlow();
  const handlers = useMemo(() => {
    const changed = (payload: { new: Appointment }) => {
      if (!isMine(payload)) glow.light(payload.new.id);
    };
    return { onInsert: changed, onUpdate: changed };
  }, [glow.light]);

  const ofWorkspace = useWorkspaceAppointments(
    only === undefined ? desk.workspace.id : null,
    handlers,
    { range },
  );
  const ofMember = useTeamMemberAppointments(only ?? null, handlers, {
    range,
    workspaceId: desk.workspace.id,
  });
  const live = only === undefined ? ofWorkspace : ofMember;
  const shown = useMemo(
    () => live.appointments.filter((row) => fits(row, members, statuses)),
    [live.appointments, members, statuses],
  );
  return { ...live, shown, range, glowing: glow.ids };
}

export type VisibleAppointments = ReturnType<typeof useVisibleAppointments>;

function fits(
  row: Appointment,
  members: readonly string[] | undefined,
  statuses: readonly Status[] | undefined,
): boolean {
  return (
    (members === undefined ||
      (row.team_member_id !== null && members.includes(row.team_member_id))) &&
    (statuses ?? SHOWN_STATUSES).includes(row.status)
  );
}

/** Ids of rows that somebody else changed within the last two seconds. */
function useGlow(): { ids: ReadonlySet<string>; light: (id: string) => void } {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const timers = useRef(new Map<string, ReturnType<typeof setTimeout>>());
  useEffect(() => {
    const running = timers.current;
    return () => {
      for (const timer of running.values()) clearTimeout(timer);
    };
  }, []);
  const light = useCallback((id: string) => {
    clearTimeout(timers.current.get(id));
    setIds((before) => new Set(before).add(id));
    timers.current.set(
      id,
      setTimeout(() => {
        setIds((before) => new Set([...before].filter((other) => other !== id)));
      }, GLOW_MS),
    );
  }, []);
  return { ids, light };
}
