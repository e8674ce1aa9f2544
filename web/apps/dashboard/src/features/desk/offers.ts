/** A team member does a service. */
export interface ServiceOffer {
  team_member_id: string;
  service_id: string;
}
