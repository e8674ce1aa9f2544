import { useRouter } from "@slotcast/ui/router";
import { id } from "../../features/desk/search-values";
import { TeamPage } from "../../features/settings";
import { useWorkplace } from "../workplace";

export function TeamRoute() {
  const { desk } = useWorkplace();
  const { place, navigate } = useRouter();
  return (
    <TeamPage
      desk={desk}
      memberId={id(place.search.member)}
      onMember={(member) => navigate({ search: { member } })}
    />
  );
}
