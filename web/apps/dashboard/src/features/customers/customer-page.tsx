import {
  type Appointment,
  type CustomerSummary,
  type StaffNote,
  useLiveTable,
} from "@slotcast/realtime";
import {
  Avatar,
  Badge,
  Banner,
  Button,
  dayOf,
  EmptyState,
  formatDay,
  formatMoney,
  formatTimeRange,
  Loading,
  memberStyle,
  Skeleton,
  StatusBadge,
  today,
  useLanguage,
  useNow,
} from "@slotcast/ui";
import { ChevronLeft, Mail, Pencil, Phone, UserX } from "lucide-react";
import { type MouseEvent, type ReactNode, useState } from "react";
import { canWriteAppointments, type Desk } from "../desk/desk";
import { Card } from "../desk/page";
import { CustomerForm } from "./customer-form";
import { RemoveCustomer } from "./remove-customer";
import { useTexts } from "./texts";
import { useCustomer, useCustomersFollow } from "./use-customers";
import { visitsOf } from "./visits";

export interface CustomerPageProps {
  desk: Desk;
  customerId: string;
  backHref: string;
  onBack: () => void;
  onShow: (appointmentId: string, start: string | null) => void;
}

/** All that the workspace knows of somebody. */
export function CustomerPage({ desk, customerId, backHref, onBack, onShow }: CustomerPageProps) {
  const t = useTexts();

  function goBack(event: MouseEvent) {
    event.preventDefault();
    onBack();
  }

  return (
    <div className="h-full overflow-y-auto">
      <div className="mx-auto flex w-full max-w-4xl flex-col gap-5 px-4 py-5 sm:px-6">
        <Button asChild variant="quiet" className="-ms-3 self-start">
          <a href={backHref} onClick={goBack}>
            <ChevronLeft aria-hidden className="size-4 rtl:rotate-180" strokeWidth={2} />
            {t("customers.back")}
          </a>
        </Button>
        {canWriteAppointments(desk.role) ? (
          <Record desk={desk} customerId={customerId} onShow={onShow} onRemoved={onBack} />
        ) : (
          <Banner>{t("customers.forbidden")}</Banner>
        )}
      </div>
    </div>
  );
}

type RecordProps = Pick<CustomerPageProps, "desk" | "customerId" | "onShow"> & {
  onRemoved: () => void;
};

function Record({ desk, customerId, onShow, onRemoved }: RecordProps) {
  const t = useTexts();
  const { data: customer, isPending, isError, refetch } = useCustomer(desk, customerId);
  useCustomersFollow(desk);
  if (isPending) return <RecordSkeleton />;
  if (isError) {
    return (
      <EmptyState
        icon={UserX}
        title={t("customers.failed")}
        action={<Button onClick={() => void refetch()}>{t("customers.retry")}</Button>}
      />
    );
  }
  if (customer === null) {
    return (
      <EmptyState icon={UserX} title={t("customers.goneTitle")}>
        {t("customers.gone")}
      </EmptyState>
    );
  }
  return (
    <>
      <Heading desk={desk} customer={customer} />
      <History desk={desk} customerId={customerId} onShow={onShow} />
      <RemoveCustomer customer={customer} onRemoved={onRemoved} />
    </>
  );
}

function Heading({ desk, customer }: { desk: Desk; customer: CustomerSummary }) {
  const t = useTexts();
  const { locale } = useLanguage();
  const [isEditing, setIsEditing] = useState(false);
  const { name, email, phone } = customer;
  const since = formatDay(dayOf(customer.created_at, desk.workspace.time_zone), locale, "full");
  return (
    <header className="flex flex-col gap-4">
      <div className="flex flex-wrap items-start gap-x-4 gap-y-3">
        <Avatar size="lg" name={name} />
        <div className="min-w-48 flex-1">
          <h1 className="flex flex-wrap items-center gap-2 font-semibold text-xl">
            {name}
            {customer.user_id && <Badge tone="accent">{t("customers.hasAccount")}</Badge>}
          </h1>
          <p className="mt-1 text-ink-soft text-md">{t("customers.since", { date: since })}</p>
        </div>
        <Button onClick={() => setIsEditing(true)}>
          <Pencil aria-hidden className="size-4" strokeWidth={1.75} />
          {t("customers.edit")}
        </Button>
      </div>
      <div className="flex flex-wrap gap-2">
        {phone && (
          <ContactLink
            href={`tel:${phone.replaceAll(/[^\d+]/g, "")}`}
            label={t("customers.call", { name })}
          >
            <Phone aria-hidden className="size-4" strokeWidth={1.75} />
            {phone}
          </ContactLink>
        )}
        {email && (
          <ContactLink href={`mailto:${email}`} label={t("customers.write", { name })}>
            <Mail aria-hidden className="size-4" strokeWidth={1.75} />
            {email}
          </ContactLink>
        )}
      </div>
      <dl className="figures grid grid-cols-3 divide-x divide-line rounded-card border border-line bg-surface">
        <Figure label={t("customers.visitsLabel")} value={customer.visit_count} />
        <Figure label={t("customers.noShows")} value={customer.no_show_count} />
        <Figure label={t("customers.cancelled")} value={customer.cancelled_count} />
      </dl>
      {isEditing && (
        <CustomerForm desk={desk} customer={customer} onClose={() => setIsEditing(false)} />
      )}
    </header>
  );
}

function ContactLink(props: { href: string; label: string; children: ReactNode }) {
  return (
    <Button asChild size="sm">
      <a href={props.href} title={props.label}>
        {props.children}
      </a>
    </Button>
  );
}

function Figure({ label, value }: { label: string; value: number }) {
  return (
    <div className="flex flex-col-reverse px-4 py-3">
      <dt className="text-ink-soft text-sm">{label}</dt>
      <dd className="font-semibold text-lg">{value}</dd>
    </div>
  );
}

/** Enough for years of visits. */
const HISTORY_COUNT = 500;

function History({ desk, customerId, onShow }: Omit<RecordProps, "onRemoved">) {
  const t = useTexts();
  const nowMs = useNow();
  const { rows, isLoading } = useLiveTable<Appointment>({
    table: "appointments",
    filter: `contact_id=eq.${customerId}`,
    order: { column: "start_time", ascending: false },
    limit: HISTORY_COUNT,
  });
  const notes = useStaffNotes(desk);
  const { upcoming, past } = visitsOf(rows, nowMs);
  const visit = (appointment: Appointment) => (
    <Visit
      key={appointment.id}
      desk={desk}
      appointment={appointment}
      note={notes.get(appointment.id)}
      onShow={() => onShow(appointment.id, appointment.start_time)}
    />
  );
  return (
    <>
      <Card title={t("customers.upcoming")}>
        <VisitList isLoading={isLoading} empty={t("customers.noUpcoming")}>
          {upcoming.map(visit)}
        </VisitList>
      </Card>
      <Card title={t("customers.past")}>
        <VisitList isLoading={isLoading} empty={t("customers.noPast")}>
          {past.map(visit)}
        </VisitList>
      </Card>
    </>
  );
}

function useStaffNotes({ workspace }: Desk): ReadonlyMap<string, string> {
  const { rows } = useLiveTable<StaffNote>({
    table: "appointment_staff_notes",
    filter: `workspace_id=eq.${workspace.id}`,
    key: ["appointment_id"],
  });
  return new Map(rows.map(({ appointment_id, body }) => [appointment_id, body]));
}

interface VisitListProps {
  isLoading: boolean;
  empty: string;
  children: ReactNode[];
}

function VisitList({ isLoading, empty, children }: VisitListProps) {
  if (isLoading) return <Skeleton className="h-14" />;
  if (children.length === 0) return <p className="text-ink-faint text-md">{empty}</p>;
  return <ul className="-mx-2 flex flex-col">{children}</ul>;
}

interface VisitProps {
  desk: Desk;
  appointment: Appointment;
  /** For the team only. */
  note: string | undefined;
  onShow: () => void;
}

function Visit({ desk, appointment, note, onShow }: VisitProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const { start_time, end_time, price_cents, currency, status, notes } = appointment;
  const day = dayOf(start_time, desk.zone);
  const isThisYear = day.slice(0, 4) === today(desk.zone).slice(0, 4);
  const member = desk.members.find(({ id }) => id === appointment.team_member_id);
  const service = desk.services.find(({ id }) => id === appointment.service_id);
  return (
    <li>
      <button
        type="button"
        onClick={onShow}
        style={memberStyle(member?.color)}
        className="member flex w-full items-start gap-3 rounded-control px-2 py-2 text-start hover:bg-hover"
      >
        <span aria-hidden className="member-dot mt-1 h-8 w-1 shrink-0 rounded-full" />
        <span className="min-w-0 flex-1">
          <span className="figures block font-medium text-md">
            <time dateTime={start_time}>
              {formatDay(day, locale, isThisYear ? "short" : "full")},{" "}
              {formatTimeRange(start_time, end_time, desk.zone, locale)}
            </time>
          </span>
          <span className="block text-ink-soft text-sm">
            {[
              service?.name,
              member && t("customers.with", { member: member.name }),
              price_cents !== null && currency && formatMoney(price_cents, currency, locale),
            ]
              .filter(Boolean)
              .join(" · ")}
          </span>
          {notes && (
            <span className="mt-1 block whitespace-pre-line text-ink-soft text-sm">{notes}</span>
          )}
          {note && (
            <span className="mt-1 block whitespace-pre-line rounded-sm bg-pending-soft px-2 py-1 text-pending text-sm">
              <span className="font-medium">{t("customers.staffNote")}: </span>
              {note}
            </span>
          )}
        </span>
        <StatusBadge status={status} />
      </button>
    </li>
  );
}

function RecordSkeleton() {
  return (
    <Loading className="flex flex-col gap-5">
      <div className="flex gap-4">
        <Skeleton className="size-12 rounded-full" />
        <Skeleton className="h-12 flex-1" />
      </div>
      <Skeleton className="h-20" />
      <Skeleton className="h-40" />
    </Loading>
  );
}
