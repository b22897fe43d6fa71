-- find_chain.sql: visits one after another, and visits with several providers

create function clinic.find_chain_support(internal) returns internal
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'find_chain_support';
comment on function clinic.find_chain_support(internal) is
  'Tells the planner how many rows clinic.find_chain() returns, and at what cost.';

create function clinic.find_chain(
  services uuid[],
  max_gap interval,
  during tstzrange,
  max_results integer default 10,
  same_provider boolean default null,
  providers uuid[] default null,
  clinic_id uuid default clinic.current_clinic()
) returns table (chain integer, step integer, service_id uuid, provider_id uuid, slot tstzrange)
  language c stable parallel restricted cost 10000 rows 30
  support clinic.find_chain_support
  as 'MODULE_PATHNAME', 'find_chain';
comment on function clinic.find_chain(uuid[], interval, tstzrange, integer, boolean, uuid[], uuid) is
  'The first chains of visits (max_results null: all), one for each of these services in order, that may be booked together, each at most max_gap after the one before; a row for each visit.';

create function clinic.find_panel_support(internal) returns internal
  language c immutable strict parallel safe
  as 'MODULE_PATHNAME', 'find_panel_support';
comment on function clinic.find_panel_support(internal) is
  'Tells the planner how many rows clinic.find_panel() returns, and at what cost.';

create function clinic.find_panel(
  service_id uuid,
  during tstzrange,
  max_results integer default 10,
  providers uuid[] default null,
  panel_size integer default null,
  duration interval default null,
  clinic_id uuid default clinic.current_clinic()
) returns table (slot tstzrange, panel uuid[])
  language c stable parallel restricted cost 10000 rows 10
  support clinic.find_panel_support
  as 'MODULE_PATHNAME', 'find_panel';
comment on function clinic.find_panel(uuid, tstzrange, integer, uuid[], integer, interval, uuid) is
  'The first starts (max_results null: all) at which so many providers are free at once for a visit, earliest first, with the first of them by code; the first is to be its provider, the others resource_ids.';
