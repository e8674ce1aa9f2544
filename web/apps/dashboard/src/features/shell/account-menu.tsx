import {
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
import { AccountButton } from "./account-button";
import { useTexts } from "./texts";
import type { WorkspaceChoice } from "./workspace-switcher";

/** Who is signed in, how things look, and the way out; open from the start. */
export function AccountMenu({ current }: { current: WorkspaceChoice | undefined }) {
  const t = useTexts();
  const { user, signOut } = useSession();
  const name = nameOf(user);
  return (
    <DropdownMenu startsOpen trigger={<AccountButton />}>
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
