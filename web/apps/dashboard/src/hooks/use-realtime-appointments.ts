// The guide's hooks, under the name that it imports them by.
export {
  useCustomerAppointments,
  useTeamMemberAppointments,
  useWorkspaceAppointments,
} from "@slotcast/realtime";
