import {
  Avatar,
  dayOf,
  formatDay,
  formatDuration,
  formatMoney,
  formatTimeRange,
  useLanguage,
} from "@slotcast/ui";
import type { ReactNode } from "react";
import { useTexts } from "../../texts";
import type { Shop, ShopMember, ShopService } from "../shop/shop";
import type { Slot } from "../times/slots";
import { ANYONE, type Draft, type Step } from "./draft";
import { DraftLink } from "./draft-link";

/** What has been chosen, resolved. */
export interface Chosen {
  service: ShopService | undefined;
  member: ShopMember | undefined;
  slot: Slot | undefined;
}

export interface SummaryProps {
  shop: Shop;
  draft: Draft;
  chosen: Chosen;
}

/** What has been chosen so far, each with the way to change it; beside the steps, where there is room. */
export function Summary({ shop, draft, chosen }: SummaryProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const { service, member, slot } = chosen;
  return (
    <section
      aria-label={t("summary.label")}
      className="hidden rounded-card border border-line bg-surface p-5 lg:block"
    >
      <h2 className="font-semibold text-base">{shop.name}</h2>
      {shop.address && <p className="mt-0.5 text-ink-faint text-sm">{shop.address}</p>}
      <dl className="mt-4 flex flex-col divide-y divide-line border-line border-y">
        <Line step="service" draft={draft} label={t("steps.service")}>
          {service && (
            <>
              {service.name}
              <span className="block text-ink-faint text-sm">
                {formatDuration(service.duration_minutes, locale)}
              </span>
            </>
          )}
        </Line>
        <Line step="person" draft={draft} label={t("steps.person")}>
          {draft.person === ANYONE && t("person.anyone")}
          {member && (
            <span className="flex items-center gap-2">
              <Avatar name={member.name} color={member.color} size="sm" />
              {member.name}
            </span>
          )}
        </Line>
        <Line step="time" draft={draft} label={t("steps.time")}>
          {slot && (
            <>
              <span className="first-letter:uppercase">
                {formatDay(dayOf(slot.start, shop.time_zone), locale, "long")}
              </span>
              <span className="figures block">
                {formatTimeRange(slot.start, slot.end, shop.time_zone, locale)}
              </span>
            </>
          )}
        </Line>
      </dl>
      {service && service.price_cents !== null && service.currency && (
        <p className="figures mt-4 flex justify-between font-semibold text-base">
          {t("summary.total")}
          <span>{formatMoney(service.price_cents, service.currency, locale)}</span>
        </p>
      )}
    </section>
  );
}

interface LineProps {
  step: Step;
  draft: Draft;
  label: string;
  children: ReactNode;
}

function Line({ step, draft, label, children }: LineProps) {
  const t = useTexts();
  const isChosen = Boolean(Array.isArray(children) ? children.some(Boolean) : children);
  return (
    <div className="py-3">
      <dt className="text-ink-faint text-sm">{label}</dt>
      <dd className="mt-0.5 flex items-start justify-between gap-3 text-md">
        <span className="min-w-0">{isChosen ? children : t("summary.open")}</span>
        {isChosen && (
          <DraftLink
            draft={{ ...draft, step }}
            className="shrink-0 font-medium text-accent-text text-sm hover:underline"
          >
            {t("summary.change")}
            <span className="sr-only"> {label}</span>
          </DraftLink>
        )}
      </dd>
    </div>
  );
}

/** The same in a line, for phones. */
export function useSummaryLine(shop: Shop, chosen: Chosen): string {
  const { locale } = useLanguage();
  const { service, member, slot } = chosen;
  return [
    service?.name,
    member?.name,
    slot &&
      `${formatDay(dayOf(slot.start, shop.time_zone), locale, "short")}, ${formatTimeRange(slot.start, slot.end, shop.time_zone, locale)}`,
    service && service.price_cents !== null && service.currency
      ? formatMoney(service.price_cents, service.currency, locale)
      : undefined,
  ]
    .filter(Boolean)
    .join(" · ");
}
