import { Banner, EmptyState, Loading, Skeleton, useErrorText, useSession } from "@slotcast/ui";
import { Link } from "@slotcast/ui/router";
import { ChevronRight, Store } from "lucide-react";
import { useEffect } from "react";
import { useTexts } from "../../texts";
import { useShops } from "./use-shop";

/** The shops to choose among. Outside of the demo, shops are found by their own links. */
export function ShopsPage() {
  const t = useTexts();
  const { config } = useSession();
  const errorText = useErrorText();
  const { data: shops, error } = useShops(config.demo);
  useEffect(() => {
    document.title = t("title");
  }, [t]);
  if (!config.demo) {
    return (
      <EmptyState icon={Store} heading="h1" title={t("shops.byLink")}>
        {t("shops.byLinkHint")}
      </EmptyState>
    );
  }
  return (
    <section className="mx-auto max-w-xl">
      <h1 className="mb-5 font-semibold text-2xl">{t("shops.title")}</h1>
      {error && !shops && (
        <Banner tone="danger" role="alert">
          {errorText(error)}
        </Banner>
      )}
      {!shops && !error && (
        <Loading className="grid gap-3">
          <Skeleton className="h-20" />
        </Loading>
      )}
      {shops?.length === 0 && (
        <EmptyState icon={Store} title={t("shops.none")}>
          {t("shops.noneHint")}
        </EmptyState>
      )}
      <ul className="flex flex-col gap-3">
        {shops?.map((shop) => (
          <li key={shop.id}>
            <Link
              to={`/${shop.slug}`}
              className="group flex items-center gap-4 rounded-card border border-line bg-surface p-5 transition-colors hover:border-line-strong hover:bg-raised"
            >
              <span className="min-w-0 flex-1">
                <span className="block font-semibold text-lg">{shop.name}</span>
                {shop.description && (
                  <span className="mt-1 block text-ink-soft text-md">{shop.description}</span>
                )}
                {shop.address && (
                  <span className="mt-1 block text-ink-faint text-md">{shop.address}</span>
                )}
              </span>
              <ChevronRight
                aria-hidden
                className="size-5 text-ink-faint rtl:-scale-x-100"
                strokeWidth={1.75}
              />
            </Link>
          </li>
        ))}
      </ul>
    </section>
  );
}
