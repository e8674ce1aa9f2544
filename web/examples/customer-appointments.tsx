// What a customer has booked, kept by the component itself: the handlers alone are enough.

import { type Appointment, useCustomerAppointments, useSupabase } from "@slotcast/realtime";
import { useEffect, useState } from "react";

export function CustomerAppointments({ customerId }: { customerId: string }) {
  const supabase = useSupabase();
  const [appointments, setAppointments] = useState<Appointment[]>([]);

  useEffect(() => {
    let isCurrent = true;
    void supabase
      .from("appointments")
      .select("*")
      .eq("customer_id", customerId)
      .order("start_time")
      .then(({ data }) => {
        if (isCurrent) setAppointments(data ?? []);
      });
    return () => {
      isCurrent = false;
    };
  }, [supabase, customerId]);

  useCustomerAppointments(customerId, {
    onInsert: (payload) => {
      setAppointments((current) => [...current, payload.new]);
    },
    onUpdate: (payload) => {
      setAppointments((current) =>
        current.map((appointment) =>
          appointment.id === payload.new.id ? payload.new : appointment,
        ),
      );
    },
    onDelete: (payload) => {
      setAppointments((current) =>
        current.filter((appointment) => appointment.id !== payload.old.id),
      );
    },
  });

  return (
    <ul aria-label="My appointments">
      {appointments.map((appointment) => (
        <li key={appointment.id}>
          {new Date(appointment.start_time).toLocaleString()}: {appointment.status}
        </li>
      ))}
    </ul>
  );
}
