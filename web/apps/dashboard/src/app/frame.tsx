/** The shell, filled with the features that stand around every page. */
import { Link, useLocation, useNavigate } from "@tanstack/react-router";
import { CalendarDays, Scissors, Settings, Users, UsersRound } from "lucide-react";
import { type ReactNode, useMemo, useState } from "react";
import { RealTimeAppointments } from "../components/dashboard/appointments/real-time-appointments";
import { RealtimeToaster } from "../features/changes";
import { TodaysFigures } from "../features/figures";
import { WhoIsLooking } from "../features/presence";
import { type PageLink, Shell, type ShellProps } from "../features/shell";
import { openPalette, Shortcuts } from "../features/shortcuts";
import { useCalendarPlace } from "./use-calendar-place";
import { useShowAppointment } from "./use-show-appointment";
import { useWorkplace } from "./workplace";

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
  return (
    <Shell
      {...choices}
      pages={PAGES}
      onSearch={openPalette}
      presence={<Presence />}
      isChangesOpen={isChangesOpen}
      onChangesOpen={setChangesOpen}
      renderChanges={(onDone) => (
        <RealTimeAppointments
          desk={desk}
          onShow={(id, start) => {
            onDone();
            show(id, start);
          }}
        />
      )}
      figures={<TodaysFigures desk={desk} onShow={show} />}
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
  const path = useLocation({ select: ({ pathname }) => pathname });
  return PAGES.find(({ name }) => path.startsWith(`/${name}`))?.name ?? "calendar";
}

function Presence() {
  const { desk } = useWorkplace();
  const page = usePage();
  const { view, date } = useCalendarPlace();
  const place = useMemo(
    () => (page === "calendar" ? { view, date } : { view: page, date: null }),
    [page, view, date],
  );
  return <WhoIsLooking desk={desk} place={place} />;
}

function Keys() {
  const { desk } = useWorkplace();
  const navigate = useNavigate();
  const { date, today, step } = useCalendarPlace();
  return (
    <Shortcuts
      desk={desk}
      actions={{
        create: () => void navigate({ to: "/", search: (before) => ({ ...before, new: date }) }),
        today: () => void navigate({ to: "/", search: (before) => ({ ...before, date: today }) }),
        view: (view) => void navigate({ to: "/", search: (before) => ({ ...before, view }) }),
        step: (direction) =>
          void navigate({ to: "/", search: (before) => ({ ...before, date: step(direction) }) }),
        search: () => void navigate({ to: "/customers" }),
        go: (page) => void navigate({ to: page === "calendar" ? "/" : `/${page}` }),
        openCustomer: (customerId) =>
          void navigate({ to: "/customers/$customerId", params: { customerId } }),
      }}
    />
  );
}
