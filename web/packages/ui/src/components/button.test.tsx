import { fireEvent, render, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { Button } from "./button";

test("a busy button keeps its focus and does nothing again", () => {
  const onClick = vi.fn();
  const { rerender } = render(<Button onClick={onClick}>Book</Button>);
  const button = screen.getByRole("button", { name: "Book" });
  button.focus();
  fireEvent.click(button);

  rerender(
    <Button onClick={onClick} busy>
      Book
    </Button>,
  );
  fireEvent.click(button);

  expect(onClick).toHaveBeenCalledTimes(1);
  expect(document.activeElement).toBe(button);
  expect(button.getAttribute("aria-disabled")).toBe("true");
});
