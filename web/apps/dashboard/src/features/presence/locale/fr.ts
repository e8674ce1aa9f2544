import type { SameTexts } from "@slotcast/ui";
import type { en } from "./en";

export const fr: SameTexts<typeof en> = {
  looking_one: "{{names}} regarde aussi",
  looking_other: "{{names}} regardent aussi",
  title: "Aussi ici",
  place: {
    day: "Jour",
    week: "Semaine",
    month: "Mois",
    agenda: "Liste",
    customers: "Clients",
    services: "Prestations",
    team: "Équipe et horaires",
    settings: "Réglages",
  },
  dayOf: "{{view}}, {{date}}",
};
