import type { SameTexts } from "@slotcast/ui";
import type { en } from "./en";

export const fr: SameTexts<typeof en> = {
  button: "Exporter en CSV",
  done_one: "{{count}} rendez-vous exporté",
  done_other: "{{count}} rendez-vous exportés",
  column: {
    date: "Date",
    start: "Début",
    end: "Fin",
    timeZone: "Fuseau horaire",
    customer: "Client",
    service: "Prestation",
    member: "Membre de l’équipe",
    status: "Statut",
    price: "Prix",
    currency: "Devise",
    notes: "Notes",
  },
};
