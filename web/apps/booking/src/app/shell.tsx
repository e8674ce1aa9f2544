import type { Appointment } from "@slotcast/realtime";
import {
  Announcer,
  Button,
  ConnectionBanner,
  SessionNotice,
  Toaster,
  useSession,
} from "@slotcast/ui";
import { Link, useRouter } from "@slotcast/ui/router";
import { Ticket } from "lucide-react";
import { lazy, type ReactNode, Suspense } from "react";
import { useConnected } from "../features/shop/use-connected";
import { CustomerNews } from "../features/wallet/customer-news";
import { useTexts } from "../texts";
import { AccountButton } from "./account-button";

const NewPasswordForm = lazy(async () => ({
  default: (await import("@slotcast/ui/sign-in")).NewPasswordForm,
}));

const MAIN_ID = "main";

/** What stands around every page. */
export function Shell({ children }: { children: ReactNode }) {
  const t = useTexts();
  const { navigate } = useRouter();
  const { user, isRecovering } = useSession();
  const { state, lastSyncedAt, retry } = useConnected();
  function show(appointment: Appointment) {
    const tab = appointment.status === "cancelled" ? "cancelled" : undefined;
    navigate({ to: "/mine", search: { tab } });
  }
  return (
    <>
      <a
        href={`#${MAIN_ID}`}
        className="sr-only z-50 rounded-control bg-raised px-4 py-3 shadow-float focus:not-sr-only focus:fixed focus:start-2 focus:top-2"
      >
        {t("skip")}
      </a>
      <ConnectionBanner state={state} lastSyncedAt={lastSyncedAt} onRetry={retry} />
      <header className="mx-auto flex w-full max-w-5xl items-center justify-between gap-2 px-4 py-2.5 sm:px-6">
        <Link
          to="/"
          className="inline-flex min-h-11 items-center rounded-control font-semibold text-ink-soft hover:text-ink"
        >
          {t("title")}
        </Link>
        <nav aria-label={t("navigation")} className="flex items-center">
          <Button asChild variant="quiet" className="h-11 px-2.5">
            <Link to="/mine">
              <Ticket aria-hidden className="size-5" strokeWidth={1.75} />
              {t("mine.short")}
            </Link>
          </Button>
          <AccountButton />
        </nav>
      </header>
      <main
        id={MAIN_ID}
        tabIndex={-1}
        className="mx-auto w-full max-w-5xl px-4 pt-2 pb-12 outline-none sm:px-6"
      >
        <SessionNotice className="mb-6" />
        {isRecovering ? (
          <div className="mx-auto max-w-sm">
            <Suspense>
              <NewPasswordForm size="lg" />
            </Suspense>
          </div>
        ) : (
          children
        )}
      </main>
      {user && <CustomerNews onShow={show} />}
      <Toaster />
      <Announcer />
    </>
  );
}
