import type { SameTexts } from "@slotcast/ui";

export const en = {
  looking_one: "{{names}} is looking",
  looking_other: "{{names}} are looking",
  title: "Also here",
  place: {
    day: "Day",
    week: "Week",
    month: "Month",
    agenda: "Agenda",
    customers: "Customers",
    services: "Services",
    team: "Team and hours",
    settings: "Settings",
  },
  dayOf: "{{view}}, {{date}}",
};

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
