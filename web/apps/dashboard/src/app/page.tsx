/** The pages and their addresses. Those that are not the first one are loaded when they are asked for. */
import { addTexts, type Catalogs } from "@slotcast/ui";
import { Catch, lazyPage, useRouter } from "@slotcast/ui/router";
import { type ComponentType, Suspense } from "react";
import { customerTexts, settingsTexts } from "../locales/pages";
import { CalendarRoute } from "./calendar-route";
import { NotFound, PageBroken } from "./failures";

const PAGES: Readonly<Record<string, ComponentType>> = {
  "/": CalendarRoute,
  "/customers": pageWith(
    customerTexts,
    async () => (await import("./pages/customers")).CustomersRoute,
  ),
  "/services": pageWith(
    settingsTexts,
    async () => (await import("./pages/services")).ServicesRoute,
  ),
  "/team": pageWith(settingsTexts, async () => (await import("./pages/team")).TeamRoute),
  "/settings": pageWith(
    settingsTexts,
    async () => (await import("./pages/settings")).SettingsRoute,
  ),
};
const CustomerRoute = pageWith(
  customerTexts,
  async () => (await import("./pages/customer")).CustomerRoute,
);
const CUSTOMER = /^\/customers\/([^/]+)$/;

function pageWith<P extends object>(texts: Catalogs, load: () => Promise<ComponentType<P>>) {
  return lazyPage(async () => {
    const [page] = await Promise.all([load(), addTexts(texts)]);
    return page;
  });
}

/** The page that the address names. */
export function Page() {
  const { path } = useRouter().place;
  return (
    <Suspense>
      <Catch key={path} broken={<PageBroken />}>
        <PageAt path={path} />
      </Catch>
    </Suspense>
  );
}

function PageAt({ path }: { path: string }) {
  const customerId = CUSTOMER.exec(path)?.[1];
  if (customerId !== undefined) return <CustomerRoute customerId={customerId} />;
  const Named = Object.hasOwn(PAGES, path) ? PAGES[path] : undefined;
  return Named ? <Named /> : <NotFound />;
}
