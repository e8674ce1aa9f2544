import { Globe, Monitor, Moon, Sun } from "lucide-react";
import { LANGUAGE_NAMES, LANGUAGES, useLanguage } from "../i18n";
import { useTexts } from "../texts";
import { type Theme, useTheme } from "../theme";
import { IconButton } from "./button";
import { DropdownMenu, MenuLabel, MenuRadioGroup } from "./dropdown-menu";

const THEMES: Theme[] = ["system", "light", "dark"];
const ICONS = { system: Monitor, light: Sun, dark: Moon } as const;

/** Language choices, to stand in a menu. */
export function LanguageMenuItems() {
  const t = useTexts();
  const { language, setLanguage } = useLanguage();
  return (
    <>
      <MenuLabel>{t("language")}</MenuLabel>
      <MenuRadioGroup
        value={language}
        onChange={(next) => void setLanguage(next)}
        options={LANGUAGES.map((value) => ({
          value,
          label: <span lang={value}>{LANGUAGE_NAMES[value]}</span>,
        }))}
      />
    </>
  );
}

/** Light, dark or as the device, to stand in a menu. */
export function ThemeMenuItems() {
  const t = useTexts();
  const { theme, setTheme } = useTheme();
  return (
    <>
      <MenuLabel>{t("theme.label")}</MenuLabel>
      <MenuRadioGroup
        value={theme}
        onChange={setTheme}
        options={THEMES.map((value) => ({ value, label: t(`theme.${value}`) }))}
      />
    </>
  );
}

export function LanguageMenu() {
  const t = useTexts();
  return (
    <DropdownMenu trigger={<IconButton icon={Globe} label={t("language")} />}>
      <LanguageMenuItems />
    </DropdownMenu>
  );
}

export function ThemeMenu() {
  const t = useTexts();
  const { theme } = useTheme();
  return (
    <DropdownMenu trigger={<IconButton icon={ICONS[theme]} label={t("theme.label")} />}>
      <ThemeMenuItems />
    </DropdownMenu>
  );
}
