import { fireEvent, render, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";
import { Segments } from "./segments";

test("one of a few is chosen by click; arrow keys walk around them", () => {
  const onChange = vi.fn();
  const options = ["day", "week", "month"].map((value) => ({ value, label: value }));
  render(<Segments label="View" value="week" onChange={onChange} options={options} />);
  const [day, week, month] = screen.getAllByRole("radio");
  const press = (key: string) =>
    fireEvent.keyDown(document.activeElement ?? document.body, { key });
  expect([day, week, month].map((button) => button?.tabIndex)).toEqual([-1, 0, -1]);

  week?.focus();
  press("ArrowRight");
  expect(document.activeElement).toBe(month);
  press("ArrowDown");
  expect(document.activeElement).toBe(day);
  press("ArrowLeft");
  expect(document.activeElement).toBe(month);

  if (month) fireEvent.click(month);
  expect(onChange).toHaveBeenCalledExactlyOnceWith("month");
});
