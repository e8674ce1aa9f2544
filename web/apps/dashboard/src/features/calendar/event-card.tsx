/** More about the appointment that is pointed at, with what one does most. The sheet has all of it, by keyboard too. */
import type { Appointment, LiveRow } from "@slotcast/realtime";
import { Button, formatTimeRange, memberStyle, StatusBadge, useLanguage } from "@slotcast/ui";
import { Mail, Phone } from "lucide-react";
import { useEffect, useEffectEvent, useLayoutEffect, useRef } from "react";
import { createPortal } from "react-dom";
import { useContact } from "../desk/contact";
import { canWriteAppointments, type Desk } from "../desk/desk";
import { type OfferedAction, offeredActions } from "../desk/statuses";
import { useTexts } from "./texts";

const GAP_PX = 8;

export interface EventCardProps {
  desk: Desk;
  row: LiveRow<Appointment>;
  element: HTMLElement;
  nowMs: number;
  actionLabel: (action: OfferedAction) => string;
  onAction: (row: Appointment, action: OfferedAction) => void;
  onOpen: (id: string) => void;
  onStay: () => void;
  onLeave: () => void;
  onClose: () => void;
}

export function EventCard(props: EventCardProps) {
  const { desk, row, element, onStay, onLeave } = props;
  const t = useTexts();
  const { locale } = useLanguage();
  const card = useRef<HTMLElement>(null);
  usePlace(card, element);
  useEscape(props.onClose);
  const member = desk.members.find(({ id }) => id === row.team_member_id);
  const service = desk.services.find(({ id }) => id === row.service_id);
  const time = formatTimeRange(row.start_time, row.end_time, desk.zone, locale);
  return createPortal(
    <section
      ref={card}
      aria-label={t("calendar.card", { customer: row.customer_name, time })}
      onMouseEnter={onStay}
      onMouseLeave={onLeave}
      style={memberStyle(member?.color)}
      className="member fixed z-40 w-72 animate-fade rounded-card border border-line bg-raised p-4 text-md shadow-float"
    >
      <div className="flex items-start justify-between gap-2">
        <div className="min-w-0">
          <p className="figures text-ink-soft text-sm">{time}</p>
          <p className="truncate font-semibold text-base">{row.customer_name}</p>
        </div>
        <StatusBadge status={row.status} />
      </div>
      <p className="mt-1 flex items-center gap-2 text-ink-soft text-sm">
        <span aria-hidden className="member-dot size-2 shrink-0 rounded-full" />
        {[service?.name, member?.name ?? t("calendar.unassigned")].filter(Boolean).join(" · ")}
      </p>
      {row.notes && <p className="mt-2 line-clamp-3 text-sm">{row.notes}</p>}
      <ContactLinks contactId={row.contact_id} />
      <CardActions {...props} />
    </section>,
    document.body,
  );
}

function CardActions({ desk, row, nowMs, actionLabel, onAction, onOpen }: EventCardProps) {
  const t = useTexts();
  const hasBegun = Date.parse(row.start_time) <= nowMs;
  const actions = canWriteAppointments(desk.role) ? offeredActions(row.status, hasBegun) : [];
  return (
    <div className="mt-3 flex flex-wrap gap-1.5">
      {!row.pending &&
        actions.map((offered) => (
          <Button
            key={offered.action}
            size="sm"
            variant={offered.action === "cancel" ? "dangerQuiet" : "secondary"}
            onClick={() => onAction(row, offered)}
          >
            {actionLabel(offered)}
          </Button>
        ))}
      <Button size="sm" variant="quiet" onClick={() => onOpen(row.id)}>
        {t("calendar.open")}
      </Button>
    </div>
  );
}

function ContactLinks({ contactId }: { contactId: string | null }) {
  const contact = useContact(contactId);
  if (!contact?.phone && !contact?.email) return null;
  return (
    <p className="mt-2 flex flex-col gap-1 text-sm">
      {contact.phone && (
        <a className="flex items-center gap-2 hover:underline" href={`tel:${contact.phone}`}>
          <Phone aria-hidden className="size-4 text-ink-faint" strokeWidth={1.75} />
          {contact.phone}
        </a>
      )}
      {contact.email && (
        <a
          className="flex items-center gap-2 truncate hover:underline"
          href={`mailto:${contact.email}`}
        >
          <Mail aria-hidden className="size-4 shrink-0 text-ink-faint" strokeWidth={1.75} />
          {contact.email}
        </a>
      )}
    </p>
  );
}

/** Beside the event, on the side that has room, and within the window. */
function usePlace(card: React.RefObject<HTMLElement | null>, element: HTMLElement): void {
  useLayoutEffect(() => {
    const node = card.current;
    if (!node) return;
    const at = element.getBoundingClientRect();
    const { width, height } = node.getBoundingClientRect();
    const fitsAfter = at.right + GAP_PX + width <= window.innerWidth;
    const left = fitsAfter ? at.right + GAP_PX : at.left - GAP_PX - width;
    node.style.left = `${clamp(left, GAP_PX, window.innerWidth - width - GAP_PX)}px`;
    node.style.top = `${clamp(at.top, GAP_PX, window.innerHeight - height - GAP_PX)}px`;
  });
}

function useEscape(onEscape: () => void): void {
  const press = useEffectEvent((event: KeyboardEvent) => {
    if (event.key === "Escape") onEscape();
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => press(event);
    document.addEventListener("keydown", listen);
    return () => document.removeEventListener("keydown", listen);
  }, []);
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
