import { type TeamMemberService, useLiveTable, useSupabase } from "@slotcast/realtime";
import type { Desk } from "../desk/desk";

/** Who gives which service; live. */
export function useOffers({ workspace }: Desk) {
  const { rows, isLoading } = useLiveTable<TeamMemberService>({
    table: "team_member_services",
    filter: `workspace_id=eq.${workspace.id}`,
    key: ["team_member_id", "service_id"],
  });
  return { offers: rows, isLoading };
}

/** Makes the writes that turn one set of offers into another. */
export function useOfferWrites(workspaceId: string) {
  const client = useSupabase();
  return function writes(
    before: readonly TeamMemberService[],
    after: readonly Pick<TeamMemberService, "team_member_id" | "service_id">[],
  ) {
    const isIn = (
      offers: readonly Pick<TeamMemberService, "team_member_id" | "service_id">[],
      one: Pick<TeamMemberService, "team_member_id" | "service_id">,
    ) =>
      offers.some(
        (other) =>
          other.team_member_id === one.team_member_id && other.service_id === one.service_id,
      );
    const added = after
      .filter((one) => !isIn(before, one))
      .map((one) => ({ ...one, workspace_id: workspaceId }));
    const removed = before.filter((one) => !isIn(after, one));
    return [
      ...(added.length > 0
        ? [() => client.from("team_member_services").insert(added).select()]
        : []),
      ...removed.map(
        (one) => () =>
          client
            .from("team_member_services")
            .delete()
            .eq("team_member_id", one.team_member_id)
            .eq("service_id", one.service_id)
            .select(),
      ),
    ];
  };
}
