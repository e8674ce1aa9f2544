import { formatTime, Skeleton, StatusIcon, useLanguage } from "@slotcast/ui";
import { Link } from "@slotcast/ui/router";
import type { Desk } from "../desk/desk";
import { useTexts } from "./texts";
import { useFigures } from "./use-figures";

export interface TodaysFiguresProps {
  desk: Desk;
  onShow: (appointmentId: string, start: string | null) => void;
}

/** One line of what today is like. */
export function TodaysFigures({ desk, onShow }: TodaysFiguresProps) {
  const t = useTexts();
  const { locale } = useLanguage();
  const { count, next, counts, isLoading } = useFigures(desk);
  if (isLoading) return <Skeleton className="mx-4 my-2 h-5 w-80 max-w-[calc(100%-2rem)]" />;

  const time = next && formatTime(next.start_time, desk.zone, locale);
  const percent = counts?.no_show_percent ?? null;
  return (
    <section aria-label={t("figures.title")} className="px-4 py-2">
      <ul className="figures flex flex-wrap items-center gap-x-5 gap-y-1 text-ink-soft text-sm">
        <li>
          <span className="text-ink-faint">{t("figures.title")}</span>{" "}
          <strong className="font-semibold text-ink">{t("figures.count", { count })}</strong>
        </li>
        <li>
          {next && time ? (
            <button
              type="button"
              className="rounded-sm hover:text-ink hover:underline"
              aria-label={t("figures.nextOf", { time, customer: next.customer_name })}
              onClick={() => onShow(next.id, next.start_time)}
            >
              {t("figures.next", { time })}
            </button>
          ) : (
            t("figures.none")
          )}
        </li>
        {counts && (
          <li>
            <Link
              to="/"
              search={{ view: "agenda", statuses: ["pending"] }}
              className="inline-flex items-center gap-1 rounded-sm hover:text-ink hover:underline"
            >
              <StatusIcon status="pending" hidden />
              {t("figures.toConfirm", { count: counts.to_confirm_count })}
            </Link>
          </li>
        )}
        {percent !== null && (
          <li>{t("figures.noShow", { percent: percentText(percent, locale) })}</li>
        )}
      </ul>
    </section>
  );
}

function percentText(percent: number, locale: string): string {
  return new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 1 }).format(
    percent / 100,
  );
}
