import { Banner, EmptyState, formatDuration, formatMoney, useLanguage } from "@slotcast/ui";
import { ChevronRight, Scissors } from "lucide-react";
import { useTexts } from "../../texts";
import type { Shop, ShopService } from "../shop/shop";
import type { Draft } from "./draft";
import { DraftLink } from "./draft-link";
import { StepHeading } from "./step-heading";

export interface ServiceStepProps {
  shop: Shop;
  offered: ReadonlyMap<string, readonly string[]>;
  draft: Draft;
}

export function ServiceStep({ shop, offered, draft }: ServiceStepProps) {
  const t = useTexts();
  const services = shop.services.filter(({ id }) => offered.has(id));
  const isGone = draft.service !== undefined && !offered.has(draft.service);
  return (
    <section>
      <StepHeading>{t("service.title")}</StepHeading>
      {isGone && (
        <Banner tone="warning" className="mb-4">
          {t("service.gone")}
        </Banner>
      )}
      {services.length === 0 ? (
        <EmptyState icon={Scissors} title={t("service.none")}>
          {t("service.noneHint")}
        </EmptyState>
      ) : (
        <ul className="flex flex-col gap-2.5">
          {services.map((service) => (
            <li key={service.id}>
              <ServiceCard
                service={service}
                isChosen={service.id === draft.service}
                next={afterService(draft, service.id, offered.get(service.id) ?? [])}
              />
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

/** Choosing another service asks for person and time again; where only one person gives it, there is no choice. */
function afterService(draft: Draft, service: string, members: readonly string[]): Draft {
  if (draft.service === service) return { ...draft, step: "person" };
  const [only, ...others] = members;
  if (only && others.length === 0) return { service, person: only, step: "time" };
  return { service, step: "person" };
}

interface ServiceCardProps {
  service: ShopService;
  isChosen: boolean;
  next: Draft;
}

function ServiceCard({ service, isChosen, next }: ServiceCardProps) {
  const { locale } = useLanguage();
  const { price_cents: price, currency } = service;
  return (
    <DraftLink
      draft={next}
      isChosen={isChosen}
      data-service={service.id}
      className="group flex min-h-18 items-center gap-4 rounded-card border border-line bg-surface p-4 transition-colors hover:border-line-strong hover:bg-raised aria-[current]:border-accent aria-[current]:bg-accent-soft sm:px-5"
    >
      <span className="min-w-0 flex-1">
        <span className="block font-medium text-base">{service.name}</span>
        {service.description && (
          <span className="mt-0.5 block text-ink-soft text-md">{service.description}</span>
        )}
        <span className="figures mt-0.5 block text-ink-faint text-md">
          {formatDuration(service.duration_minutes, locale)}
        </span>
      </span>
      {price !== null && currency && (
        <span className="figures shrink-0 font-semibold text-base">
          {formatMoney(price, currency, locale)}
        </span>
      )}
      <ChevronRight
        aria-hidden
        className="size-5 shrink-0 text-ink-faint transition-transform group-hover:translate-x-0.5 rtl:-scale-x-100"
        strokeWidth={1.75}
      />
    </DraftLink>
  );
}
