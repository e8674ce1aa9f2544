import type { Workspace } from "@slotcast/realtime";
import { Button, EmptyState, nameOf, useSession } from "@slotcast/ui";
import { Store } from "lucide-react";
import { useState } from "react";
import { CreateWorkspace } from "./create-workspace";
import { Outside } from "./outside";
import { useTexts } from "./texts";

/** For those who have signed in and belong nowhere yet. */
export function NoWorkspace({ onCreated }: { onCreated: (workspace: Workspace) => void }) {
  const t = useTexts();
  const { user } = useSession();
  const [isCreating, setCreating] = useState(false);
  return (
    <Outside>
      {isCreating ? (
        <section className="mx-auto w-full max-w-md rounded-card border border-line bg-surface p-6">
          <h1 className="mb-4 font-semibold text-xl">{t("shell.create.title")}</h1>
          <CreateWorkspace onCreated={onCreated} onCancel={() => setCreating(false)} />
        </section>
      ) : (
        <EmptyState
          icon={Store}
          title={t("shell.none.title")}
          action={
            <Button variant="primary" onClick={() => setCreating(true)}>
              {t("shell.none.create")}
            </Button>
          }
        >
          {t("shell.none.about", { email: user?.email ?? nameOf(user) })}
          <span className="mt-3 block text-ink-faint text-sm">
            {t("shell.none.account")} <code className="select-all break-all">{user?.id}</code>
          </span>
        </EmptyState>
      )}
    </Outside>
  );
}
