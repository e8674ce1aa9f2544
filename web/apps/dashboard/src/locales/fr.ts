import type { SameTexts } from "@slotcast/ui";
import { fr as appointment } from "../features/appointment/locale";
import { fr as calendar } from "../features/calendar/locale";
import { fr as changes } from "../features/changes/locale";
import { fr as customers } from "../features/customers/locale";
import { fr as exported } from "../features/export/locale";
import { fr as figures } from "../features/figures/locale";
import { fr as presence } from "../features/presence/locale";
import { fr as settings } from "../features/settings/locale";
import { fr as shell } from "../features/shell/locale";
import { fr as shortcuts } from "../features/shortcuts/locale";
import type { en } from "./en";

export const fr: SameTexts<typeof en> = {
  appointment,
  calendar,
  changes,
  customers,
  export: exported,
  figures,
  presence,
  settings,
  shell,
  shortcuts,
};
