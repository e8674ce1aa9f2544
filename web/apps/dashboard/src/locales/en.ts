import { en as appointment } from "../features/appointment/locale/en";
import { en as calendar } from "../features/calendar/locale/en";
import { en as changes } from "../features/changes/locale/en";
import { en as exported } from "../features/export/locale/en";
import { en as figures } from "../features/figures/locale/en";
import { en as presence } from "../features/presence/locale/en";
import { en as shell } from "../features/shell/locale/en";
import { en as shortcuts } from "../features/shortcuts/locale/en";

/** Each feature keeps its own texts, under its name; `pages.ts` has those that only some pages need. */
export const en = {
  appointment,
  calendar,
  changes,
  export: exported,
  figures,
  presence,
  shell,
  shortcuts,
};
