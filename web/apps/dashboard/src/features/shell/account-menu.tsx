import {
  Avatar,
  Button,
  DropdownMenu,
  LanguageMenuItems,
  MenuItem,
  MenuLabel,
  MenuSeparator,
  nameOf,
  ThemeMenuItems,
  useSession,
} from "@slotcast/ui";
import { LogOut } from "lucide-react";
import { useTexts } from "./texts";
import type { WorkspaceChoice } from "./workspace-switcher";

/** Who is signed in, how things look, and the way out. */
export function AccountMenu({ current }: { current?: WorkspaceChoice }) {
  const t = useTexts();
  const { user, signOut } = useSession();
  const name = nameOf(user);
  return (
    <DropdownMenu
      trigger={
        <Button variant="quiet" aria-label={t("shell.account")} className="size-9 rounded-full p-0">
          <Avatar name={name} size="sm" className="size-8" />
        </Button>
      }
    >
      <MenuLabel>
        {t("shell.signedInAs", { name: user?.email ?? name })}
        {current && ` · ${t(`shell.role.${current.role}`)}`}
      </MenuLabel>
      <MenuSeparator />
      <ThemeMenuItems />
      <MenuSeparator />
      <LanguageMenuItems />
      <MenuSeparator />
      <MenuItem icon={LogOut} onSelect={() => void signOut()}>
        {t("shell.signOut")}
      </MenuItem>
    </DropdownMenu>
  );
}
