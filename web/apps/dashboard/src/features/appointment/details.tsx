/** What an appointment is, to be read. */
import type { Appointment } from "@slotcast/realtime";
import {
  Avatar,
  Button,
  dayOf,
  formatDay,
  formatDayTime,
  formatMoney,
  formatTimeRange,
  useLanguage,
  ZoneNote,
} from "@slotcast/ui";
import { Mail, Phone } from "lucide-react";
import type { ReactNode } from "react";
import { useContact } from "../desk/contact";
import type { Desk } from "../desk/desk";
import { useTexts } from "./texts";

export interface DetailsProps {
  desk: Desk;
  row: Appointment;
  customerHref: (contactId: string) => string;
  /** What can be done with it. */
  children?: ReactNode;
}

export function Details({ desk, row, customerHref, children }: DetailsProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const member = desk.members.find(({ id }) => id === row.team_member_id);
  const service = desk.services.find(({ id }) => id === row.service_id);
  return (
    <div className="flex flex-col gap-4">
      {children}
      <dl className="grid grid-cols-[5.5rem_1fr] gap-x-3 gap-y-2.5 text-md [&_dt]:text-ink-faint [&_dt]:text-sm [&_dt]:leading-6">
        <dt>{t("appointment.sheet.when")}</dt>
        <dd>
          <time dateTime={row.start_time} className="font-semibold">
            {formatDay(dayOf(row.start_time, desk.zone), locale, "long")}
            <span className="block">
              {formatTimeRange(row.start_time, row.end_time, desk.zone, locale)}
            </span>
          </time>
          <ZoneNote zone={desk.zone} at={row.start_time} className="mt-0.5" />
        </dd>
        <dt>{t("appointment.sheet.service")}</dt>
        <dd>{service?.name ?? t("appointment.sheet.noService")}</dd>
        <dt>{t("appointment.sheet.who")}</dt>
        <dd className="flex items-center gap-2">
          {member && <Avatar name={member.name} color={member.color} size="sm" />}
          {member?.name ?? t("appointment.sheet.nobody")}
        </dd>
        {row.price_cents !== null && row.currency !== null && (
          <>
            <dt>{t("appointment.sheet.price")}</dt>
            <dd className="figures">{formatMoney(row.price_cents, row.currency, locale)}</dd>
          </>
        )}
        <dt>{t("appointment.sheet.contact")}</dt>
        <dd>
          <ContactWays contactId={row.contact_id} customerHref={customerHref} />
        </dd>
        <dt>{t("appointment.sheet.notes")}</dt>
        <dd className="whitespace-pre-wrap">
          {row.notes ?? <span className="text-ink-faint">{t("appointment.sheet.noNotes")}</span>}
        </dd>
        {row.cancel_reason && (
          <>
            <dt>{t("appointment.sheet.reason")}</dt>
            <dd>{row.cancel_reason}</dd>
          </>
        )}
      </dl>
      <p className="text-ink-faint text-sm">
        {t("appointment.sheet.created", { time: formatDayTime(row.created_at, desk.zone, locale) })}
      </p>
    </div>
  );
}

interface ContactWaysProps {
  contactId: string | null;
  customerHref: (contactId: string) => string;
}

function ContactWays({ contactId, customerHref }: ContactWaysProps) {
  const t = useTexts();
  const contact = useContact(contactId);
  if (contactId === null) return t("appointment.sheet.walkIn");
  return (
    <div className="flex flex-wrap gap-1.5">
      {contact?.phone && (
        <Button size="sm" asChild>
          <a href={`tel:${contact.phone}`} title={contact.phone}>
            <Phone aria-hidden className="size-4" strokeWidth={1.75} />
            {t("appointment.sheet.call")}
          </a>
        </Button>
      )}
      {contact?.email && (
        <Button size="sm" asChild>
          <a href={`mailto:${contact.email}`} title={contact.email}>
            <Mail aria-hidden className="size-4" strokeWidth={1.75} />
            {t("appointment.sheet.mail")}
          </a>
        </Button>
      )}
      <Button size="sm" variant="quiet" asChild>
        <a href={customerHref(contactId)}>{t("appointment.sheet.history")}</a>
      </Button>
    </div>
  );
}
