import { Avatar, Button, type ButtonProps } from "@slotcast/ui";
import { ChevronsUpDown } from "lucide-react";
import type { Role } from "../desk/desk";
import { useTexts } from "./texts";

export interface WorkspaceChoice {
  id: string;
  name: string;
  slug: string;
  role: Role;
}

/** Names the workspace; what opens the menu of the others, once that is loaded. */
export function WorkspaceButton({ name, ...props }: ButtonProps & { name: string }) {
  const t = useTexts();
  return (
    <Button variant="quiet" className="max-w-56 justify-start px-2 text-ink xl:min-w-48" {...props}>
      <Avatar name={name} size="sm" />
      <span className="min-w-0 truncate font-semibold xl:flex-1 xl:text-start">
        <span className="sr-only">{t("shell.workspace")}: </span>
        {name}
      </span>
      <ChevronsUpDown aria-hidden className="size-4 text-ink-faint" strokeWidth={1.75} />
    </Button>
  );
}
