import { getRouteApi, useNavigate, useRouter } from "@tanstack/react-router";
import { CustomersPage } from "../../features/customers";
import { useWorkplace } from "../workplace";

const route = getRouteApi("/customers");

export function CustomersRoute() {
  const { desk } = useWorkplace();
  const { q = "" } = route.useSearch();
  const navigate = useNavigate();
  const router = useRouter();
  const place = (customerId: string) =>
    ({ to: "/customers/$customerId", params: { customerId } }) as const;
  return (
    <CustomersPage
      desk={desk}
      query={q}
      onQuery={(next) =>
        void navigate({ to: "/customers", search: next ? { q: next } : {}, replace: true })
      }
      customerHref={(id) => router.buildLocation(place(id)).href}
      onOpen={(id) => void navigate(place(id))}
    />
  );
}
