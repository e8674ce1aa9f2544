import { Banner, Button, cn, EmptyState, Loading, Skeleton, useErrorText } from "@slotcast/ui";
import { Link } from "@slotcast/ui/router";
import { CalendarOff, Store } from "lucide-react";
import { lazy, Suspense, useEffect } from "react";
import { useTexts } from "../../texts";
import type { Shop } from "../shop/shop";
import { useLiveShop, useShop } from "../shop/use-shop";
import { BookingFlow } from "./booking-flow";
import type { Draft } from "./draft";

const Confirmation = lazy(async () => ({
  default: (await import("./confirmation")).Confirmation,
}));

export interface BookingPageProps {
  slug: string;
  draft: Draft;
  onDraft: (draft: Draft, options?: { replace: boolean }) => void;
}

/** The shop's front door. */
export function BookingPage({ slug, draft, onDraft }: BookingPageProps) {
  const t = useTexts();
  const errorText = useErrorText();
  const { data: shop, error, isPending, refetch } = useShop(slug);
  useLiveShop(shop?.id);
  useEffect(() => {
    document.title = shop ? t("pageTitle", { shop: shop.name }) : t("title");
  }, [shop, t]);

  if (isPending) return <PageSkeleton />;
  if (shop === undefined) {
    return (
      <Banner
        tone="danger"
        role="alert"
        action={
          <Button size="sm" onClick={() => void refetch()}>
            {t("retry")}
          </Button>
        }
      >
        {errorText(error)}
      </Banner>
    );
  }
  if (shop === null) return <NoShop />;
  if (draft.booked) {
    return (
      <Suspense fallback={<PageSkeleton />}>
        <Confirmation appointmentId={draft.booked} />
      </Suspense>
    );
  }
  return (
    <>
      <ShopHeader shop={shop} isBrief={draft.step !== undefined && draft.step !== "service"} />
      {shop.online_booking ? (
        <BookingFlow shop={shop} draft={draft} onDraft={onDraft} />
      ) : (
        <ClosedShop shop={shop} />
      )}
    </>
  );
}

/** Who the shop is; on phones only its name, once there is something to choose. */
function ShopHeader({ shop, isBrief }: { shop: Shop; isBrief: boolean }) {
  return (
    <header className={cn("group mb-5", isBrief && "max-lg:mb-2")} data-brief={isBrief}>
      <h1 className={cn("font-semibold text-2xl", isBrief && "max-lg:text-lg")}>{shop.name}</h1>
      {shop.description && (
        <p className="mt-1.5 max-w-prose text-base text-ink-soft group-data-[brief=true]:max-lg:hidden">
          {shop.description}
        </p>
      )}
      {(shop.address || shop.phone) && (
        <p className="mt-1 text-ink-faint text-md group-data-[brief=true]:max-lg:hidden">
          {[shop.address, shop.phone].filter(Boolean).join(" · ")}
        </p>
      )}
    </header>
  );
}

function NoShop() {
  const t = useTexts();
  return (
    <EmptyState
      icon={Store}
      heading="h1"
      title={<span role="alert">{t("shop.none")}</span>}
      action={
        <Button asChild size="lg">
          <Link to="/">{t("shop.all")}</Link>
        </Button>
      }
    >
      {t("shop.noneHint")}
    </EmptyState>
  );
}

function ClosedShop({ shop }: { shop: Shop }) {
  const t = useTexts();
  return (
    <EmptyState
      icon={CalendarOff}
      title={t("shop.closed")}
      action={
        shop.phone && (
          <Button asChild size="lg" variant="primary">
            <a href={`tel:${shop.phone.replaceAll(/\s/g, "")}`}>
              {t("shop.call", { phone: shop.phone })}
            </a>
          </Button>
        )
      }
    >
      {t("shop.closedHint")}
    </EmptyState>
  );
}

function PageSkeleton() {
  return (
    <Loading className="flex flex-col gap-4">
      <Skeleton className="h-8 w-56" />
      <Skeleton className="h-4 w-72" />
      <Skeleton className="mt-2 h-11" />
      <Skeleton className="mt-4 h-18" />
      <Skeleton className="h-18" />
      <Skeleton className="h-18" />
    </Loading>
  );
}
