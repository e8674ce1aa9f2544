/** The shell, filled with the features that stand around every page. */
import { Link, useRouter } from "@slotcast/ui/router";
import { CalendarDays, Scissors, Settings, Users, UsersRound } from "lucide-react";
import { lazy, type ReactNode, Suspense, useEffect, useMemo, useState } from "react";
import { type CalendarSearch, validateCalendarSearch } from "../features/calendar/search";
import { RealtimeToaster } from "../features/changes/realtime-toaster";
import { type PageLink, Shell, type ShellProps, useShellTexts } from "../features/shell";
import { openPalette, Shortcuts } from "../features/shortcuts";
import { useCalendarPlace } from "./use-calendar-place";
import { useShowAppointment } from "./use-show-appointment";
import { useWorkplace } from "./workplace";

// What stands around the page comes after it: together it weighs as much as the calendar.
const RealTimeAppointments = lazy(async () => ({
  default: (await import("../components/dashboard/appointments/real-time-appointments"))
    .RealTimeAppointments,
}));

const TodaysFigures = lazy(async () => ({
  default: (await import("../features/figures")).TodaysFigures,
}));
const WhoIsLooking = lazy(async () => ({
  default: (await import("../features/presence")).WhoIsLooking,
}));

const PAGES: readonly PageLink[] = [
  { name: "calendar", icon: CalendarDays, render: (look) => <Link to="/" {...look} /> },
  { name: "customers", icon: Users, render: (look) => <Link to="/customers" {...look} /> },
  { name: "services", icon: Scissors, render: (look) => <Link to="/services" {...look} /> },
  { name: "team", icon: UsersRound, render: (look) => <Link to="/team" {...look} /> },
  { name: "settings", icon: Settings, render: (look) => <Link to="/settings" {...look} /> },
];

type FrameProps = Pick<ShellProps, "workspaces" | "current" | "onWorkspace" | "onNewWorkspace"> & {
  children: ReactNode;
};

export function Frame({ children, ...choices }: FrameProps) {
  const { desk } = useWorkplace();
  const show = useShowAppointment();
  const [isChangesOpen, setChangesOpen] = useState(false);
  useTitle(desk.workspace.name);
  return (
    <Shell
      {...choices}
      pages={PAGES}
      onSearch={openPalette}
      presence={<Presence />}
      isChangesOpen={isChangesOpen}
      onChangesOpen={setChangesOpen}
      renderChanges={(onDone) => (
        <Suspense>
          <RealTimeAppointments
            desk={desk}
            onShow={(id, start) => {
              onDone();
              show(id, start);
            }}
          />
        </Suspense>
      )}
      figures={
        <Suspense>
          <TodaysFigures desk={desk} onShow={show} />
        </Suspense>
      }
    >
      {children}
      <RealtimeToaster desk={desk} onShow={show} onShowChanges={() => setChangesOpen(true)} />
      <Keys />
    </Shell>
  );
}

type PageName = PageLink["name"];

/** The page that an address names. */
function usePage(): PageName {
  const { path } = useRouter().place;
  return PAGES.find(({ name }) => path.startsWith(`/${name}`))?.name ?? "calendar";
}

/** Names the page in the browser's tab. */
function useTitle(workspace: string): void {
  const t = useShellTexts();
  const page = t(`shell.nav.${usePage()}`);
  useEffect(() => {
    document.title = `${page} · ${workspace}`;
  }, [page, workspace]);
}

function Presence() {
  const { desk } = useWorkplace();
  const page = usePage();
  const { view, date } = useCalendarPlace();
  const place = useMemo(
    () => (page === "calendar" ? { view, date } : { view: page, date: null }),
    [page, view, date],
  );
  return (
    <Suspense>
      <WhoIsLooking desk={desk} place={place} />
    </Suspense>
  );
}

function Keys() {
  const { desk } = useWorkplace();
  const { navigate } = useRouter();
  const { date, today, step } = useCalendarPlace();
  const toCalendar = (change: CalendarSearch) =>
    navigate({ to: "/", search: (before) => ({ ...validateCalendarSearch(before), ...change }) });
  return (
    <Shortcuts
      desk={desk}
      actions={{
        create: () => toCalendar({ new: date }),
        today: () => toCalendar({ date: today }),
        view: (view) => toCalendar({ view }),
        step: (direction) => toCalendar({ date: step(direction) }),
        search: () => navigate({ to: "/customers" }),
        go: (page) => navigate({ to: page === "calendar" ? "/" : `/${page}` }),
        openCustomer: (customerId) => navigate({ to: `/customers/${customerId}` }),
      }}
    />
  );
}
