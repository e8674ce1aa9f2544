import { getRouteApi, useNavigate } from "@tanstack/react-router";
import { TeamPage } from "../../features/settings";
import { useWorkplace } from "../workplace";

const route = getRouteApi("/team");

export function TeamRoute() {
  const { desk } = useWorkplace();
  const { member } = route.useSearch();
  const navigate = useNavigate();
  return (
    <TeamPage
      desk={desk}
      memberId={member}
      onMember={(id) => void navigate({ to: "/team", search: id ? { member: id } : {} })}
    />
  );
}
