import { IconButton, type IconButtonProps, later, useOpener } from "@slotcast/ui";
import { SlidersHorizontal } from "lucide-react";
import { useTexts } from "./texts";

const menu = later(() => import("./change-options-menu"));

/** How loud changes are. */
export function ChangeOptions() {
  const { opened, opener } = useOpener(menu, "menu");
  return opened ? <opened.ChangeOptionsMenu /> : <OptionsButton {...opener} />;
}

/** The button itself. */
export function OptionsButton(props: Partial<IconButtonProps>) {
  const t = useTexts();
  return <IconButton size="sm" icon={SlidersHorizontal} label={t("changes.options")} {...props} />;
}
