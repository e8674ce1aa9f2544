import { DropdownMenu, MenuItem, MenuLabel, MenuSeparator } from "@slotcast/ui";
import { Check, ExternalLink, Plus } from "lucide-react";
import { useTexts } from "./texts";
import { WorkspaceButton, type WorkspaceSwitcherProps } from "./workspace-switcher";

/** The workspaces to choose from, and what concerns the shown one; open from the start. */
export function WorkspaceMenu(props: WorkspaceSwitcherProps) {
  const { workspaces, current, onWorkspace, onNewWorkspace } = props;
  const t = useTexts();
  return (
    <DropdownMenu startsOpen align="start" trigger={<WorkspaceButton name={current.name} />}>
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
