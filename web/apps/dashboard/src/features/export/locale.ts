import type { SameTexts } from "@slotcast/ui";

export const en = {
  button: "Export CSV",
  done_one: "{{count}} appointment exported",
  done_other: "{{count}} appointments exported",
  column: {
    date: "Date",
    start: "Start",
    end: "End",
    timeZone: "Time zone",
    customer: "Customer",
    service: "Service",
    member: "Team member",
    status: "Status",
    price: "Price",
    currency: "Currency",
    notes: "Notes",
  },
  status: {
    pending: "Pending",
    confirmed: "Confirmed",
    completed: "Completed",
    cancelled: "Cancelled",
    no_show: "No-show",
  },
};

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
  status: {
    pending: "En attente",
    confirmed: "Confirmé",
    completed: "Terminé",
    cancelled: "Annulé",
    no_show: "Absent",
  },
};
