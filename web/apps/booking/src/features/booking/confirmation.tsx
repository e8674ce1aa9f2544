import { useCustomerAppointments } from "@slotcast/realtime";
import { Button, EmptyState, Loading, Skeleton, useSession } from "@slotcast/ui";
import { Link } from "@slotcast/ui/router";
import { CalendarSearch, CircleCheck, CircleSlash, Hourglass } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTexts } from "../../texts";
import { SaveAccount } from "../identity/save-account";
import { usePlaces } from "../ticket/place";
import { Ticket } from "../ticket/ticket";
import { TicketActions } from "../ticket/ticket-actions";
import { DraftLink } from "./draft-link";

/** What came of the booking, live: it says so when the shop confirms, moves or cancels. */
export function Confirmation({ appointmentId }: { appointmentId: string }) {
  const t = useTexts();
  const { user } = useSession();
  const { appointments, isLoading, mutate } = useCustomerAppointments(user?.id);
  const appointment = appointments.find(({ id }) => id === appointmentId);
  const place = usePlaces(appointment ? [appointment] : []);

  if (!appointment && user && isLoading) {
    return (
      <Loading className="mx-auto grid max-w-xl gap-4">
        <Skeleton className="h-8 w-2/3" />
        <Skeleton className="h-56" />
      </Loading>
    );
  }
  if (!appointment) {
    return (
      <EmptyState
        icon={CalendarSearch}
        heading="h1"
        title={t("booked.missing")}
        action={
          <Button asChild size="lg">
            <Link to="/mine">{t("mine.title")}</Link>
          </Button>
        }
      >
        {t(user ? "booked.missingHint" : "booked.signIn")}
      </EmptyState>
    );
  }
  const shownPlace = place(appointment);
  return (
    <div className="mx-auto flex max-w-xl animate-rise flex-col gap-5">
      <Outcome status={appointment.status} />
      <Ticket
        appointment={appointment}
        place={shownPlace}
        headingLevel="h2"
        showsShop
        actions={
          shownPlace && (
            <TicketActions
              appointment={appointment}
              place={shownPlace}
              mutate={mutate}
              change={
                <Link to="/mine" search={{ change: appointment.id }}>
                  {t("ticket.change")}
                </Link>
              }
            />
          )
        }
      />
      <div className="flex flex-wrap gap-2">
        <Button asChild size="lg" className="flex-1">
          <Link to="/mine">{t("mine.title")}</Link>
        </Button>
        <Button asChild size="lg" variant="quiet" className="flex-1">
          <DraftLink draft={{}}>{t("booked.another")}</DraftLink>
        </Button>
      </div>
      <SaveAccount />
    </div>
  );
}

const OUTCOMES = {
  pending: { icon: Hourglass, look: "bg-pending-soft text-pending" },
  confirmed: { icon: CircleCheck, look: "bg-confirmed-soft text-confirmed" },
  completed: { icon: CircleCheck, look: "bg-completed-soft text-completed" },
  no_show: { icon: CircleSlash, look: "bg-no-show-soft text-no-show" },
  cancelled: { icon: CircleSlash, look: "bg-cancelled-soft text-cancelled" },
} as const;

function Outcome({ status }: { status: keyof typeof OUTCOMES }) {
  const t = useTexts();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  const { icon: Icon, look } = OUTCOMES[status];
  return (
    <header className="flex items-center gap-4">
      <span
        className={`inline-flex size-12 shrink-0 items-center justify-center rounded-full ${look}`}
      >
        <Icon aria-hidden className="size-6" strokeWidth={1.75} />
      </span>
      <div>
        <h1 ref={heading} tabIndex={-1} className="font-semibold text-2xl outline-none">
          {t(`booked.${status}`)}
        </h1>
        <p className="mt-1 text-base text-ink-soft">{t(`booked.${status}Hint`)}</p>
      </div>
    </header>
  );
}
