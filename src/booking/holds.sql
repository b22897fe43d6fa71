-- holds.sql: tidying up after holds

create function clinic.expire_holds(clinic_id uuid default clinic.current_clinic()) returns integer
  language c volatile parallel unsafe cost 1000
  as 'MODULE_PATHNAME', 'expire_holds';
comment on function clinic.expire_holds(uuid) is
  'Housekeeping: frees the time of holds that have expired, cancels those that expired more than a day ago, and returns how many it freed. Staff only.';
