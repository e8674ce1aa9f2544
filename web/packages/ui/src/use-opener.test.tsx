import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { Announcer } from "./components/announcer";
import { later } from "./later";
import { useOpener } from "./use-opener";

// Where one piece of code can't be loaded, the list of toasts can't either.
vi.mock("./components/toast-list", () => Promise.reject(new TypeError("Failed to fetch")));

afterEach(cleanup);

function renderWith(importCode: () => Promise<{ Menu: () => string }>) {
  const code = later(importCode);
  function Account() {
    const { opened, opener } = useOpener(code, "menu");
    return opened ? (
      <opened.Menu />
    ) : (
      <button type="button" {...opener}>
        Account
      </button>
    );
  }
  render(<Account />);
  return screen.getByText("Account");
}

const menu = { Menu: () => "the menu" };

test("what somebody points at is loaded, and opens with the press", async () => {
  const importCode = vi.fn(async () => menu);
  const button = renderWith(importCode);
  expect(importCode).not.toHaveBeenCalled();
  expect(button.getAttribute("aria-haspopup")).toBe("menu");

  await act(async () => void fireEvent.pointerEnter(button));
  expect(importCode).toHaveBeenCalledOnce();
  expect(document.body.textContent).toBe("Account");

  await act(async () => void fireEvent.keyDown(button, { key: "ArrowDown" }));
  expect(document.body.textContent).toBe("the menu");
});

test("what could not be loaded stays closed, and says so, until it is tried again", async () => {
  render(<Announcer />);
  const importCode = vi.fn(async () => menu);
  importCode.mockRejectedValueOnce(new TypeError("Failed to fetch"));
  const button = renderWith(importCode);

  await act(async () => void fireEvent.click(button));
  expect(button.isConnected).toBe(true);
  expect(button.getAttribute("aria-busy")).toBeNull();
  await vi.waitFor(() => {
    const alert = screen.getByRole("alert");
    expect(alert.textContent).toContain("We can't reach the server");
    expect(alert.className).not.toContain("sr-only");
  });

  await act(async () => void fireEvent.click(button));
  expect(document.body.textContent).toContain("the menu");
});
