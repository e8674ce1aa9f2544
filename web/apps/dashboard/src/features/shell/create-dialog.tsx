import type { Workspace } from "@slotcast/realtime";
import { Dialog } from "@slotcast/ui";
import { CreateWorkspace } from "./create-workspace";
import { useTexts } from "./texts";

export interface CreateDialogProps {
  onCreated: (workspace: Workspace) => void;
  onClose: () => void;
}

export function CreateDialog({ onCreated, onClose }: CreateDialogProps) {
  const t = useTexts();
  return (
    <Dialog
      open
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose();
      }}
      title={t("shell.create.title")}
    >
      <CreateWorkspace onCreated={onCreated} onCancel={onClose} />
    </Dialog>
  );
}
