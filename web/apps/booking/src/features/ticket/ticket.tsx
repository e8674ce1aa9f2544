import type { Appointment } from "@slotcast/realtime";
import {
  Avatar,
  cn,
  dayOf,
  formatDay,
  formatFull,
  formatMoney,
  formatTimeRange,
  StatusBadge,
  useLanguage,
  ZoneNote,
} from "@slotcast/ui";
import { MapPin, MessageSquareText, Phone } from "lucide-react";
import type { ReactNode } from "react";
import { useTexts } from "../../texts";
import type { Place } from "./place";

export interface TicketProps {
  appointment: Appointment;
  /** Undefined while it is read; the ticket stands without it. */
  place: Place | undefined;
  /** `TicketActions`; the place for them is hidden while they draw nothing. */
  actions?: ReactNode;
  /** Stands below everything, such as choosing another time. */
  children?: ReactNode;
  /** Names the shop; left out where it is plain which one it is. */
  showsShop?: boolean;
  headingLevel?: "h2" | "h3";
}

/** An appointment as a ticket: the date large, who, where, and what can be done with it below the perforation. */
export function Ticket(props: TicketProps) {
  const { appointment, place, actions, children, showsShop } = props;
  const Heading = props.headingLevel ?? "h3";
  const t = useTexts();
  const { locale } = useLanguage();
  const zone = place?.shop.time_zone ?? "UTC";
  const isCancelled = appointment.status === "cancelled";
  const { start_time: start, end_time: end } = appointment;
  return (
    <article
      data-appointment={appointment.id}
      data-status={appointment.status}
      data-start={new Date(start).toISOString()}
      className="relative overflow-hidden rounded-card border border-line bg-surface shadow-[0_1px_2px_var(--shadow-color)]"
    >
      <div className="flex">
        <DateStub day={dayOf(start, zone)} isFaded={isCancelled} />
        <div className="min-w-0 flex-1 p-4 sm:p-5">
          <div className="flex flex-wrap items-start justify-between gap-2">
            <div className="min-w-0">
              <time
                dateTime={start}
                title={formatFull(start, zone, locale)}
                className={cn(
                  "font-semibold text-xl",
                  isCancelled && "text-ink-faint line-through",
                )}
              >
                {formatTimeRange(start, end, zone, locale)}
              </time>
              <Heading className="mt-1 font-medium text-base">
                {place?.service?.name ?? t("ticket.appointment")}
                {showsShop && place && (
                  <span className="font-normal text-ink-soft"> · {place.shop.name}</span>
                )}
              </Heading>
            </div>
            <StatusBadge status={appointment.status} />
          </div>
          <Details appointment={appointment} place={place} />
          <ZoneNote zone={zone} at={start} className="mt-3" />
        </div>
      </div>
      {actions && (
        <div className="relative border-line-strong border-t border-dashed px-4 py-2 not-has-data-actions:hidden sm:px-5">
          <Notch side="start" />
          <Notch side="end" />
          {actions}
        </div>
      )}
      {children}
    </article>
  );
}

function DateStub({ day, isFaded }: { day: string; isFaded: boolean }) {
  const { locale } = useLanguage();
  return (
    <div
      className={cn(
        "flex w-22 shrink-0 flex-col items-center justify-center border-line-strong border-e border-dashed px-2 py-4 text-center sm:w-28",
        isFaded ? "bg-sunken text-ink-faint" : "bg-accent-soft text-accent-text",
      )}
    >
      <span className="font-medium text-sm capitalize">{formatDay(day, locale, "weekday")}</span>
      <span className="figures font-semibold text-[2.75rem] leading-none">
        {formatDay(day, locale, "number")}
      </span>
      <span className="mt-1 font-medium text-sm capitalize">
        {formatDay(day, locale, "monthShort")}
      </span>
    </div>
  );
}

function Details({ appointment, place }: Pick<TicketProps, "appointment" | "place">) {
  const t = useTexts();
  const { locale } = useLanguage();
  const { price_cents: price, currency, notes, cancel_reason: reason } = appointment;
  return (
    <ul className="mt-3 flex flex-col gap-1.5 text-ink-soft text-md">
      {place?.member && (
        <li className="flex items-center gap-2">
          <Avatar name={place.member.name} color={place.member.color} size="sm" />
          {t("ticket.with", { name: place.member.name })}
          {price !== null && currency && (
            <span className="figures ms-auto font-medium text-ink">
              {formatMoney(price, currency, locale)}
            </span>
          )}
        </li>
      )}
      {place?.shop.address && <Detail icon={MapPin}>{place.shop.address}</Detail>}
      {place?.shop.phone && (
        <Detail icon={Phone}>
          <a
            href={`tel:${place.shop.phone.replaceAll(/\s/g, "")}`}
            className="-my-2.5 inline-flex min-h-11 items-center hover:underline"
          >
            {place.shop.phone}
          </a>
        </Detail>
      )}
      {notes && <Detail icon={MessageSquareText}>{notes}</Detail>}
      {reason && appointment.status === "cancelled" && (
        <Detail icon={MessageSquareText}>{t("ticket.reason", { reason })}</Detail>
      )}
    </ul>
  );
}

function Detail({ icon: Icon, children }: { icon: typeof MapPin; children: ReactNode }) {
  return (
    <li className="flex items-start gap-2">
      <span className="flex size-6 shrink-0 items-center justify-center">
        <Icon aria-hidden className="size-4 text-ink-faint" strokeWidth={1.75} />
      </span>
      <span className="min-w-0 whitespace-pre-line break-words">{children}</span>
    </li>
  );
}

/** Half a hole at the edge of the perforation. */
function Notch({ side }: { side: "start" | "end" }) {
  return (
    <span
      aria-hidden
      className={cn(
        "absolute -top-2 size-4 rounded-full border border-line bg-ground",
        side === "start" ? "-start-2" : "-end-2",
      )}
    />
  );
}
