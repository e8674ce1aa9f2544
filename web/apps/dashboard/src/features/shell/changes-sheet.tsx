import { Sheet } from "@slotcast/ui";
import type { ReactNode } from "react";
import { useTexts } from "./texts";

/** Holds the recent changes where there is no room for them beside the page. */
export function ChangesSheet({ onClose, children }: { onClose: () => void; children: ReactNode }) {
  const t = useTexts();
  return (
    <Sheet
      open
      onOpenChange={(isOpen) => {
        if (!isOpen) onClose();
      }}
      title={t("shell.changes")}
    >
      {children}
    </Sheet>
  );
}
