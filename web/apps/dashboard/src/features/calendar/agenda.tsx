/** The calendar as a list, day by day: the grid's twin for phones, screen readers and keyboards. */
import type { Appointment, LiveRow } from "@slotcast/realtime";
import {
  cn,
  dayOf,
  formatDay,
  formatTime,
  formatTimeRange,
  memberStyle,
  StatusIcon,
  useLanguage,
} from "@slotcast/ui";
import { useMemo } from "react";
import type { Desk } from "../desk/desk";
import { type DateRange, daysOf } from "./dates";
import { useTexts } from "./texts";

export interface AgendaProps {
  desk: Desk;
  label: string;
  rows: readonly LiveRow<Appointment>[];
  days: DateRange;
  today: string;
  nowMs: number;
  glowing: ReadonlySet<string>;
  /** Id of the one whose sheet is open. */
  current: string | undefined;
  onOpen: (id: string) => void;
}

export function Agenda({ label, days, rows, ...rest }: AgendaProps) {
  const { zone } = rest.desk;
  const byDay = useMemo(
    () => Map.groupBy(rows, (row) => dayOf(row.start_time, zone)),
    [rows, zone],
  );
  const filled = daysOf(days).filter((day) => byDay.has(day));
  return (
    <section aria-label={label} className="flex flex-col gap-5 p-4 lg:px-6">
      {filled.map((day) => (
        <AgendaDay key={day} day={day} rows={byDay.get(day) ?? []} {...rest} />
      ))}
    </section>
  );
}

type DayProps = Omit<AgendaProps, "label" | "days"> & { day: string };

function AgendaDay({ day, rows, today, ...rest }: DayProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  return (
    <div className="flex flex-col gap-2 lg:flex-row lg:gap-6">
      <h2
        className={cn(
          "flex shrink-0 items-baseline gap-2 font-semibold text-md lg:w-44 lg:flex-col lg:gap-0 lg:pt-2",
          day === today && "text-accent-text",
        )}
      >
        {day === today ? t("calendar.today") : formatDay(day, locale, "weekdayLong")}
        <span className="font-normal text-ink-faint text-sm">
          {formatDay(day, locale, "short")}
        </span>
      </h2>
      <ol className="flex min-w-0 flex-1 flex-col gap-1.5">
        {rows.map((row) => (
          <li key={row.id}>
            <AgendaRow row={row} {...rest} />
          </li>
        ))}
      </ol>
    </div>
  );
}

type RowProps = Omit<DayProps, "day" | "rows" | "today"> & { row: LiveRow<Appointment> };

function AgendaRow({ row, desk, nowMs, glowing, current, onOpen }: RowProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const member = desk.members.find(({ id }) => id === row.team_member_id);
  const service = desk.services.find(({ id }) => id === row.service_id);
  return (
    <button
      type="button"
      data-appointment={row.id}
      aria-current={row.id === current || undefined}
      onClick={() => onOpen(row.id)}
      style={memberStyle(member?.color)}
      className={cn(
        "member member-edge flex min-h-14 w-full items-center gap-3 rounded-control bg-surface px-3 py-2 text-start text-md",
        "transition-colors hover:bg-(--member-tint) aria-[current]:bg-(--member-tint-strong)",
        Date.parse(row.end_time) <= nowMs && "bg-transparent text-ink-soft",
        row.status === "cancelled" && "text-cancelled",
        row.pending && "opacity-75 outline-1 outline-dashed -outline-offset-1 outline-line-strong",
        glowing.has(row.id) && "animate-glow",
      )}
    >
      <time
        dateTime={row.start_time}
        title={formatTimeRange(row.start_time, row.end_time, desk.zone, locale)}
        className="w-20 shrink-0 whitespace-nowrap font-semibold"
      >
        {formatTime(row.start_time, desk.zone, locale)}
        <span className="block font-normal text-ink-soft text-xs">
          {formatTime(row.end_time, desk.zone, locale)}
        </span>
      </time>
      <span className="min-w-0 flex-1">
        <strong
          className={cn(
            "block truncate font-semibold",
            row.status === "cancelled" && "line-through",
          )}
        >
          {row.customer_name}
        </strong>
        <span className="block truncate text-ink-soft text-sm">
          {[
            service?.name,
            member ? t("calendar.with", { name: member.name }) : t("calendar.unassigned"),
          ]
            .filter(Boolean)
            .join(" · ")}
          {row.pending === "unsent" && ` · ${t("calendar.unsent")}`}
        </span>
      </span>
      <StatusIcon status={row.status} className="size-4.5" />
    </button>
  );
}
