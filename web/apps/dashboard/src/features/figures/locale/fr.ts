import type { SameTexts } from "@slotcast/ui";
import type { en } from "./en";

export const fr: SameTexts<typeof en> = {
  title: "Aujourd’hui",
  count_one: "{{count}} rendez-vous",
  count_other: "{{count}} rendez-vous",
  next: "Prochain {{time}}",
  nextOf: "Prochain {{time}} : {{customer}}",
  none: "Plus rien aujourd’hui",
  toConfirm_one: "{{count}} à confirmer en tout",
  toConfirm_other: "{{count}} à confirmer en tout",
  noShow: "{{percent}} d’absences en 90 jours",
};
