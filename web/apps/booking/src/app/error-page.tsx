import { Button, EmptyState } from "@slotcast/ui";
import { CloudOff } from "lucide-react";
import { useTexts } from "../texts";

/** When nothing else can be shown: the server is out of reach, or the page failed. */
export function ErrorPage({ reason }: { reason: "unreachable" | "broken" }) {
  const t = useTexts();
  return (
    <div role="alert">
      <EmptyState
        icon={CloudOff}
        heading="h1"
        title={t(`failure.${reason}`)}
        action={
          <Button size="lg" variant="primary" onClick={() => location.reload()}>
            {t("failure.reload")}
          </Button>
        }
      >
        {t(`failure.${reason}Hint`)}
      </EmptyState>
    </div>
  );
}
