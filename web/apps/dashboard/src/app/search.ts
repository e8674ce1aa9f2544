/** What every page of the dashboard keeps in its address. */
import { matching, withoutUndefined } from "../features/desk/search-values";

const SLUG = /^[a-z0-9][a-z0-9-]{1,62}$/;

export interface DashboardSearch {
  /** Slug of the workspace; absent: the one used last. */
  workspace?: string;
}

export function validateDashboardSearch(raw: Record<string, unknown>): DashboardSearch {
  return withoutUndefined({ workspace: matching(SLUG, raw.workspace) });
}
