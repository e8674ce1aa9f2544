import { Avatar, Button, type ButtonProps, later, useOpener } from "@slotcast/ui";
import { ChevronsUpDown } from "lucide-react";
import type { Role } from "../desk/desk";
import { useTexts } from "./texts";

export interface WorkspaceChoice {
  id: string;
  name: string;
  slug: string;
  role: Role;
}

export interface WorkspaceSwitcherProps {
  workspaces: readonly WorkspaceChoice[];
  current: WorkspaceChoice;
  onWorkspace: (workspace: WorkspaceChoice) => void;
  onNewWorkspace: () => void;
}

const menu = later(() => import("./workspace-menu"));

/** Names the workspace; opens the menu of the others. */
export function WorkspaceSwitcher(props: WorkspaceSwitcherProps) {
  const { opened, opener } = useOpener(menu, "menu");
  if (opened) return <opened.WorkspaceMenu {...props} />;
  return <WorkspaceButton name={props.current.name} {...opener} />;
}

/** The button itself. */
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
