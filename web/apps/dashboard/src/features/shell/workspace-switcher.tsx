import { Avatar, Button, DropdownMenu, MenuItem, MenuLabel, MenuSeparator } from "@slotcast/ui";
import { Check, ChevronsUpDown, ExternalLink, Plus } from "lucide-react";
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

export function WorkspaceSwitcher(props: WorkspaceSwitcherProps) {
  const { workspaces, current, onWorkspace, onNewWorkspace } = props;
  const t = useTexts();
  return (
    <DropdownMenu
      align="start"
      trigger={
        <Button variant="quiet" className="max-w-56 px-2 text-ink">
          <Avatar name={current.name} size="sm" />
          <span className="truncate font-semibold">
            <span className="sr-only">{t("shell.workspace")}: </span>
            {current.name}
          </span>
          <ChevronsUpDown aria-hidden className="size-4 text-ink-faint" strokeWidth={1.75} />
        </Button>
      }
    >
      <MenuLabel>{t("shell.switchWorkspace")}</MenuLabel>
      {workspaces.map((workspace) => (
        <MenuItem
          key={workspace.id}
          onSelect={() => onWorkspace(workspace)}
          aside={
            workspace.id === current.id ? (
              <Check aria-hidden className="size-4 text-accent-text" strokeWidth={2} />
            ) : (
              t(`shell.role.${workspace.role}`)
            )
          }
        >
          {workspace.name}
        </MenuItem>
      ))}
      <MenuSeparator />
      <MenuItem asChild>
        <a href={`/book/${current.slug}`} target="_blank" rel="noreferrer">
          <ExternalLink aria-hidden className="size-4 shrink-0 text-ink-faint" strokeWidth={1.75} />
          {t("shell.bookingPage")}
        </a>
      </MenuItem>
      <MenuItem icon={Plus} onSelect={onNewWorkspace}>
        {t("shell.newWorkspace")}
      </MenuItem>
    </DropdownMenu>
  );
}
