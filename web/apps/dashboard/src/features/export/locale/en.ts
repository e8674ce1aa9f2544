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
};
