// The same, kept live by the library: nothing missed while the phone slept, nothing twice.

import { useCustomerAppointments } from "@slotcast/realtime";

export function CustomerList({ customerId }: { customerId: string }) {
  const { appointments, error, resync } = useCustomerAppointments(customerId);

  return (
    <>
      {error && (
        <p role="alert">
          {error.message}{" "}
          <button type="button" onClick={() => void resync()}>
            Try again
          </button>
        </p>
      )}
      <ul aria-label="My appointments">
        {appointments.map(({ id, start_time, status }) => (
          <li key={id}>
            {new Date(start_time).toLocaleString()}: {status}
          </li>
        ))}
      </ul>
    </>
  );
}
