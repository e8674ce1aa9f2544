import { useRouter } from "@slotcast/ui/router";
import { CustomersPage } from "../../features/customers";
import { useWorkplace } from "../workplace";

export function CustomersRoute() {
  const { desk } = useWorkplace();
  const { place, hrefOf, navigate } = useRouter();
  const customer = (id: string) => ({ to: `/customers/${id}` });
  return (
    <CustomersPage
      desk={desk}
      query={place.search.q ?? ""}
      onQuery={(q) => navigate({ search: { q }, replace: true, keepScroll: true })}
      customerHref={(id) => hrefOf(customer(id))}
      onOpen={(id) => navigate(customer(id))}
    />
  );
}
