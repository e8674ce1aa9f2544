/** The calendar's page: joins the calendar, what changes appointments, and the sheet to the address. */
import { later } from "@slotcast/ui";
import { useRouter } from "@slotcast/ui/router";
import { lazy, Suspense } from "react";
import { useChanges } from "../features/appointment";
import { CalendarPage } from "../features/calendar/calendar-page";
import { instantsOf, visibleDates } from "../features/calendar/dates";
import { type SearchChange, validateCalendarSearch } from "../features/calendar/search";
import {
  useVisibleAppointments,
  type VisibleAppointments,
} from "../features/calendar/use-visible-appointments";
import { ExportButton } from "../features/export";
import { PageToolbar } from "../features/shell";
import { useCalendarPlace } from "./use-calendar-place";
import { useWorkplace } from "./workplace";

const details = later(() => import("../features/appointment/detail-sheet"));
const DetailSheet = lazy(async () => ({ default: (await details.load()).DetailSheet }));
const creation = later(() => import("../features/appointment/create-sheet"));
const CreateSheet = lazy(async () => ({ default: (await creation.load()).CreateSheet }));

export function CalendarRoute() {
  const { desk, opening } = useWorkplace();
  const { navigate } = useRouter();
  const place = useCalendarPlace();
  const { search, view, date, firstWeekday } = place;
  const live = useVisibleAppointments(desk, {
    view,
    date,
    firstWeekday,
    members: search.members,
    statuses: search.statuses,
  });
  const changes = useChanges(desk, opening, live);
  const onSearch = useChangeSearch();
  const inSight = instantsOf(visibleDates(view, date, firstWeekday), desk.zone);
  return (
    <>
      <CalendarPage
        {...place}
        desk={desk}
        opening={opening}
        live={live}
        bookingUrl={`${location.origin}/book/${desk.workspace.slug}`}
        renderToolbar={(toolbar) => <PageToolbar>{toolbar}</PageToolbar>}
        tools={<ExportButton desk={desk} rows={live.shown} {...inSight} />}
        actionLabel={changes.actionLabel}
        onSearch={onSearch}
        onMove={changes.move}
        onResize={changes.resize}
        onAction={changes.act}
        collides={changes.collides}
        onAddMembers={() => navigate({ to: "/team" })}
      />
      <Sheets live={live} changes={changes} onSearch={onSearch} />
      {changes.dialog}
    </>
  );
}

interface SheetsProps {
  live: VisibleAppointments;
  changes: ReturnType<typeof useChanges>;
  onSearch: (change: SearchChange) => void;
}

function Sheets({ live, changes, onSearch }: SheetsProps) {
  const { desk, opening, offers } = useWorkplace();
  const { search, nowMs, isPhone } = useCalendarPlace();
  const { hrefOf } = useRouter();
  const shared = { desk, opening, offers, live, isModal: isPhone };
  const close = () => {
    onSearch({ appointment: undefined, new: undefined, minutes: undefined, for: undefined });
    if (search.appointment !== undefined) focusAppointment(search.appointment);
  };
  return (
    <Suspense>
      {search.appointment !== undefined && (
        <DetailSheet
          key={search.appointment}
          {...shared}
          changes={changes}
          id={search.appointment}
          nowMs={nowMs}
          customerHref={(customerId) => hrefOf({ to: `/customers/${customerId}` })}
          onClose={close}
        />
      )}
      {search.new !== undefined && search.appointment === undefined && !live.isLoading && (
        <CreateSheet
          {...shared}
          place={{ start: search.new, minutes: search.minutes, memberId: search.for }}
          chosenMembers={search.members ?? []}
          onClose={close}
          onCreated={changes.announceCreated}
        />
      )}
    </Suspense>
  );
}

/** Gives the focus back to what the sheet was about, once the sheet is gone. */
function focusAppointment(id: string): void {
  requestAnimationFrame(() => {
    document.querySelector<HTMLElement>(`[data-appointment="${id}"]`)?.focus();
  });
}

/** Changes what the address says of the calendar, and leaves the rest of it alone. */
function useChangeSearch(): (change: SearchChange) => void {
  const { navigate } = useRouter();
  return (change) =>
    navigate({ search: (before) => ({ ...validateCalendarSearch(before), ...change }) });
}
