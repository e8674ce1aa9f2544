/** The pages and their addresses, below /dashboard. Pages that are not the first one are loaded when they are asked for. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  retainSearchParams,
} from "@tanstack/react-router";
import { validateCalendarSearch } from "../features/calendar/search";
import { CalendarRoute } from "./calendar-route";
import { NotFound, PageBroken } from "./failures";
import { Root } from "./root";
import {
  parseSearch,
  stringifySearch,
  validateCustomersSearch,
  validateDashboardSearch,
  validateTeamSearch,
} from "./search";

const rootRoute = createRootRoute({
  validateSearch: validateDashboardSearch,
  search: { middlewares: [retainSearchParams(["workspace"])] },
  component: Root,
  notFoundComponent: NotFound,
});

const calendarRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/",
  validateSearch: validateCalendarSearch,
  component: CalendarRoute,
});

const customersRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/customers",
  validateSearch: validateCustomersSearch,
  component: lazyRouteComponent(() => import("./pages/customers"), "CustomersRoute"),
});

const customerRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/customers/$customerId",
  component: lazyRouteComponent(() => import("./pages/customer"), "CustomerRoute"),
});

const servicesRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/services",
  component: lazyRouteComponent(() => import("./pages/services"), "ServicesRoute"),
});

const teamRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/team",
  validateSearch: validateTeamSearch,
  component: lazyRouteComponent(() => import("./pages/team"), "TeamRoute"),
});

const settingsRoute = createRoute({
  getParentRoute: () => rootRoute,
  path: "/settings",
  component: lazyRouteComponent(() => import("./pages/settings"), "SettingsRoute"),
});

export const router = createRouter({
  routeTree: rootRoute.addChildren([
    calendarRoute,
    customersRoute,
    customerRoute,
    servicesRoute,
    teamRoute,
    settingsRoute,
  ]),
  basepath: "/dashboard",
  trailingSlash: "preserve",
  parseSearch,
  stringifySearch,
  defaultErrorComponent: PageBroken,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
