/** The grid with everything that it draws: appointments, closed hours, and the card of what is pointed at. */
import type { Appointment, LiveRow, TeamMember } from "@slotcast/realtime";
import { dayOf, formatTime, later, prepare, useLanguage } from "@slotcast/ui";
import { useMemo, useRef, useSyncExternalStore } from "react";
import { hoursOfDay } from "../desk/opening";
import { useStatusTexts } from "../desk/status-texts";
import type { Status } from "../desk/statuses";
import { CalendarGrid, type DrawnStretch, type GridView } from "./calendar-grid";
import type { CalendarPageProps } from "./calendar-page";
import type { DateRange } from "./dates";
import { appointmentEvent, closedEvents, UNASSIGNED } from "./grid-events";
import { useTexts } from "./texts";
import { usePointed } from "./use-pointed";

const LONGEST_SNAP_MINUTES = 15;
const eventCard = later(() => import("./event-card"));

export interface GridPanelProps extends CalendarPageProps {
  label: string;
  rows: readonly LiveRow<Appointment>[];
  days: DateRange;
  view: GridView;
  canWrite: boolean;
  onCreate: (drawn: DrawnStretch) => void;
  onOpen: (id: string) => void;
}

export function GridPanel(props: GridPanelProps) {
  const { desk, live, opening, view, date, nowMs } = props;
  const t = useTexts();
  const { locale } = useLanguage();
  const { pointed, point, leave, stay, close } = usePointed();
  const card = useSyncExternalStore(eventCard.listen, eventCard.loaded);
  const release = useRef<(() => void) | null>(null);
  const members = useColumns(props);
  const events = useEvents(props, members);
  const counts = useMemo(
    () => countByMember(props.rows, date, desk.zone),
    [props.rows, date, desk.zone],
  );
  const hours = useMemo(() => hoursOfDay(opening), [opening]);
  const pointedRow = pointed && live.appointments.find((row) => row.id === pointed.id);

  function hold(isHeld: boolean) {
    release.current?.();
    release.current = isHeld ? live.hold() : null;
  }
  function open(id: string) {
    close();
    props.onOpen(id);
  }

  return (
    <>
      <CalendarGrid
        label={props.label}
        rows={live.appointments}
        events={events}
        members={members}
        unassignedLabel={counts.has(UNASSIGNED) ? t("calendar.unassigned") : undefined}
        counts={counts}
        timeZone={desk.zone}
        view={view}
        date={date}
        locale={locale}
        firstWeekday={props.firstWeekday}
        hours={hours}
        snapMinutes={Math.min(LONGEST_SNAP_MINUTES, desk.workspace.slot_step_minutes)}
        nowMs={nowMs}
        nowLabel={formatTime(new Date(nowMs).toISOString(), desk.zone, locale)}
        moreLabel={(count) => t("calendar.more", { count })}
        canWrite={props.canWrite}
        onMove={props.onMove}
        onResize={props.onResize}
        onCreate={props.onCreate}
        onOpen={open}
        onDay={(day) => props.onSearch({ date: day, view: "day" })}
        onPoint={(id, element) => {
          prepare(eventCard);
          point(id, element);
        }}
        onLeave={leave}
        onHold={hold}
        collides={props.collides}
      />
      {card && pointed && pointedRow && pointed.element.isConnected && (
        <card.EventCard
          desk={desk}
          row={pointedRow}
          element={pointed.element}
          nowMs={nowMs}
          actionLabel={props.actionLabel}
          onAction={(row, action) => {
            close();
            props.onAction(row, action);
          }}
          onOpen={open}
          onStay={stay}
          onLeave={leave}
          onClose={close}
        />
      )}
    </>
  );
}

/** Who has a column: those the calendar is narrowed to, else all who can be booked or have something. */
function useColumns({ desk, search, live }: GridPanelProps): TeamMember[] {
  return useMemo(() => {
    const chosen = search.members;
    if (chosen) return desk.members.filter((member) => chosen.includes(member.id));
    const busy = new Set(live.shown.map((row) => row.team_member_id));
    return desk.members.filter((member) => member.bookable || busy.has(member.id));
  }, [desk.members, search.members, live.shown]);
}

function useEvents(props: GridPanelProps, members: readonly TeamMember[]) {
  const { desk, live, opening, days, view, nowMs, canWrite } = props;
  const t = useTexts();
  const statusText = useStatusTexts();
  const look = useMemo(
    () => ({
      services: new Map(desk.services.map((service) => [service.id, service])),
      members: new Map(desk.members.map((member) => [member.id, member])),
      statusLabel: (status: Status) => statusText(`status.${status}`),
      nowMs,
      glowing: live.glowing,
      canWrite,
    }),
    [desk.services, desk.members, statusText, nowMs, live.glowing, canWrite],
  );
  const appointments = useMemo(
    () => live.shown.map((row) => appointmentEvent(row, desk.zone, look)),
    [live.shown, desk.zone, look],
  );
  const closed = useMemo(
    () =>
      view === "month"
        ? []
        : closedEvents(opening, members, desk.workspace.time_zone, desk.zone, days, {
            columns: view === "day",
            offLabel: (reason) =>
              reason ? t("calendar.awayBecause", { reason }) : t("calendar.away"),
          }),
    [opening, members, desk.workspace.time_zone, desk.zone, days, view, t],
  );
  return useMemo(() => [...closed, ...appointments], [closed, appointments]);
}

function countByMember(
  rows: readonly Appointment[],
  date: string,
  zone: string,
): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) {
    if (row.status === "cancelled" || dayOf(row.start_time, zone) !== date) continue;
    const member = row.team_member_id ?? UNASSIGNED;
    counts.set(member, (counts.get(member) ?? 0) + 1);
  }
  return counts;
}
