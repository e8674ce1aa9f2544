import { getRouteApi, useNavigate, useRouter } from "@tanstack/react-router";
import { CustomerPage } from "../../features/customers";
import { useShowAppointment } from "../use-show-appointment";
import { useWorkplace } from "../workplace";

const route = getRouteApi("/customers/$customerId");

export function CustomerRoute() {
  const { desk } = useWorkplace();
  const { customerId } = route.useParams();
  const navigate = useNavigate();
  const router = useRouter();
  const show = useShowAppointment();
  return (
    <CustomerPage
      desk={desk}
      customerId={customerId}
      backHref={router.buildLocation({ to: "/customers" }).href}
      onBack={() => void navigate({ to: "/customers" })}
      onShow={show}
    />
  );
}
