import { DropdownMenu, MenuCheckboxItem } from "@slotcast/ui";
import { OptionsButton } from "./change-options";
import { prefer, usePreferences } from "./preferences";
import { useTexts } from "./texts";

/** How loud changes are, to choose; open from the start. */
export function ChangeOptionsMenu() {
  const t = useTexts();
  const { isMuted, isReadAloud } = usePreferences();
  return (
    <DropdownMenu startsOpen trigger={<OptionsButton />}>
      <MenuCheckboxItem checked={isReadAloud} onChange={(on) => prefer({ isReadAloud: on })}>
        {t("changes.readAloud")}
      </MenuCheckboxItem>
      <MenuCheckboxItem checked={isMuted} onChange={(on) => prefer({ isMuted: on })}>
        {t("changes.mute")}
      </MenuCheckboxItem>
    </DropdownMenu>
  );
}
