import type { SameTexts } from "@slotcast/ui";
import type { en } from "./en";

export const fr: SameTexts<typeof en> = {
  help: "Raccourcis clavier",
  singleKeys: "Raccourcis d’une seule touche",
  singleKeysHint: "Désactivez-les si vous dictez à votre ordinateur.",
  palette: "Aller à ou faire…",
  palettePlaceholder: "Une commande, une page ou le nom d’un client",
  results: "Suggestions",
  nothing: "Rien trouvé pour « {{query}} ».",
  found_one: "{{count}} suggestion",
  found_other: "{{count}} suggestions",
  customer: "Client",
  command: {
    create: "Nouveau rendez-vous",
    today: "Aller à aujourd’hui",
    previous: "Plus tôt",
    next: "Plus tard",
    day: "Vue du jour",
    week: "Vue de la semaine",
    month: "Vue du mois",
    agenda: "Liste",
    search: "Chercher un client",
    palette: "Aller à ou faire…",
    help: "Raccourcis clavier",
  },
  page: {
    calendar: "Calendrier",
    customers: "Clients",
    services: "Prestations",
    team: "Équipe et horaires",
    settings: "Réglages",
  },
};
