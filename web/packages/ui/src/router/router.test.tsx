import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { type ComponentType, Suspense } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Catch, Link, lazyPage, Router, useRouter } from ".";

beforeEach(() => history.replaceState(null, "", "/app/"));
afterEach(cleanup);

function Where() {
  const { path, search } = useRouter().place;
  return <p>{`${path} ${JSON.stringify(search)}`}</p>;
}

function renderAt(address: string, content: React.ReactNode = <Where />) {
  history.replaceState(null, "", address);
  return render(
    <Router base="/app" keeps={["shop"]}>
      <Link to="/">Home</Link>
      <Link to="/people">People</Link>
      <Link search={{ tab: "past", ids: ["a", "b"] }}>Past</Link>
      {content}
    </Router>,
  );
}

async function goBack() {
  await act(async () => {
    const back = new Promise((resolve) => addEventListener("popstate", resolve, { once: true }));
    history.back();
    dispatchEvent(new PopStateEvent("popstate"));
    await back;
  });
}

test("the address says which page it is, and what is looked at there", () => {
  renderAt("/app/people/7/?q=x,y");

  screen.getByText('/people/7 {"q":"x,y"}');
});

test("a link leads to its page, and takes along what all of them keep", () => {
  renderAt("/app/?shop=salon&tab=past");

  fireEvent.click(screen.getByText("People"));

  expect(location.pathname + location.search).toBe("/app/people?shop=salon");
  screen.getByText('/people {"shop":"salon"}');
});

test("a link without a page stays on the one that is shown", () => {
  renderAt("/app/people");

  expect(screen.getByText("Past").getAttribute("href")).toBe("/app/people?tab=past&ids=a,b");
});

test("only links to the page that is shown, or to one above it, are current", () => {
  renderAt("/app/people/7");

  expect(screen.getByText("People").getAttribute("aria-current")).toBe("page");
  expect(screen.getByText("Home").getAttribute("aria-current")).toBeNull();
  expect(screen.getByText("Past").getAttribute("aria-current")).toBeNull();
});

test("a click with a key held down is left to the browser", () => {
  renderAt("/app/");

  const isLeftAlone = fireEvent.click(screen.getByText("People"), { ctrlKey: true });

  expect(isLeftAlone).toBe(true);
  screen.getByText("/ {}");
});

test.each([{ target: "_blank" }, { download: "people.html" }])(
  "a click on a link with %o is left to the browser",
  (props) => {
    renderAt(
      "/app/",
      <Link to="/people" {...props}>
        All of them
      </Link>,
    );

    let isLeftAlone: boolean | undefined;
    function hear(event: Event) {
      isLeftAlone = !event.defaultPrevented;
      event.preventDefault();
    }
    addEventListener("click", hear, { once: true });

    fireEvent.click(screen.getByText("All of them"));

    expect(isLeftAlone).toBe(true);
    expect(location.pathname).toBe("/app/");
  },
);

test("a step can change what is there, and take the place of where one was", () => {
  const steps = history.length;
  function Next() {
    const { navigate } = useRouter();
    const search = (before: Readonly<Record<string, string>>) => ({ ...before, q: "x", tab: "" });
    return (
      <button type="button" onClick={() => navigate({ search, replace: true })}>
        Next
      </button>
    );
  }
  renderAt("/app/people?tab=past&day=1", <Next />);

  fireEvent.click(screen.getByText("Next"));

  expect(location.pathname + location.search).toBe("/app/people?day=1&q=x");
  expect(history.length).toBe(steps);
});

test("who goes on begins at the top, who stays or comes back does not", async () => {
  const scroll = vi.spyOn(window, "scrollTo").mockImplementation(() => undefined);
  function Stay() {
    const { navigate } = useRouter();
    return (
      <button type="button" onClick={() => navigate({ search: { a: "1" }, keepScroll: true })}>
        Stay
      </button>
    );
  }
  renderAt("/app/", <Stay />);

  fireEvent.click(screen.getByText("Stay"));
  await goBack();
  expect(scroll).not.toHaveBeenCalled();

  fireEvent.click(screen.getByText("People"));
  expect(scroll).toHaveBeenCalledWith(0, 0);
});

test("the old page stays until the next one has been loaded", async () => {
  let loaded: (page: ComponentType) => void = () => undefined;
  const Lazy = lazyPage(() => new Promise<ComponentType>((resolve) => (loaded = resolve)));
  function Page() {
    const { path } = useRouter().place;
    return <Suspense fallback="nothing">{path === "/people" ? <Lazy /> : "old page"}</Suspense>;
  }
  renderAt("/app/", <Page />);

  fireEvent.click(screen.getByText("People"));
  await act(async () => undefined);
  expect(document.body.textContent).toContain("old page");

  await act(async () => loaded(() => "new page"));
  expect(document.body.textContent).toContain("new page");
});

test("a page whose code is gone loads the app anew, but only once", async () => {
  vi.spyOn(console, "error").mockImplementation(() => undefined);
  const reload = vi.spyOn(location, "reload").mockImplementation(() => undefined);
  async function visit() {
    const Gone = lazyPage(() => Promise.reject(new TypeError("no such file")));
    renderAt(
      "/app/",
      <Catch broken="broken">
        <Suspense>
          <Gone />
        </Suspense>
      </Catch>,
    );
    await act(async () => undefined);
    expect(document.body.textContent).toContain("broken");
    cleanup();
  }

  await visit();
  await visit();

  expect(reload).toHaveBeenCalledOnce();
});
