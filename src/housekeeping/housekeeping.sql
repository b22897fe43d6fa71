-- housekeeping.sql: all that is to be done now and then, in one call

create function clinic.tick(clinic_id uuid default clinic.current_clinic())
  returns table (task text, done bigint)
  language c volatile parallel unsafe cost 10000 rows 4
  as 'MODULE_PATHNAME', 'tick';
comment on function clinic.tick(uuid) is
  'Housekeeping, all of it: goes on with series, frees the holds that have expired, and offers what is free to who waits; says how much of each it did. While one is under way another returns nothing, at once. Staff only.';
