/** What every feature of the dashboard works at: one workspace, seen by one person. */
import type { Service, TeamMember, Workspace } from "@slotcast/realtime";

export type Role = "owner" | "admin" | "staff" | "viewer";

export interface Desk {
  workspace: Workspace;
  role: Role;
  /** User id of whoever is signed in. */
  me: string;
  /** IANA zone in which times are shown. */
  zone: string;
  /** All, live, in their order. */
  members: readonly TeamMember[];
  /** All, live, inactive ones too. */
  services: readonly Service[];
}

/** Viewers only look. */
export function canWriteAppointments(role: Role): boolean {
  return role !== "viewer";
}

/** Settings belong to owners and admins. */
export function canWriteSettings(role: Role): boolean {
  return role === "owner" || role === "admin";
}
