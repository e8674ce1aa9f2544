import { type Search, useRouter } from "@slotcast/ui/router";
import { parseDraft } from "../features/booking/draft";
import { TABS, type WalletView } from "../features/wallet/wallet";
import { WalletPage } from "../features/wallet/wallet-page";

export function MinePage() {
  const { place, navigate } = useRouter();
  return (
    <WalletPage
      view={parseView(place.search)}
      onView={(view, options) =>
        navigate({ search: { ...view }, replace: options?.replace ?? false, keepScroll: true })
      }
    />
  );
}

/** What makes no sense in the address is left out. */
function parseView(search: Search): WalletView {
  const { day, time } = parseDraft(search);
  const { booked: change } = parseDraft({ booked: search.change });
  const tab = TABS.find((name) => name === search.tab);
  return {
    ...(tab && { tab }),
    ...(change && { change, ...(day && { day }), ...(time && { time }) }),
  };
}
