import { Announcer, Button, ConnectionBanner, Toaster, useSession } from "@slotcast/ui";
import { Link, Outlet, useNavigate } from "@tanstack/react-router";
import { Ticket } from "lucide-react";
import { lazy, Suspense } from "react";
import { useConnected } from "../features/shop/use-connected";
import { CustomerNews } from "../features/wallet/customer-news";
import { useTexts } from "../texts";

const AccountMenu = lazy(async () => ({
  default: (await import("./account-menu")).AccountMenu,
}));
const NewPasswordForm = lazy(async () => ({
  default: (await import("@slotcast/ui/sign-in")).NewPasswordForm,
}));

const MAIN_ID = "main";

/** What stands around every page. */
export function Shell() {
  const t = useTexts();
  const navigate = useNavigate();
  const { isRecovering } = useSession();
  const { state, lastSyncedAt, retry } = useConnected();
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
        <Link to="/" className="rounded-control py-2.5 font-semibold text-ink-soft hover:text-ink">
          {t("title")}
        </Link>
        <nav aria-label={t("navigation")} className="flex items-center">
          <Button asChild variant="quiet" className="h-11 px-2.5">
            <Link to="/mine">
              <Ticket aria-hidden className="size-5" strokeWidth={1.75} />
              {t("mine.short")}
            </Link>
          </Button>
          <Suspense fallback={<span className="size-11" />}>
            <AccountMenu />
          </Suspense>
        </nav>
      </header>
      <main
        id={MAIN_ID}
        tabIndex={-1}
        className="mx-auto w-full max-w-5xl px-4 pt-2 pb-12 outline-none sm:px-6"
      >
        {isRecovering ? (
          <div className="mx-auto max-w-sm">
            <Suspense>
              <NewPasswordForm size="lg" />
            </Suspense>
          </div>
        ) : (
          <Outlet />
        )}
      </main>
      <CustomerNews
        onShow={(appointment) =>
          void navigate({
            to: "/mine",
            search: { tab: appointment.status === "cancelled" ? "cancelled" : undefined },
          })
        }
      />
      <Toaster />
      <Announcer />
    </>
  );
}
