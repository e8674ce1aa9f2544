export const en = {
  title: "Today",
  count_one: "{{count}} appointment",
  count_other: "{{count}} appointments",
  next: "Next {{time}}",
  nextOf: "Next {{time}}: {{customer}}",
  none: "Nothing more today",
  toConfirm_one: "{{count}} to confirm in all",
  toConfirm_other: "{{count}} to confirm in all",
  noShow: "{{percent}} missed in 90 days",
};
