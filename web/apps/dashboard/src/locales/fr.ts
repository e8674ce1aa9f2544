import type { SameTexts } from "@slotcast/ui";
import { fr as appointment } from "../features/appointment/locale/fr";
import { fr as calendar } from "../features/calendar/locale/fr";
import { fr as changes } from "../features/changes/locale/fr";
import { fr as exported } from "../features/export/locale/fr";
import { fr as figures } from "../features/figures/locale/fr";
import { fr as presence } from "../features/presence/locale/fr";
import { fr as shell } from "../features/shell/locale/fr";
import { fr as shortcuts } from "../features/shortcuts/locale/fr";
import type { en } from "./en";

export const fr: SameTexts<typeof en> = {
  appointment,
  calendar,
  changes,
  export: exported,
  figures,
  presence,
  shell,
  shortcuts,
};
