import type { SameTexts } from "@slotcast/ui";

export const en = {
  title: "Today",
  count_one: "{{count}} appointment",
  count_other: "{{count}} appointments",
  next: "Next {{time}}",
  nextOf: "Next {{time}}: {{customer}}",
  none: "Nothing more today",
  toConfirm_one: "{{count}} to confirm in all",
  toConfirm_other: "{{count}} to confirm in all",
  noShow: "{{percent}} missed in 90 days",
  noShowHint: "Missed visits of the last 90 days",
};

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
  noShowHint: "Rendez-vous manqués sur 90 jours",
};
