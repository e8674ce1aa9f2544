import type { Workspace } from "@slotcast/realtime";
import { Button } from "@slotcast/ui";
import { ExternalLink } from "lucide-react";
import { Card } from "../desk/page";
import { SwitchRow } from "../desk/switch-row";
import { CopyButton } from "./copy-button";
import { Problem } from "./form-parts";
import { useTexts } from "./texts";
import { useWorkspaceWrite } from "./use-workspace-write";

export interface WorkspaceCardProps {
  workspace: Workspace;
  mayWrite: boolean;
}

/** Whether customers can book, and where. */
export function OnlineBooking({ workspace, mayWrite }: WorkspaceCardProps) {
  const t = useTexts();
  const { write, isBusy, problem } = useWorkspaceWrite(workspace.id);
  const address = `${location.origin}/book/${workspace.slug}`;
  return (
    <Card title={t("settings.workspace.online")}>
      <div className="flex flex-col gap-4">
        <Problem text={problem} />
        <SwitchRow
          label={t("settings.workspace.onlineSwitch")}
          checked={workspace.online_booking}
          disabled={!mayWrite || isBusy}
          onChange={(online_booking) => void write({ online_booking })}
        />
        <div className="flex flex-wrap items-center gap-2 rounded-control bg-sunken px-3 py-2">
          <a
            href={address}
            className="min-w-0 flex-1 basis-full break-all sm:basis-0 text-accent-text text-md underline"
          >
            {address}
          </a>
          <CopyButton text={address} label={t("settings.workspace.copy")} />
          <Button asChild size="sm">
            <a href={address} target="_blank" rel="noreferrer">
              <ExternalLink aria-hidden className="size-4" strokeWidth={1.75} />
              {t("settings.workspace.open")}
            </a>
          </Button>
        </div>
        {!workspace.online_booking && (
          <p className="text-ink-soft text-sm">{t("settings.workspace.off")}</p>
        )}
      </div>
    </Card>
  );
}
