/** The calendar: toolbar, the grid or the agenda, and what stands there when there is nothing. */
import type { Appointment } from "@slotcast/realtime";
import {
  Banner,
  Button,
  dayOf,
  EmptyState,
  formatDay,
  startOfWeek,
  toast,
  useLanguage,
} from "@slotcast/ui";
import { CalendarDays, CalendarPlus, Link2, Plus, Users } from "lucide-react";
import { lazy, type ReactNode, Suspense, useMemo } from "react";
import { canWriteAppointments, canWriteSettings, type Desk } from "../desk/desk";
import type { OpeningData } from "../desk/opening";
import type { OfferedAction } from "../desk/statuses";
import { Agenda } from "./agenda";
import type { DrawnStretch, Dropped } from "./calendar-grid";
import { daysOf, visibleDates } from "./dates";
import { DayStrip } from "./day-strip";
import type { CalendarSearch, SearchChange, View } from "./search";
import { AgendaSkeleton, GridSkeleton } from "./skeletons";
import { useTexts } from "./texts";
import { CalendarToolbar, rangeWords } from "./toolbar";
import type { VisibleAppointments } from "./use-visible-appointments";

const GridPanel = lazy(async () => ({ default: (await import("./grid-panel")).GridPanel }));

export interface CalendarPageProps {
  desk: Desk;
  opening: OpeningData;
  live: VisibleAppointments;
  search: CalendarSearch;
  /** What the address says, or what stands for its silence. */
  view: View;
  date: string;
  today: string;
  nowMs: number;
  /** Monday 1 … Sunday 7. */
  firstWeekday: number;
  isPhone: boolean;
  /** Where customers book. */
  bookingUrl: string;
  /** More tools for the toolbar. */
  tools?: ReactNode;
  /** Puts the toolbar where the app has its bar. */
  renderToolbar: (toolbar: ReactNode) => ReactNode;
  actionLabel: (action: OfferedAction) => string;
  onSearch: (change: SearchChange) => void;
  onMove: (row: Appointment, to: Dropped, undo: () => void) => void;
  onResize: (row: Appointment, end_time: string, undo: () => void) => void;
  onAction: (row: Appointment, action: OfferedAction) => void;
  onAddMembers: () => void;
  collides: (row: Appointment, to: Dropped) => boolean;
}

export function CalendarPage(props: CalendarPageProps) {
  const { desk, live, view, date, isPhone, renderToolbar, onSearch } = props;
  const t = useTexts();
  const canWrite = canWriteAppointments(desk.role);
  const create = (drawn?: DrawnStretch) =>
    onSearch({
      appointment: undefined,
      new: drawn?.start ?? date,
      minutes: drawn?.minutes,
      for: drawn?.memberId,
    });
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      {renderToolbar(
        <CalendarToolbar {...props} onCreate={canWrite ? () => create() : undefined} />,
      )}
      {isPhone && (view === "agenda" || view === "day") && <PhoneDays {...props} />}
      {live.error !== null && live.status !== "live" && (
        <Banner
          tone="warning"
          role="status"
          className="mx-4 mt-3"
          action={
            <Button size="sm" onClick={() => void live.resync()}>
              {t("calendar.retry")}
            </Button>
          }
        >
          {t("calendar.failed")}
        </Banner>
      )}
      <div className="relative min-h-0 flex-1 overflow-auto">
        <Days {...props} canWrite={canWrite} onCreate={create} />
      </div>
      {canWrite && isPhone && (
        <Button
          variant="primary"
          size="lg"
          onClick={() => create()}
          className="fixed end-4 bottom-[calc(4.5rem+env(safe-area-inset-bottom))] z-30 rounded-full shadow-float"
        >
          <Plus aria-hidden className="-ms-1 size-5" strokeWidth={2} />
          {t("calendar.createShort")}
        </Button>
      )}
    </div>
  );
}

type DaysProps = CalendarPageProps & {
  canWrite: boolean;
  onCreate: (drawn?: DrawnStretch) => void;
};

function Days(props: DaysProps) {
  const { desk, live, view, date, firstWeekday, search, onSearch } = props;
  const t = useTexts();
  const { locale } = useLanguage();
  const days = useMemo(() => visibleDates(view, date, firstWeekday), [view, date, firstWeekday]);
  const rows = useMemo(() => {
    const shown = new Set(daysOf(days));
    return live.shown.filter((row) => shown.has(dayOf(row.start_time, desk.zone)));
  }, [live.shown, days, desk.zone]);
  if (desk.members.length === 0) return <NobodyYet {...props} />;
  const isEmpty = rows.length === 0 && !live.isLoading;
  const range = rangeWords(view, date, firstWeekday, locale, props.today);
  if (view !== "agenda") {
    return (
      <Suspense fallback={<GridSkeleton />}>
        <GridPanel
          {...props}
          rows={rows}
          days={days}
          view={view}
          label={t("calendar.grid", { range })}
          onOpen={(id) => onSearch({ appointment: id, new: undefined })}
        />
        {isEmpty && <Nothing {...props} floats />}
      </Suspense>
    );
  }
  if (live.isLoading && rows.length === 0) return <AgendaSkeleton />;
  if (isEmpty) return <Nothing {...props} />;
  return (
    <Agenda
      {...props}
      label={t("calendar.agenda", { range })}
      rows={rows}
      days={days}
      glowing={live.glowing}
      current={search.appointment}
      onOpen={(id) => onSearch({ appointment: id, new: undefined })}
    />
  );
}

function PhoneDays({ desk, live, date, today, firstWeekday, onSearch }: CalendarPageProps) {
  const days = useMemo(() => {
    const from = startOfWeek(date, firstWeekday);
    return daysOf(visibleDates("week", from, firstWeekday));
  }, [date, firstWeekday]);
  const counts = useMemo(() => {
    const perDay = new Map<string, number>();
    for (const row of live.shown) {
      const day = dayOf(row.start_time, desk.zone);
      perDay.set(day, (perDay.get(day) ?? 0) + 1);
    }
    return perDay;
  }, [live.shown, desk.zone]);
  return (
    <DayStrip
      days={days}
      date={date}
      today={today}
      counts={counts}
      onChoose={(day) => onSearch({ date: day })}
    />
  );
}

/** Nothing in sight: says why, and what one can do about it. */
function Nothing(props: DaysProps & { floats?: boolean }) {
  const { view, date, search, floats = false, onSearch } = props;
  const t = useTexts();
  const { locale } = useLanguage();
  const isFiltered = search.members !== undefined || search.statuses !== undefined;
  const title = isFiltered
    ? t("calendar.emptyFiltered")
    : view === "day"
      ? t("calendar.emptyDay", { day: formatDay(date, locale, "long") })
      : t("calendar.emptyRange");
  const action = isFiltered ? (
    <Button size="sm" onClick={() => onSearch({ members: undefined, statuses: undefined })}>
      {t("calendar.filterClear")}
    </Button>
  ) : (
    <CopyLink url={props.bookingUrl} />
  );
  if (!floats) {
    return (
      <EmptyState icon={CalendarDays} title={title} action={action}>
        {isFiltered || !props.canWrite ? undefined : t("calendar.emptyAgendaHint")}
      </EmptyState>
    );
  }
  return (
    <div className="pointer-events-none absolute inset-x-0 bottom-6 flex justify-center px-4">
      <div className="pointer-events-auto flex max-w-xl animate-rise flex-wrap items-center gap-x-4 gap-y-2 rounded-card border border-line bg-raised px-4 py-3 shadow-float">
        <p className="min-w-0 flex-1 text-md">
          <strong className="block font-semibold">{title}</strong>
          {!isFiltered && props.canWrite && (
            <span className="text-ink-soft text-sm">{t("calendar.emptyHint")}</span>
          )}
        </p>
        {action}
      </div>
    </div>
  );
}

function CopyLink({ url }: { url: string }) {
  const t = useTexts();
  async function copy() {
    await navigator.clipboard.writeText(url);
    toast(t("calendar.copied"));
  }
  return (
    <Button size="sm" onClick={() => void copy()}>
      <Link2 aria-hidden className="size-4" strokeWidth={1.75} />
      {t("calendar.copyLink")}
    </Button>
  );
}

function NobodyYet({ desk, onAddMembers }: DaysProps) {
  const t = useTexts();
  return (
    <EmptyState
      icon={Users}
      title={t("calendar.noMembers")}
      action={
        canWriteSettings(desk.role) && (
          <Button variant="primary" onClick={onAddMembers}>
            <CalendarPlus aria-hidden className="size-4" strokeWidth={1.75} />
            {t("calendar.addMembers")}
          </Button>
        )
      }
    >
      {t("calendar.noMembersHint")}
    </EmptyState>
  );
}
