// The guide's subscriptions, under the name that it imports them by.
export {
  subscribeToCustomerAppointments,
  subscribeToTeamMemberAppointments,
  subscribeToWorkspaceAppointments,
} from "@slotcast/realtime";
