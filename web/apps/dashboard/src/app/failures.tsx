/** What stands there when a page cannot. */
import { Button, EmptyState } from "@slotcast/ui";
import { Link } from "@slotcast/ui/router";
import { CloudOff, Compass, TriangleAlert } from "lucide-react";
import { useShellTexts } from "../features/shell";

export function StartFailed() {
  const t = useShellTexts();
  return (
    <main className="flex min-h-dvh items-center justify-center" role="alert">
      <EmptyState
        icon={CloudOff}
        title={t("shell.failed.title")}
        action={<Button onClick={() => location.reload()}>{t("shell.failed.retry")}</Button>}
      >
        {t("shell.failed.about")}
      </EmptyState>
    </main>
  );
}

export function PageBroken() {
  const t = useShellTexts();
  return (
    <div className="flex flex-1 items-center justify-center" role="alert">
      <EmptyState
        icon={TriangleAlert}
        title={t("shell.broken.title")}
        action={<Button onClick={() => location.reload()}>{t("shell.broken.reload")}</Button>}
      >
        {t("shell.broken.about")}
      </EmptyState>
    </div>
  );
}

export function NotFound() {
  const t = useShellTexts();
  return (
    <div className="flex flex-1 items-center justify-center">
      <EmptyState
        icon={Compass}
        title={t("shell.notFound.title")}
        action={
          <Button asChild>
            <Link to="/">{t("shell.notFound.home")}</Link>
          </Button>
        }
      >
        {t("shell.notFound.about")}
      </EmptyState>
    </div>
  );
}
