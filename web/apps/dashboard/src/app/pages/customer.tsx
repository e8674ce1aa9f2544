import { useRouter } from "@slotcast/ui/router";
import { CustomerPage } from "../../features/customers";
import { useShowAppointment } from "../use-show-appointment";
import { useWorkplace } from "../workplace";

export function CustomerRoute({ customerId }: { customerId: string }) {
  const { desk } = useWorkplace();
  const { hrefOf, navigate } = useRouter();
  const show = useShowAppointment();
  return (
    <CustomerPage
      desk={desk}
      customerId={customerId}
      backHref={hrefOf({ to: "/customers" })}
      onBack={() => navigate({ to: "/customers" })}
      onShow={show}
    />
  );
}
