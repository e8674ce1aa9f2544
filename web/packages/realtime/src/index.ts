/** Live rows of a Supabase project or a Slotcast server, for React and without it. */

export type { Connection, ConnectionState } from "./connection";
export type { ChannelListener, ChannelStatus, Source } from "./counted-channel";
export * from "./database";
export { LiveError } from "./errors";
export {
  RealtimeProvider,
  type RealtimeProviderProps,
  useConnection,
  useHub,
  useSupabase,
} from "./hooks/context";
export { type LiveRows, type LiveTableSpec, useLiveTable } from "./hooks/use-live-table";
export {
  type AppointmentsOptions,
  type LiveAppointments,
  useCustomerAppointments,
  useTeamMemberAppointments,
  useWorkspaceAppointments,
} from "./hooks/use-realtime-appointments";
export { createHub, type Hub, type HubOptions, hubOf } from "./hub";
export {
  type AppointmentHandlers,
  setSupabaseClient,
  subscribeToCustomerAppointments,
  subscribeToTeamMemberAppointments,
  subscribeToWorkspaceAppointments,
} from "./lib/realtime";
export type { LiveState, LiveView, ViewSpec } from "./live-view";
export type { FinalOutcome, Mutate, Outcome, WriteOptions } from "./mutations";
export { isMine, newMutationId } from "./own-changes";
export type { Order, Range } from "./reader";
export type {
  AnyRow,
  Change,
  ChangeHandlers,
  LiveRow,
  Pending,
  RowDeleted,
  RowInserted,
  RowUpdated,
} from "./rows";
export { uuid } from "./uuid";
