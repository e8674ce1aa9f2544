import { Button, EmptyState } from "@slotcast/ui";
import {
  createRootRoute,
  createRoute,
  createRouter,
  Link,
  lazyRouteComponent,
} from "@tanstack/react-router";
import { MapPinOff } from "lucide-react";
import { BookingPage } from "../features/booking/booking-page";
import { type Draft, parseDraft } from "../features/booking/draft";
import { ShopsPage } from "../features/shop/shops-page";
import { TABS, type WalletView } from "../features/wallet/wallet";
import { useTexts } from "../texts";
import { ErrorPage } from "./error-page";
import { Shell } from "./shell";

const rootRoute = createRootRoute({ component: Shell, notFoundComponent: NotFound });

const shopsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  component: ShopsPage,
});

const shopRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/$slug",
  validateSearch: (search): Draft => parseDraft(search),
  component: ShopRoute,
});

const mineRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/mine",
  validateSearch: parseView,
  component: lazyRouteComponent(() => import("./mine-route"), "MineRoute"),
});

function ShopRoute() {
  const { slug } = shopRoute.useParams();
  const draft = shopRoute.useSearch();
  const navigate = shopRoute.useNavigate();
  return (
    <BookingPage
      key={slug}
      slug={slug}
      draft={draft}
      onDraft={(next, options) =>
        void navigate({
          search: next,
          replace: options?.replace ?? false,
          resetScroll: !options?.replace,
        })
      }
    />
  );
}

/** What makes no sense in the address is left out. */
function parseView(search: Record<string, unknown>): WalletView {
  const { day, time } = parseDraft(search);
  const { booked: change } = parseDraft({ booked: search.change });
  const tab = TABS.find((name) => name === search.tab);
  return {
    ...(tab && { tab }),
    ...(change && { change, ...(day && { day }), ...(time && { time }) }),
  };
}

function NotFound() {
  const t = useTexts();
  return (
    <EmptyState
      icon={MapPinOff}
      heading="h1"
      title={t("notFound")}
      action={
        <Button asChild size="lg">
          <Link to="/">{t("shop.all")}</Link>
        </Button>
      }
    />
  );
}

export const router = createRouter({
  routeTree: rootRoute.addChildren([shopsRoute, mineRoute, shopRoute]),
  basepath: "/book",
  defaultErrorComponent: () => <ErrorPage reason="broken" />,
  trailingSlash: "preserve",
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
