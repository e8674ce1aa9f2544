/** What stands in the page while no workspace does. */
import { Button, EmptyState } from "@slotcast/ui";
import { CalendarRange, DoorOpen } from "lucide-react";
import type { ReactNode } from "react";
import { Account } from "./account-button";
import { useTexts } from "./texts";
import type { WorkspaceChoice } from "./workspace-switcher";

export interface LostWorkspaceProps {
  name: string;
  /** Whether it was shown before: then somebody has taken it away. */
  wasShown: boolean;
  others: readonly WorkspaceChoice[];
  onWorkspace: (workspace: WorkspaceChoice) => void;
}

/** Says what happened when somebody was taken off the team while they looked. */
export function LostWorkspace({ name, wasShown, others, onWorkspace }: LostWorkspaceProps) {
  const t = useTexts();
  return (
    <Outside>
      <div role="alert">
        <EmptyState
          icon={DoorOpen}
          title={t(wasShown ? "shell.lost.title" : "shell.lost.never", { name })}
          action={
            <div className="flex flex-wrap justify-center gap-2">
              {others.map((workspace) => (
                <Button key={workspace.id} onClick={() => onWorkspace(workspace)}>
                  {t("shell.lost.other", { name: workspace.name })}
                </Button>
              ))}
            </div>
          }
        >
          {t(wasShown ? "shell.lost.about" : "shell.lost.neverAbout")}
        </EmptyState>
      </div>
    </Outside>
  );
}

export function Outside({ children }: { children: ReactNode }) {
  const t = useTexts();
  return (
    <div className="flex min-h-dvh flex-col">
      <header className="flex items-center justify-between border-line border-b bg-surface px-4 py-2">
        <p className="flex items-center gap-2 font-semibold text-md">
          <CalendarRange aria-hidden className="size-5 text-accent-text" strokeWidth={1.75} />
          {t("shell.app")}
        </p>
        <Account />
      </header>
      <main className="flex flex-1 flex-col justify-center p-4">{children}</main>
    </div>
  );
}
