import { Button, EmptyState } from "@slotcast/ui";
import { Catch, Link, lazyPage, Router, useRouter } from "@slotcast/ui/router";
import { MapPinOff } from "lucide-react";
import { Suspense } from "react";
import { BookingPage } from "../features/booking/booking-page";
import { parseDraft } from "../features/booking/draft";
import { ShopsPage } from "../features/shop/shops-page";
import { useTexts } from "../texts";
import { ErrorPage } from "./error-page";
import { Shell } from "./shell";

const MinePage = lazyPage(async () => (await import("./mine-page")).MinePage);

/** The pages and their addresses: all shops, one of them, and what a customer has booked. */
export function App() {
  return (
    <Router base="/book">
      <Catch broken={<ErrorPage reason="broken" />}>
        <Shell>
          <Page />
        </Shell>
      </Catch>
    </Router>
  );
}

function Page() {
  const { path } = useRouter().place;
  return (
    <Suspense>
      <Catch key={path} broken={<ErrorPage reason="broken" />}>
        <PageAt path={path} />
      </Catch>
    </Suspense>
  );
}

function PageAt({ path }: { path: string }) {
  if (path === "/") return <ShopsPage />;
  if (path === "/mine") return <MinePage />;
  const slug = path.slice(1);
  return slug.includes("/") ? <NotFound /> : <ShopPage key={slug} slug={slug} />;
}

function ShopPage({ slug }: { slug: string }) {
  const { place, navigate } = useRouter();
  return (
    <BookingPage
      slug={slug}
      draft={parseDraft(place.search)}
      onDraft={(draft, options) => {
        const replace = options?.replace ?? false;
        navigate({ search: { ...draft }, replace, keepScroll: replace });
      }}
    />
  );
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
