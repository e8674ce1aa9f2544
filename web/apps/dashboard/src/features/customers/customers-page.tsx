import type { CustomerSummary } from "@slotcast/realtime";
import {
  Avatar,
  Banner,
  Button,
  dayOf,
  EmptyState,
  formatDay,
  Input,
  Loading,
  Skeleton,
  useLanguage,
} from "@slotcast/ui";
import { Plus, Search, UserRound } from "lucide-react";
import { type MouseEvent, useDeferredValue, useState } from "react";
import { canWriteAppointments, type Desk } from "../desk/desk";
import { Page } from "../desk/page";
import { CustomerForm } from "./customer-form";
import { useTexts } from "./texts";
import { useCustomers, useCustomersFollow } from "./use-customers";

export interface CustomersPageProps {
  desk: Desk;
  /** What is searched for. */
  query: string;
  onQuery: (query: string) => void;
  customerHref: (id: string) => string;
  onOpen: (id: string) => void;
}

/** Everybody the workspace serves. */
export function CustomersPage(props: CustomersPageProps) {
  const t = useTexts();
  if (canWriteAppointments(props.desk.role)) return <Customers {...props} />;
  return (
    <Page title={t("customers.title")}>
      <Banner>{t("customers.forbidden")}</Banner>
    </Page>
  );
}

function Customers({ desk, query, onQuery, customerHref, onOpen }: CustomersPageProps) {
  const t = useTexts();
  const [isAdding, setIsAdding] = useState(false);
  const wanted = useDeferredValue(query);
  const list = useCustomers(desk, wanted);
  useCustomersFollow(desk);
  const rows = list.data?.pages.flatMap((page) => page.rows) ?? [];
  const count = list.data?.pages[0]?.count ?? 0;

  return (
    <Page
      title={t("customers.title")}
      lead={t("customers.lead")}
      actions={
        <Button variant="primary" onClick={() => setIsAdding(true)}>
          <Plus aria-hidden className="size-4" strokeWidth={2} />
          {t("customers.add")}
        </Button>
      }
    >
      <div className="relative">
        <Search
          aria-hidden
          className="pointer-events-none absolute inset-y-0 start-3 my-auto size-4 text-ink-faint"
          strokeWidth={1.75}
        />
        <Input
          type="search"
          data-search="customers"
          aria-label={t("customers.search")}
          placeholder={t("customers.search")}
          className="ps-9"
          value={query}
          onChange={(event) => onQuery(event.target.value)}
        />
      </div>
      <p role="status" className="figures -mb-2 text-ink-faint text-sm">
        {list.data && t("customers.count", { count })}
      </p>
      {list.isPending ? (
        <ListSkeleton />
      ) : list.isError ? (
        <EmptyState
          icon={UserRound}
          title={t("customers.failed")}
          action={<Button onClick={() => void list.refetch()}>{t("customers.retry")}</Button>}
        />
      ) : rows.length > 0 ? (
        <ul className="divide-y divide-line rounded-card border border-line bg-surface">
          {rows.map((customer) => (
            <CustomerRow
              key={customer.id}
              customer={customer}
              zone={desk.workspace.time_zone}
              href={customerHref(customer.id)}
              onOpen={() => onOpen(customer.id)}
            />
          ))}
        </ul>
      ) : wanted ? (
        <EmptyState icon={Search} title={t("customers.nothingTitle", { query: wanted })}>
          {t("customers.nothing")}
        </EmptyState>
      ) : (
        <EmptyState icon={UserRound} title={t("customers.emptyTitle")}>
          {t("customers.empty")}
        </EmptyState>
      )}
      {list.hasNextPage && (
        <Button
          className="self-center"
          busy={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          {t("customers.more")}
        </Button>
      )}
      {isAdding && (
        <CustomerForm
          desk={desk}
          customer={null}
          onSaved={onOpen}
          onClose={() => setIsAdding(false)}
        />
      )}
    </Page>
  );
}

interface CustomerRowProps {
  customer: CustomerSummary;
  zone: string;
  href: string;
  onOpen: () => void;
}

function CustomerRow({ customer, zone, href, onOpen }: CustomerRowProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const { name, email, phone, visit_count, last_visit, next_visit } = customer;
  const date = (instant: string) => formatDay(dayOf(instant, zone), locale, "short");

  function open(event: MouseEvent) {
    // The browser opens new tabs by itself.
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    onOpen();
  }

  return (
    <li>
      <a
        href={href}
        onClick={open}
        className="flex items-center gap-3 px-4 py-2.5 hover:bg-hover focus-visible:-outline-offset-2"
      >
        <Avatar name={name} />
        <span className="min-w-0 flex-1">
          <span className="block truncate font-medium text-md">{name}</span>
          <span className="block truncate text-ink-soft text-sm">
            {phone ?? email}
            {phone && email && <span className="max-sm:hidden"> · {email}</span>}
          </span>
        </span>
        <span className="figures shrink-0 text-end text-ink-soft text-sm">
          <span className="block">{t("customers.visits", { count: visit_count })}</span>
          <span className="block text-ink-faint text-xs">
            {next_visit
              ? t("customers.next", { date: date(next_visit) })
              : last_visit
                ? t("customers.last", { date: date(last_visit) })
                : t("customers.never")}
          </span>
        </span>
      </a>
    </li>
  );
}

function ListSkeleton() {
  return (
    <Loading className="flex flex-col gap-4 rounded-card border border-line bg-surface p-4">
      {["a", "b", "c", "d", "e", "f"].map((row) => (
        <div key={row} className="flex items-center gap-3">
          <Skeleton className="size-9 rounded-full" />
          <Skeleton className="h-5 flex-1" />
        </div>
      ))}
    </Loading>
  );
}
