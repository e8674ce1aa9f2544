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
