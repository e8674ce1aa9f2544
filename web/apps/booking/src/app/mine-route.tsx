import { getRouteApi } from "@tanstack/react-router";
import type { WalletView } from "../features/wallet/wallet";
import { WalletPage } from "../features/wallet/wallet-page";

const route = getRouteApi("/mine");

export function MineRoute() {
  const view: WalletView = route.useSearch();
  const navigate = route.useNavigate();
  return (
    <WalletPage
      view={view}
      onView={(next, options) =>
        void navigate({
          to: "/mine",
          search: { ...next },
          replace: options?.replace ?? false,
          resetScroll: false,
        })
      }
    />
  );
}
