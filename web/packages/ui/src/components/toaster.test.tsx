import { act, render, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { Toaster, toast } from "./toaster";

test("what is told before the list of toasts has been loaded is shown once it is", async () => {
  render(<Toaster />);
  expect(screen.queryByRole("region")).toBeNull();
  const first = toast("One change");
  toast("Moved to 11:00", { id: "appointment" });
  toast("Moved to 12:00", { id: "appointment" });
  toast.dismiss(first);

  await screen.findByText("Moved to 12:00");
  expect(screen.getAllByRole("listitem")).toHaveLength(1);

  act(() => void toast("Saved"));
  await screen.findByText("Saved");

  act(() => toast.dismiss("appointment"));
  await vi.waitFor(() => expect(screen.getAllByRole("listitem")).toHaveLength(1));
});
