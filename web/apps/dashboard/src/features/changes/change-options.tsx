import { DropdownMenu, IconButton, MenuCheckboxItem } from "@slotcast/ui";
import { SlidersHorizontal } from "lucide-react";
import { prefer, usePreferences } from "./preferences";
import { useTexts } from "./texts";

/** How loud changes are. */
export function ChangeOptions() {
  const t = useTexts();
  const { isMuted, isReadAloud } = usePreferences();
  return (
    <DropdownMenu
      trigger={<IconButton size="sm" icon={SlidersHorizontal} label={t("changes.options")} />}
    >
      <MenuCheckboxItem checked={isReadAloud} onChange={(on) => prefer({ isReadAloud: on })}>
        {t("changes.readAloud")}
      </MenuCheckboxItem>
      <MenuCheckboxItem checked={isMuted} onChange={(on) => prefer({ isMuted: on })}>
        {t("changes.mute")}
      </MenuCheckboxItem>
    </DropdownMenu>
  );
}
