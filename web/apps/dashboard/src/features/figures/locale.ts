import type { SameTexts } from "@slotcast/ui";

export const en = {
  title: "Today",
  count_one: "{{count}} appointment",
  count_other: "{{count}} appointments",
  next: "Next {{time}}",
  nextOf: "Next {{time}}: {{customer}}",
  none: "Nothing more today",
  toConfirm_one: "{{count}} to confirm",
  toConfirm_other: "{{count}} to confirm",
  noShow: "{{percent}} missed",
  noShowHint: "Missed visits of the last 90 days",
};

export const fr: SameTexts<typeof en> = {
  title: "Aujourd’hui",
  count_one: "{{count}} rendez-vous",
  count_other: "{{count}} rendez-vous",
  next: "Prochain {{time}}",
  nextOf: "Prochain {{time}} : {{customer}}",
  none: "Plus rien aujourd’hui",
  toConfirm_one: "{{count}} à confirmer",
  toConfirm_other: "{{count}} à confirmer",
  noShow: "{{percent}} d’absences",
  noShowHint: "Rendez-vous manqués sur 90 jours",
};
