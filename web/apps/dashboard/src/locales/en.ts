import { en as appointment } from "../features/appointment/locale";
import { en as calendar } from "../features/calendar/locale";
import { en as changes } from "../features/changes/locale";
import { en as customers } from "../features/customers/locale";
import { en as exported } from "../features/export/locale";
import { en as figures } from "../features/figures/locale";
import { en as presence } from "../features/presence/locale";
import { en as settings } from "../features/settings/locale";
import { en as shell } from "../features/shell/locale";
import { en as shortcuts } from "../features/shortcuts/locale";

/** Each feature keeps its own texts, under its name. */
export const en = {
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
